"""The opcodes of a pickle stream, one by one, with as much of their arguments as names need.

The table of opcodes is the standard library's. Its own reader takes arguments of any size into memory, and refuses some
streams that `pickle` reads (names that are not ASCII): a stream could hide behind either.
"""

from __future__ import annotations

import pickletools
from codecs import escape_decode
from collections.abc import Iterator
from typing import Any, BinaryIO

from fitprint._core.isolation import no_warnings_in_context

MOST_OPCODES = 5_000_000
LONGEST_TEXT = 500
"""No name is longer; of longer texts, as of all binary data, the content is passed over."""

_BLOCK = 1 << 20
_LENGTHS = {
    pickletools.TAKEN_FROM_ARGUMENT1: 1,
    pickletools.TAKEN_FROM_ARGUMENT4: 4,
    pickletools.TAKEN_FROM_ARGUMENT4U: 4,
    pickletools.TAKEN_FROM_ARGUMENT8U: 8,
}
_OPCODES = {each.code.encode("latin-1"): each for each in pickletools.opcodes}
_TEXTS = frozenset({"BINUNICODE", "BINUNICODE8", "BINSTRING", "SHORT_BINSTRING", "SHORT_BINUNICODE"})
_NAME_PAIRS = frozenset({"GLOBAL", "INST"})
_NUMBERS = frozenset({"GET", "PUT"})


class BrokenStream(Exception):
    """A stream is no pickle from here on, or is too large to be read; the message is a part of one line."""


def opcodes(file: BinaryIO, budget: Iterator[int]) -> Iterator[tuple[Any, Any]]:
    """(opcode, argument) up to and including STOP; of the budget one for each.

    The argument is a text, a number, two names for those that name a class in the stream, or None where it is too
    long or says nothing. Raises BrokenStream.
    """
    for _ in budget:
        code = file.read(1)
        found = _OPCODES.get(code)
        if found is None:
            raise BrokenStream("it ends before its end" if not code else f"0x{code.hex()} is no opcode")
        yield found, None if found.arg is None else _argument(file, found.name, found.arg.n)
        if found.name == "STOP":
            return
    raise BrokenStream(f"it has more than {MOST_OPCODES:,} opcodes, and the rest was not read")


def _argument(file: BinaryIO, name: str, size: int) -> Any:
    if size >= 0:
        return int.from_bytes(_exactly(file, size), "little")
    if size == pickletools.UP_TO_NEWLINE:
        if name in _NAME_PAIRS:
            return _text(_line(file)), _text(_line(file))
        return _of_line(name, _line(file))
    length = int.from_bytes(_exactly(file, _LENGTHS[size]), "little")
    if name not in _TEXTS or length > LONGEST_TEXT:
        _pass_over(file, length)
        return None
    return _text(_exactly(file, length))


def _of_line(name: str, line: bytes | None) -> Any:
    if line is None:
        return None
    try:
        if name in _NUMBERS:
            return int(line)
        if name == "UNICODE":
            return line.decode("raw-unicode-escape")
        if name == "STRING":
            with no_warnings_in_context():  # of escapes that Python will know no more
                return escape_decode(line.strip()[1:-1])[0].decode("latin-1")
    except ValueError:
        raise BrokenStream(f"the argument of {name} cannot be read") from None
    return None


def _text(data: bytes | None) -> str | None:
    return None if data is None else data.decode("utf-8", "backslashreplace")


def _exactly(file: BinaryIO, size: int) -> bytes:
    found = file.read(size)
    if len(found) < size:
        raise BrokenStream("it ends before its end")
    return found


def _pass_over(file: BinaryIO, size: int) -> None:
    while size:
        size -= len(_exactly(file, min(size, _BLOCK)))


def _line(file: BinaryIO) -> bytes | None:
    """A line without its end; None for one that is too long to be a name."""
    found = file.readline(LONGEST_TEXT + 1)
    if found.endswith(b"\n"):
        return found[:-1]
    while found and not found.endswith(b"\n"):
        found = file.readline(_BLOCK)
    if not found:
        raise BrokenStream("it ends before its end")
    return None
