"""The classes and functions that a pickle stream names, held against what unpickling it really looks up."""

from __future__ import annotations

import collections
import contextlib
import datetime
import decimal
import enum
import functools
import io
import pickle
import pickletools
import struct

import cloudpickle
import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest

from fitprint.models.streams import names as reading
from fitprint.models.streams.limits import Budget
from fitprint.models.streams.names import names_of
from fitprint.pyfunc import PythonModel, PythonModelContext
from fitprint.pyfunc._pickler import dumped


class Colour(enum.Enum):
    RED = 1


class Outer:
    class Inner:
        def __init__(self):
            self.outer = Outer


VALUES = {
    "plain": [1, 2.5, None, "os.system", b"x" * 300, "x" * 70_000, {1: {2}}, frozenset({3}), 10**400, True],
    "classes": [decimal.Decimal(1), datetime.date(2026, 1, 1), collections.OrderedDict(a=1), collections.deque()],
    "functions": [functools.partial(int, base=2), len, "x".join, Outer, Outer.Inner()],
    "enums": [Colour.RED, {Colour.RED: Colour}],
    "arrays": [np.arange(5), np.float64(1), np.array([object, "a"], dtype=object), np.random.default_rng(1)],
    "the same twice": [(Colour, Colour), [Outer.Inner] * 3],
}


class Noting(pickle._Unpickler):
    """Python's own unpickler, with what it looks up."""

    def __init__(self, stream):
        super().__init__(io.BytesIO(stream))
        self.looked_up = []

    def find_class(self, module, name):
        self.looked_up.append((module, name))
        return super().find_class(module, name)


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_all_that_unpickling_looks_up_is_named(value, protocol, names):
    for stream in (pickle.dumps(value, protocol), pickle._dumps(value, protocol)):
        noting = Noting(stream)
        noting.load()
        looked_up = {
            ".".join(reading._Reading({}, Budget())._today(*pair).__dict__.values()) for pair in noting.looked_up
        }
        if protocol >= 3:
            looked_up = {".".join(pair) for pair in noting.looked_up}
        assert {*names(stream)} == looked_up


def test_a_function_by_value_names_the_modules_that_it_uses(names):
    namespace = {"__name__": "__main__"}
    exec("import json, os.path\ndef f(x): return json.dumps(os.path.join(x))", namespace)
    found = names(cloudpickle.dumps(namespace["f"]))
    assert {"json", "os", "cloudpickle.cloudpickle._make_function"} <= {*found}
    assert "builtins.getattr" not in found


def model_by_value():
    class Model(PythonModel):
        def predict(self, context: PythonModelContext, model_input, params=None):
            return model_input

    return Model()


def test_the_base_class_of_our_python_models_is_known(names):
    found = names(dumped([model_by_value(), PythonModelContext]))
    assert "mlflow.pyfunc.model.PythonModel" in found
    assert "mlflow.pyfunc.model.PythonModelContext" in found
    assert not {"builtins.getattr", "importlib.import_module"} & {*found}


def call(function, *arguments):
    """The stream of a call, of protocol 4."""
    return b"".join([function, b"(", *arguments, b"tR"])


def text(value):
    return b"\x8c" + bytes([len(value)]) + value.encode()


GETATTR, IMPORT = (
    text(module) + text(name) + b"\x93" for module, name in [("builtins", "getattr"), ("importlib", "import_module")]
)
BASE = call(IMPORT, text("mlflow.pyfunc.model"))

OTHER_USES = {
    "another module": call(GETATTR, call(IMPORT, text("os")), text("PythonModel")),
    "another attribute": call(GETATTR, BASE, text("os")),
    "of something else": call(GETATTR, text("abc"), text("PythonModel")),
    "of the class": call(GETATTR, call(GETATTR, BASE, text("PythonModel")), text("__init__")),
    "kept and used again": call(GETATTR + b"\x94", BASE, text("PythonModel"))
    + b"0"
    + call(b"h\0", text("a"), text("b")),
    "doubled": b"2".join([GETATTR, b""]) + b"0" + b"(" + BASE + text("PythonModel") + b"tR" + b"0" + GETATTR,
    "a third argument": call(GETATTR, BASE, text("PythonModel"), b"N"),
    "an argument more": call(GETATTR, call(IMPORT, text("mlflow.pyfunc.model"), b"N"), text("PythonModel")),
    "an instance": b"(" + text("a") + b"ibuiltins\ngetattr\n",
    "an object": b"(" + GETATTR + text("a") + b"o",
    "put away": GETATTR,
    "built": GETATTR + b"}b",
    "in a tuple": GETATTR + b"\x85",
}


@pytest.mark.parametrize("stream", OTHER_USES.values(), ids=OTHER_USES)
def test_getattr_for_anything_else_is_named(stream, names):
    assert "builtins.getattr" in names(b"\x80\x04" + stream + b".")


def test_known_uses_do_not_hide_a_later_one(names):
    known = b"\x80\x04" + call(GETATTR, BASE, text("PythonModel"))
    assert names(known + b".") == ["mlflow.pyfunc.model.PythonModel"]
    other = call(GETATTR, text("abc"), text("x"))
    assert "builtins.getattr" in names(known + b"0" + other + b".")
    assert "builtins.getattr" in names(known + b"." + b"\x80\x04" + other + b".")
    assert "builtins.getattr" in names(b"\x80\x04" + other + b"." + known + b".")


HIDDEN = {
    "behind a memo of text": b"\x80\x04" + text("os") + b"\x94" + text("system") + b"\x94" + b"00h\0h\1\x93.",
    "behind decoys": b"\x80\x04" + text("os") + text("system") + text("numpy") + text("ndarray") + b"00\x93.",
    "doubled text": b"\x80\x04" + text("os") + text("system") + text("x") + b"20" + b"0\x93.",
    "below a mark": b"\x80\x04" + text("os") + text("system") + b"(" + text("a") + b"1\x93.",
    "a mark that is popped": b"\x80\x04" + text("os") + b"(0" + text("system") + b"\x93.",
    "long opcodes of text": b"\x80\x04X" + struct.pack("<I", 2) + b"os\x8d" + struct.pack("<Q", 6) + b"system\x93.",
    "Python 2's text": b"\x80\x04U\x02osT" + struct.pack("<I", 6) + b"system\x93.",
    "escaped text": b"\x80\x04Vo\\u0073\nS'sys\\x74em'\n\x93.",
    "protocol 0": b"cos\nsystem\n.",
    "an instance": b"(S'x'\nios\nsystem\n.",
    "a stream after the first": b"\x80\x04N.\x80\x04" + text("os") + text("system") + b"\x93.",
    "numbered by text": b"\x80\x04" + text("os") + b"p12\n0" + text("system") + b"p 7\n0g12\ng7\n\x93.",
    "in frames": b"\x80\x04\x95" + struct.pack("<Q", len(text("os"))) + text("os") + text("system") + b"\x93.",
}


@pytest.mark.parametrize("stream", HIDDEN.values(), ids=HIDDEN)
def test_a_name_cannot_hide(stream, names):
    assert "os.system" in names(stream)


def test_names_of_python_2_are_read_as_today(names):
    assert names(b"c__builtin__\neval\n.") == ["builtins.eval"]
    assert names(b"c__builtin__\nintern\n.") == ["sys.intern"]
    assert names(b"\x80\x02ccommands\ngetoutput\n.") == ["subprocess.getoutput"]
    assert names(b"\x80\x03ccommands\ngetoutput\n.") == ["commands.getoutput"]


def test_what_only_unpickling_would_tell_is_told(names):
    joined = call(text("builtins") + text("str") + b"\x93", b"N")
    for stream in (joined + text("system") + b"\x93", text("os") + joined + b"\x93", text("a") + b"N\x93"):
        assert names(b"\x80\x04" + stream + b".")[-1] == "(a name that is computed while unpickling)"
    long_name = b"X" + struct.pack("<I", 1000) + b"a" * 1000
    assert names(b"\x80\x04" + text("os") + long_name + b"\x93.") == ["(a name that is computed while unpickling)"]
    assert names(b"c" + b"a" * 5000 + b"\nsystem\n.") == ["(a name that is computed while unpickling)"]
    assert names(b"\x80\x02\x82\x05.") == ["(number 5 of copyreg's extension registry)"]


# LONG_BINPUT makes room for a memo of billions, a broken BYTEARRAY8 makes Python print an error of its own
LEFT_OUT = ("LONG_BINPUT", "BYTEARRAY8")
OPCODES = [opcode.code.encode("latin-1") for opcode in pickletools.opcodes if opcode.name not in LEFT_OUT]
PIECES = st.lists(st.sampled_from([*OPCODES, text("os"), text("system"), b"\n", b"\0", b"\1"]), max_size=60)


class Refusing(pickle.Unpickler):
    """The unpickler of C, which loads nothing but `str`, with what it was asked for."""

    def __init__(self, stream):
        super().__init__(io.BytesIO(stream))
        self.looked_up = set()

    def find_class(self, module, name):
        self.looked_up.add((module, name))
        return str


@hypothesis.settings(suppress_health_check=[hypothesis.HealthCheck.too_slow], max_examples=500)
@hypothesis.given(PIECES)
def test_what_is_looked_up_in_random_opcodes_is_named(pieces):
    stream = b"\x80\x04" + b"".join(pieces) + b"."
    unpickler = Refusing(stream)
    with contextlib.suppress(Exception):  # a broken stream: what it looked up until then counts
        unpickler.load()
    assert unpickler.looked_up <= {
        (name.module, name.name) for name in names_of(io.BufferedReader(io.BytesIO(stream))).named
    }
