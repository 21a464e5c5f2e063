"""The classes and functions that a pickle stream names, found by following its stack with stand-ins for all values."""

from __future__ import annotations

import _compat_pickle  # the names of Python 2 that pickle itself translates
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BufferedReader
from pickletools import markobject
from typing import Any, BinaryIO

from fitprint.models.streams.limits import BROKEN_ARCHIVES, BrokenStream, Budget, problem_of
from fitprint.models.streams.opcodes import opcodes

MOST_MEMORY = 250_000_000
"""What following one stream may keep: an estimate, in bytes."""
BASE_MODULE = "mlflow.pyfunc.model"
BASES = frozenset({"PythonModel", "PythonModelContext"})


@dataclass(frozen=True)
class Named:
    """What a stream names: something in a module, or, with an empty name, the module itself.

    With an empty module it is a name that only unpickling could determine.
    """

    module: str
    name: str

    def __str__(self) -> str:
        return ".".join(filter(None, (self.module, self.name)))


COMPUTED = Named("", "(a name that is computed while unpickling)")
_GETATTR, _IMPORT = Named("builtins", "getattr"), Named("importlib", "import_module")
_SUBIMPORTS = frozenset({Named("cloudpickle.cloudpickle", "subimport"), Named("cloudpickle", "subimport")})
_BASE = Named(BASE_MODULE, "")
_PROTO = b"\x80"  # the beginning of every stream since protocol 2
_MAKING = frozenset({"OBJ", "NEWOBJ", "NEWOBJ_EX"})
_OF_VALUE, _OF_MARK, _OF_MEMO, _OF_TEXT = 8, 64, 128, 56  # bytes
_BETWEEN_ESTIMATES = 4096


@dataclass
class StreamNames:
    """The names of a stream in the order of their appearance, and what was wrong with it."""

    named: list[Named] = field(default_factory=list)
    problem: str = ""
    calls: bool = False
    """Whether a stream calls something that it names. Unpickling does so before it notices that a stream is broken."""


def names_of(file: BufferedReader, budget: Budget | None = None) -> StreamNames:
    """Return what loading the pickles of a file would import, one stream after the other.

    Args:
        file: The file.
        budget: What may still be read of the package.

    Returns:
        The names. A broken stream or a broken archive does not raise: the result has the problem.
    """
    names: dict[Named, None] = {}
    result = StreamNames()
    budget = budget or Budget()
    try:
        _read_stream(file, budget, names, result)
        while following := file.peek(1)[:1]:
            if following != _PROTO:
                raise BrokenStream("other data follows the pickle")
            _read_stream(file, budget, names, result)
    except (BrokenStream, *BROKEN_ARCHIVES) as error:
        result.problem = problem_of(error)
    result.named = list(names)
    return result


def _read_stream(file: BinaryIO, budget: Budget, names: dict[Named, None], result: StreamNames) -> None:
    reading = _Reading(names, budget)
    try:
        reading.run(opcodes(file, budget))
    finally:
        reading.forget_base_class()
        result.calls = result.calls or reading.calls


class _Reading:
    """Follows one stream. A value is a string, something named, a short tuple of these, or None for anything else."""

    def __init__(self, names: dict[Named, None], budget: Budget) -> None:
        self.calls = False
        self._budget = budget
        self._texts = 0
        self._below = 0
        self._found = names
        self._before = set(names)
        self._stack: list[Any] = []
        self._outer: list[list[Any]] = []
        self._memo: dict[int, Any] = {}
        self._protocol = 0
        self._pushed: Counter[Named] = Counter()
        self._for_base_class: Counter[Named] = Counter()

    def run(self, read: Iterator[tuple[Any, Any]]) -> None:
        """Follow the stream to its end. If it breaks, raise BrokenStream; what was named until then is kept."""
        for position, (opcode, argument) in enumerate(read):
            if position % _BETWEEN_ESTIMATES == 0:
                self._limit_memory()
            if isinstance(argument, str):
                self._texts += _OF_TEXT + len(argument)
            step = _STEPS.get(opcode.name)
            try:
                if step is not None:
                    step(self, argument)
                else:
                    self._generic(opcode, argument)
            except (IndexError, KeyError):
                raise BrokenStream(f"{opcode.name} finds no value on the stack") from None

    def _limit_memory(self) -> None:
        values = self._below + len(self._stack)
        memory = values * _OF_VALUE + len(self._outer) * _OF_MARK + len(self._memo) * _OF_MEMO + self._texts
        if memory > MOST_MEMORY:
            raise BrokenStream(f"following it takes more than {MOST_MEMORY:,} bytes of memory: do not trust it")

    def forget_base_class(self) -> None:
        """Remove `getattr` and `import_module` if they are used only to name the base class of python models."""
        for named in (_GETATTR, _IMPORT):
            if self._pushed[named] == self._for_base_class[named] and named not in self._before:
                self._found.pop(named, None)

    def _generic(self, opcode: Any, argument: Any) -> None:
        """Follow any other opcode: take from the stack what the table says it takes, and put what it says it puts."""
        if opcode.name == "PROTO":
            self._protocol = argument
        self.calls = self.calls or opcode.name in _MAKING
        taken = opcode.stack_before
        if markobject in taken:
            self._pop_mark()
            taken = taken[: taken.index(markobject)]
        for _ in taken:
            self._stack.pop()
        for _ in opcode.stack_after:
            self._stack.append(argument if isinstance(argument, str) else None)

    def _push(self, value: Any) -> None:
        if isinstance(value, Named):
            self._pushed[value] += 1
        self._stack.append(value)

    def _pop_mark(self) -> list[Any]:
        items = self._stack
        self._stack = self._outer.pop()
        self._below -= len(self._stack)
        return items

    def _name(self, module: Any, name: Any) -> Named:
        """Keep a name, as the unpickler of this protocol would read it."""
        known = isinstance(module, str) and isinstance(name, str)
        named = self._today(module, name) if known else COMPUTED
        if named not in self._found:
            self._budget.name()
            self._found[named] = None
        return named

    def _today(self, module: str, name: str) -> Named:
        if self._protocol < 3 and (module, name) in _compat_pickle.NAME_MAPPING:
            return Named(*_compat_pickle.NAME_MAPPING[module, name])
        return Named(_compat_pickle.IMPORT_MAPPING.get(module, module) if self._protocol < 3 else module, name)

    def _called(self, function: Any, arguments: Any) -> Any:
        """Return the result of a call as far as it matters: imported modules, and the base class of python models."""
        if not isinstance(arguments, tuple) or not isinstance(function, Named):
            return None
        if function == _IMPORT and arguments == (BASE_MODULE,):
            self._for_base_class[function] += 1
            return _BASE
        if function == _GETATTR and len(arguments) == 2 and arguments[0] == _BASE and arguments[1] in BASES:
            self._for_base_class[function] += 1
            return self._name(BASE_MODULE, arguments[1])
        if function in _SUBIMPORTS or function == _IMPORT:
            self._name(arguments[0] if arguments else None, "")
        return None

    # the opcodes that names depend on

    def mark(self, _: Any) -> None:
        self._outer.append(self._stack)
        self._below += len(self._stack)
        self._stack = []

    def pop(self, _: Any) -> None:
        if self._stack:
            self._stack.pop()
        else:
            self._pop_mark()

    def duplicate(self, _: Any) -> None:
        self._push(self._stack[-1])

    def change(self, size: int) -> None:
        """Take values that are given to the object before them, which stays on the stack."""
        for _ in range(size):
            self._stack.pop()
        if not self._stack:
            raise IndexError

    def change_by_marked(self, _: Any) -> None:
        self._pop_mark()
        self.change(0)

    def put(self, key: int) -> None:
        self._memo[key] = self._stack[-1]

    def memoize(self, _: Any) -> None:
        self._memo[len(self._memo)] = self._stack[-1]

    def get(self, key: int) -> None:
        self._push(self._memo[key])

    def make_tuple(self, items: list[Any]) -> None:
        flat = len(items) <= 3 and not any(isinstance(item, tuple) for item in items)
        self._stack.append(tuple(items) if flat else None)

    def tuple_of_marked(self, _: Any) -> None:
        self.make_tuple(self._pop_mark())

    def tuple_of(self, size: int) -> None:
        items = [self._stack.pop() for _ in range(size)]
        self.make_tuple(items[::-1])

    def name_in_stream(self, pair: tuple[str | None, str | None]) -> None:
        self._push(self._name(*pair))

    def name_on_stack(self, _: Any) -> None:
        name = self._stack.pop()
        self._push(self._name(self._stack.pop(), name))

    def extension(self, code: int) -> None:
        self._push(self._name("", f"(number {code} of copyreg's extension registry)"))

    def instance(self, pair: tuple[str | None, str | None]) -> None:
        self._pop_mark()
        self._pushed[self._name(*pair)] += 1  # called at once
        self.calls = True
        self._stack.append(None)

    def call(self, _: Any) -> None:
        arguments = self._stack.pop()
        function = self._stack.pop()
        self.calls = self.calls or isinstance(function, Named)
        self._push(self._called(function, arguments))


_STEPS: dict[str, Any] = {
    "MARK": _Reading.mark,
    "POP": _Reading.pop,
    "DUP": _Reading.duplicate,
    "MEMOIZE": _Reading.memoize,
    "TUPLE": _Reading.tuple_of_marked,
    "STACK_GLOBAL": _Reading.name_on_stack,
    "REDUCE": _Reading.call,
    "INST": _Reading.instance,
    "GLOBAL": _Reading.name_in_stream,
    "APPEND": lambda reading, _: reading.change(1),
    "BUILD": lambda reading, _: reading.change(1),
    "SETITEM": lambda reading, _: reading.change(2),
    **dict.fromkeys(("APPENDS", "SETITEMS", "ADDITEMS"), _Reading.change_by_marked),
    **dict.fromkeys(("PUT", "BINPUT", "LONG_BINPUT"), _Reading.put),
    **dict.fromkeys(("GET", "BINGET", "LONG_BINGET"), _Reading.get),
    **dict.fromkeys(("EXT1", "EXT2", "EXT4"), _Reading.extension),
    **{f"TUPLE{n}": (lambda reading, _, n=n: reading.tuple_of(n)) for n in (1, 2, 3)},
    "EMPTY_TUPLE": lambda reading, _: reading.make_tuple([]),
}
