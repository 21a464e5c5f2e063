"""Everything public explains itself: a sentence, and Google style's sections for what is passed in and what comes back.

Ruff's `D` rules see that there is a docstring and that its sections are well formed; whether they are complete, they
do not ask.
"""

from __future__ import annotations

import ast
import dataclasses
import enum
import functools
import importlib
import inspect
import itertools
import re
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import fitprint

MODULES = ("fitprint", "fitprint.models", "fitprint.plugin", "fitprint.pyfunc", "fitprint.stores", "fitprint.testing")
MODULES_OF_NAMES = (*MODULES, "fitprint.models.enforcement", "fitprint.models.schema", "fitprint.models.signature")
"""The public modules, and those that the documentation of signatures imports from."""


def public_values() -> Iterator[tuple[str, Any]]:
    """Every public module, and once every public class, function and method."""
    listed: set[int] = set()
    for module_name in MODULES_OF_NAMES:
        module = importlib.import_module(module_name)
        yield module_name, module
        for path, value in members(module):
            if id(value) not in listed:
                listed.add(id(value))
                yield f"{module_name}.{path}", value


def members(module: Any) -> Iterator[tuple[str, Any]]:
    for name in sorted(module.__all__):
        value = getattr(module, name)
        if inspect.isclass(value):
            yield name, value
            yield from ((f"{name}.{method}", function) for method, function in methods(value))
        elif inspect.isfunction(value):
            yield name, value


def methods(cls: type) -> Iterator[tuple[str, Any]]:
    """The public methods and properties of a class; one that overrides another inherits its docstring."""
    for base in cls.__mro__:
        if not base.__module__.startswith("fitprint"):
            continue
        for name, value in vars(base).items():
            is_method = inspect.isroutine(value) or isinstance(value, (classmethod, staticmethod, property))
            is_public = not name.startswith(("_", "test_", "pytest_")) and name not in fields(base)
            if is_method and is_public and not any(hasattr(ancestor, name) for ancestor in base.__mro__[1:]):
                yield name, value


def fields(cls: type) -> set[str]:
    return {field.name for field in dataclasses.fields(cls)} if dataclasses.is_dataclass(cls) else set()


@functools.cache
def documented_fields() -> dict[str, set[str]]:
    """The fields of each class that have a docstring below them; by name, as a public class tells no file."""
    documented: dict[str, set[str]] = {}
    for file in Path(fitprint.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef):
                documented.setdefault(node.name, set()).update(
                    field.target.id
                    for field, text in itertools.pairwise(node.body)
                    if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Expr)
                )
    return documented


def function_of(value: Any) -> Callable[..., Any] | None:
    """What is called when this is called, as far as fitprint has written it."""
    if isinstance(value, (classmethod, staticmethod)):
        return value.__func__
    if inspect.isclass(value):
        if issubclass(value, enum.Enum) or getattr(value, "_is_protocol", False):
            return None
        function = value.__init__ if value.__new__ is object.__new__ else value.__new__
        return function if str(getattr(function, "__module__", "")).startswith("fitprint") else None
    return value if inspect.isfunction(value) else None


def parameters(value: Any) -> list[str]:
    """The names of what a caller passes in."""
    function = function_of(value)
    if function is None:
        return []
    variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)  # of these, ruff asks in any `Args:`
    all_parameters = inspect.signature(function).parameters.values()
    names = [
        parameter.name for parameter in all_parameters if parameter.kind not in variadic and parameter.name[0] != "_"
    ]
    return names[1:] if names[:1] in (["self"], ["cls"]) else names


def returned(value: Any) -> str:
    """What a function says that it returns; "None" for what is no function."""
    function = None if inspect.isclass(value) else function_of(value)
    return "None" if function is None else str(inspect.signature(function).return_annotation)


def sections(text: str, titles: str) -> str:
    """The lines of a docstring that stand below one of these titles, moved to the left."""
    bodies = re.findall(rf"^(?:{titles}):\n((?:    .*\n|\n)+)", f"{text}\n", re.MULTILINE)
    return "\n".join(map(textwrap.dedent, bodies))


def complaints(value: Any) -> Iterator[str]:
    """What the docstring of something public lacks."""
    text = inspect.getdoc(value) or ""
    first = text.partition("\n\n")[0]
    if not re.fullmatch(r"[A-Z`\d\"{'].*\.", first, re.DOTALL):
        yield "its first paragraph is no sentence that ends with a period"
    passed = parameters(value)
    described = f"{text}\n{inspect.getdoc(function_of(value))}"
    entries = sections(described, "Args|Attributes|Settings")
    documented = {
        name
        for line in re.findall(r"^([*\w, ]+)(?: \(.*\))?: ", entries, re.MULTILINE)
        for name in re.findall(r"\w+", line)
    }
    if inspect.isclass(value):
        documented |= {name for base in value.__mro__ for name in documented_fields().get(base.__name__, ())}
    absent = [name for name in passed if name not in documented]
    if absent and (len(passed) > 1 or inspect.isclass(value)):
        yield f"`Args:` lacks {', '.join(absent)}"
    names_result = re.match(r"Return |Yield ", text) or sections(text, "Returns|Yields")
    if returned(value) not in ("None", "NoReturn") and not names_result:
        yield f"there is no `Returns:`, though it returns {returned(value)}"


PUBLIC = dict(public_values())


@pytest.mark.parametrize("name", PUBLIC)
def test_what_is_public_explains_itself(name):
    assert list(complaints(PUBLIC[name])) == []
