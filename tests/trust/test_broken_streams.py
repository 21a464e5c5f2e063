"""Streams that are broken, hostile, endless or huge: as much as can be read of them, and one clear line."""

from __future__ import annotations

import collections
import io
import pickle
import struct

import hypothesis
import hypothesis.strategies as st
import pytest

from fitprint.models.streams import limits, opcodes
from fitprint.models.streams import names as reading
from fitprint.models.streams.names import names_of


def found(stream):
    return names_of(io.BufferedReader(io.BytesIO(stream)))


BROKEN = {
    "empty": (b"", "it is cut off"),
    "cut off": (pickle.dumps([1, "a", collections.deque()])[:-5], "it is cut off"),
    "cut in an argument": (b"\x80\x04X\xff\xff\xff\x7fabc", "it is cut off"),
    "eight gigabytes": (b"\x80\x04\x8e" + struct.pack("<Q", 1 << 63) + b"abc", "it is cut off"),
    "no opcode": (b"\x80\x04\xff.", "0xff is not an opcode"),
    "nothing on the stack": (b"\x80\x04R.", "REDUCE finds no value on the stack"),
    "no mark": (b"\x80\x04t.", "TUPLE finds no value on the stack"),
    "nothing kept": (b"\x80\x04h\5.", "BINGET finds no value on the stack"),
    "no number": (b"gabc\n.", "the argument of GET cannot be read"),
    "data after it": (b"\x80\x04N.abc", "other data follows the pickle"),
}


@pytest.mark.parametrize(("stream", "problem"), BROKEN.values(), ids=BROKEN)
def test_a_broken_stream_is_told(stream, problem):
    assert found(stream).problem == problem


def framed(size, stream):
    return b"\x80\x04\x95" + struct.pack("<Q", size) + stream + b"."


ACROSS_A_FRAME = {
    "counted bytes": framed(2, b"B\x07\x01\x00\x00" + b"\0\0" + b"cos\nsystem\n".ljust(261, b"N")),
    "a short text": framed(3, b"\x8c\x14" + b"a" * 20),
    "a number": framed(2, b"J\7\0\0\0"),
    "a line": framed(5, b"Vhello world\n"),
    "a module": framed(2, b"cos\nsystem\n"),
    "a name": framed(7, b"cos\nsystem\n"),
    "a long line": framed(600, b"V" + b"a" * 700 + b"\n"),
    "another frame": framed(30, b"N\x95" + struct.pack("<Q", 2) + b"N"),
}


@pytest.mark.parametrize("stream", ACROSS_A_FRAME.values(), ids=ACROSS_A_FRAME)
def test_a_frame_that_unpicklers_read_in_two_ways_is_told(stream):
    assert found(stream).problem == "a frame does not hold whole opcodes, so that it can be read in two ways"


@pytest.mark.parametrize("protocol", [4, 5])
def test_frames_as_python_writes_them_are_read(protocol):
    for value in (b"x" * 100_000, [1, "y" * 100_000, b"z" * 100_000, 2], [*range(100_000)], {"a": [b"", {}]}):
        for stream in (pickle.dumps(value, protocol), pickle._dumps(value, protocol)):
            assert not found(stream).problem
    assert not found(framed(0, b"N")).problem


def test_what_was_named_before_a_stream_breaks_is_kept():
    assert [str(name) for name in found(b"\x80\x04cos\nsystem\n\xff").named] == ["os.system"]
    assert [str(name) for name in found(b"\x80\x04cos\nsystem\n(S'true'\ntR").named] == ["os.system"]
    assert [str(name) for name in found(ACROSS_A_FRAME["a name"]).named] == ["os.system"]


def test_an_endless_stream_is_read_so_far(monkeypatch):
    monkeypatch.setattr(limits, "MOST_OPCODES", 3000)
    read = found(b"cos\nsystem\n" + b"N0" * 5000 + b".")
    assert [str(name) for name in read.named] == ["os.system"]
    assert read.problem == "the rest was not read: more than 3,000 opcodes are in its pickles"
    assert "opcodes" in found(b"\x80\x04N." * 2000).problem


def test_a_stream_of_endless_names_is_read_so_far(monkeypatch):
    monkeypatch.setattr(limits, "MOST_NAMES", 10)
    read = found(b"".join(b"cm\nn%d\n" % n for n in range(100)))
    assert len(read.named) == 10
    assert read.problem == "the rest was not read: more than 10 classes and functions are named in it"


GROWING = {
    "values": b"N",
    "marks": b"(",
    "kept values": b"N\x94",
    "texts": b"\x8c\xff" + b"a" * 255,
}


@pytest.mark.parametrize("part", GROWING.values(), ids=GROWING)
def test_a_stream_that_would_fill_the_memory_is_read_so_far(part, monkeypatch):
    monkeypatch.setattr(reading, "MOST_MEMORY", 100_000)
    read = found(b"\x80\x04cos\nsystem\n" + part * 30_000)
    assert [str(name) for name in read.named] == ["os.system"]
    assert read.problem == "following it takes more than 100,000 bytes of memory: do not trust it"


def test_a_line_without_end_is_read_so_far(monkeypatch):
    monkeypatch.setattr(opcodes, "_LONGEST_LINE", 10_000_000)
    assert found(b"I" + b"1" * 20_000_000).problem == "a line has more than 10,000,000 bytes: do not trust it"


@pytest.mark.parametrize("making", [b"tR", b"t\x81", b"t}\x92"])
def test_a_call_is_told(making):
    assert found(b"\x80\x04ccollections\ndeque\n(" + making + b".").calls
    assert not found(b"\x80\x04ccollections\ndeque\n.").calls


def test_deep_tuples_are_no_matter(names):
    assert names(b"\x80\x04N" + b"\x85" * 200_000 + b".") == []


@hypothesis.given(st.binary(max_size=300))
def test_random_bytes_never_raise(stream):
    read = found(b"\x80\x04" + stream)
    assert "\n" not in read.problem
