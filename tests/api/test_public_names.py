"""The public names of fitprint stand in `public_names.txt`: to add, change or remove one is a decision, seen in a diff.

`python tests/api/test_public_names.py` writes the file anew.
"""

from __future__ import annotations

import ast
import difflib
import enum
import importlib
import inspect
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fitprint

MODULES = (
    *("fitprint", "fitprint.engines", "fitprint.models", "fitprint.plugin", "fitprint.pyfunc", "fitprint.stores"),
    "fitprint.testing",
)
"""The public modules. A name that several of them offer is listed in full at the first."""
ROOT = Path(fitprint.__file__).parent
SNAPSHOT = Path(__file__).with_name("public_names.txt")
RENEW = "if this is meant, run `python tests/api/test_public_names.py` and commit the file that it writes"


def public_names() -> Iterator[str]:
    """A line for every public name of every public module, and for every public attribute of their classes."""
    listed: dict[int, str] = {}
    for module_name in MODULES:
        module = importlib.import_module(module_name)
        for name in sorted(module.__all__):
            value, path = getattr(module, name), f"{module_name}.{name}"
            if inspect.ismodule(value) or name == "__version__":
                yield path
            elif id(value) in listed:
                yield f"{path} = {listed[id(value)]}"
            else:
                listed[id(value)] = path
                yield f"{path}{described(value)}"
                if inspect.isclass(value):
                    yield from (f"{path}.{line}" for line in attributes(value))


def attributes(cls: type) -> list[str]:
    """The public attributes that a class has from fitprint, its tests apart: a check of the kit is called by nobody."""
    found: dict[str, str] = {}
    for base in cls.__mro__:
        if not base.__module__.startswith("fitprint"):
            continue
        names = [*vars(base), *vars(base).get("__annotations__", {}), *assigned_to_self(base)]
        for name in names:
            if not name.startswith(("_", "test_")):
                found.setdefault(name, f"{name}{described(vars(base).get(name))}")
    return [found[name] for name in sorted(found)]


def assigned_to_self(cls: type) -> Iterator[str]:
    """Attributes that only an instance has."""
    for function in vars(cls).values():
        if not inspect.isfunction(function) or ROOT not in Path(function.__code__.co_filename).parents:
            continue  # for example one that `dataclasses` has made
        for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(function)))):
            if (
                isinstance(node, ast.Attribute)
                and isinstance(node.ctx, ast.Store)
                and ast.unparse(node.value) == "self"
            ):
                yield node.attr


def described(value: Any) -> str:
    """How something is called; for what is not called, nothing."""
    value = getattr(value, "__func__", value)  # of a classmethod and a staticmethod
    if inspect.isclass(value):
        own = value.__init__ if value.__new__ is object.__new__ else value.__new__
        made_here = str(getattr(own, "__module__", "")).startswith("fitprint") and not issubclass(value, enum.Enum)
        return f"{signature_of(value) if made_here else ''}: class"
    return signature_of(value) if inspect.isfunction(value) else ""


def signature_of(value: Any) -> str:
    return re.sub(r" at 0x[0-9a-f]+", "", str(inspect.signature(value)))


def test_a_new_public_name_is_a_decision():
    kept = SNAPSHOT.read_text("utf-8").splitlines()
    difference = list(difflib.unified_diff(kept, list(public_names()), "as decided", "as it is now", lineterm="", n=0))
    assert difference == [], "\n".join(["the public names have changed; " + RENEW, *difference])


def test_all_public_names_are_offered_for_completion():
    assert {*fitprint.__all__} <= {*dir(fitprint)}


def test_no_module_hides_a_public_function_of_its_name():
    modules = {file.stem for file in ROOT.iterdir()}
    assert modules & {*fitprint.__all__} <= {"engines", "models", "plugin", "pyfunc", "stores", "testing"}


if __name__ == "__main__":
    SNAPSHOT.write_text("".join(f"{line}\n" for line in public_names()), "utf-8")
