"""The opcodes of a pickle stream, one by one, with those parts of their arguments that names are made of.

The table of opcodes is the standard library's. Its own reader loads arguments of any size into memory, and refuses some
streams that `pickle` reads (names that are not ASCII), so that a stream could hide from it.
"""

from __future__ import annotations

import io
import itertools
import pickletools
from codecs import escape_decode
from collections.abc import Iterator
from typing import Any, BinaryIO

from fitprint._core.isolation import no_warnings_in_context
from fitprint.models.streams.limits import BrokenStream, Budget

LONGEST_TEXT = 500
"""No name is longer; the content of longer strings, and of all binary data, is skipped."""

_LONGEST_LINE = 100_000_000
_LARGEST_FILE = 1 << 62
_BLOCK = 1 << 20
_COUNTED_AT_ONCE = 1024
_LENGTHS = {
    pickletools.TAKEN_FROM_ARGUMENT1: 1,
    pickletools.TAKEN_FROM_ARGUMENT4: 4,
    pickletools.TAKEN_FROM_ARGUMENT4U: 4,
    pickletools.TAKEN_FROM_ARGUMENT8U: 8,
}
_OPCODES = {opcode.code.encode("latin-1"): opcode for opcode in pickletools.opcodes}
_TEXTS = frozenset({"BINUNICODE", "BINUNICODE8", "BINSTRING", "SHORT_BINSTRING", "SHORT_BINUNICODE"})
_NAME_PAIRS = frozenset({"GLOBAL", "INST"})
_NUMBERS = frozenset({"GET", "PUT"})


def opcodes(file: BinaryIO, budget: Budget) -> Iterator[tuple[Any, Any]]:
    """Yield (opcode, argument) up to and including STOP.

    The argument is a string, a number, two names for opcodes that name a class in the stream, or None if it is too long
    or does not matter.

    Raises:
        BrokenStream: The stream breaks off, or the budget is used up.
    """
    budget.read_opcodes(1)
    argument: Any
    in_frame, crosses = 0, False  # the bytes that are left of the frame, and whether an opcode goes beyond its end
    for position in itertools.count(1):
        if position % _COUNTED_AT_ONCE == 0:
            budget.read_opcodes(_COUNTED_AT_ONCE)
        code = file.read(1)
        opcode = _OPCODES.get(code)
        if opcode is None:
            raise BrokenStream("it is cut off" if not code else f"0x{code.hex()} is not an opcode")
        argument, size = _argument(file, opcode.name, opcode.arg.n) if opcode.arg is not None else (None, 0)
        yield opcode, argument
        is_frame = opcode.name == "FRAME"
        if in_frame:
            in_frame -= 1 + size
            crosses |= in_frame < 0 or (is_frame and in_frame > 0)
        if is_frame or in_frame < 0:
            in_frame = argument if is_frame else 0
        if opcode.name == "STOP":
            budget.read_opcodes(position % _COUNTED_AT_ONCE)
            break
    if crosses:  # Python's unpicklers differ in how they go on there: https://github.com/python/cpython/issues/154848
        raise BrokenStream("a frame does not hold whole opcodes, so that it can be read in two ways")


def _argument(file: BinaryIO, name: str, size: int) -> tuple[Any, int]:
    """Return an argument, and how many bytes it takes in the stream."""
    if size >= 0:
        return int.from_bytes(_exactly(file, size), "little"), size
    if size == pickletools.UP_TO_NEWLINE:
        line, length = _line(file)
        if name not in _NAME_PAIRS:
            return _of_line(name, line), length
        second, its_length = _line(file)
        return (_text(line), _text(second)), length + its_length
    size = _LENGTHS[size]
    length = int.from_bytes(_exactly(file, size), "little")
    if name not in _TEXTS or length > LONGEST_TEXT:
        _pass_over(file, length)
        return None, size + length
    return _text(_exactly(file, length)), size + length


def _of_line(name: str, line: bytes | None) -> Any:
    if line is None:
        return None
    try:
        if name in _NUMBERS:
            return int(line)
        if name == "UNICODE":
            return line.decode("raw-unicode-escape")
        if name == "STRING":
            with no_warnings_in_context():  # about escapes that a later Python will refuse
                return escape_decode(line.strip()[1:-1])[0].decode("latin-1")
    except ValueError:
        raise BrokenStream(f"the argument of {name} cannot be read") from None
    return None


def _text(data: bytes | None) -> str | None:
    return None if data is None else data.decode("utf-8", "backslashreplace")


def _exactly(file: BinaryIO, size: int) -> bytes:
    data = file.read(size)
    if len(data) < size:
        raise BrokenStream("it is cut off")
    return data


def _pass_over(file: BinaryIO, size: int) -> None:
    if size > _LARGEST_FILE:
        raise BrokenStream("it is cut off")
    if size > _BLOCK and file.seekable():
        file.seek(size, io.SEEK_CUR)  # beyond the end of the file, the next opcode is missing
        return
    while size:
        size -= len(_exactly(file, min(size, _BLOCK)))


def _line(file: BinaryIO) -> tuple[bytes | None, int]:
    """Return a line without its end, or None if it is too long to be a name, and how many bytes it takes."""
    line = file.readline(LONGEST_TEXT + 1)
    length = len(line)
    if line.endswith(b"\n"):
        return line[:-1], length
    while line and not line.endswith(b"\n"):
        line = file.readline(_BLOCK)
        length += len(line)
        if length > _LONGEST_LINE:
            raise BrokenStream(f"a line has more than {_LONGEST_LINE:,} bytes: do not trust it")
    if not line:
        raise BrokenStream("it is cut off")
    return None, length
