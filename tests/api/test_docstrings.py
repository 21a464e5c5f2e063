"""Everything public explains itself: a sentence, and Google style's sections for what is passed in and what comes back.

Ruff's `D` rules see that there is a docstring and that its sections are well formed; whether they are complete, they
do not ask.
"""

from __future__ import annotations

import enum
import importlib
import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

MODULES = ("fitprint", "fitprint.models", "fitprint.plugin", "fitprint.pyfunc", "fitprint.stores", "fitprint.testing")
MODULES_OF_NAMES = (*MODULES, "fitprint.models.enforcement", "fitprint.models.schema", "fitprint.models.signature")
"""The public modules, and those that the documentation of signatures imports from."""


def public_values() -> Iterator[tuple[str, Any]]:
    """Every public class and function of fitprint once, and every public method that these classes define."""
    seen: set[int] = set()
    for module_name in MODULES_OF_NAMES:
        module = importlib.import_module(module_name)
        yield module_name, module
        for name in sorted(module.__all__):
            value = getattr(module, name)
            if id(value) in seen or not (inspect.isclass(value) or inspect.isfunction(value)):
                continue
            seen.add(id(value))
            yield f"{module_name}.{name}", value
            if inspect.isclass(value):
                yield from ((f"{module_name}.{name}.{method}", function) for method, function in methods(value))


def methods(cls: type) -> Iterator[tuple[str, Any]]:
    """The public methods and properties of a class. One that overrides another needs only what that one says."""
    for base in cls.__mro__:
        if not base.__module__.startswith("fitprint"):
            continue
        for name, value in vars(base).items():
            is_documented = inspect.isroutine(value) or isinstance(value, (classmethod, staticmethod, property))
            above = base.__mro__[1:]
            if is_documented and not name.startswith(("_", "test_")) and not any(hasattr(each, name) for each in above):
                yield name, value


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
    names = [name for name in inspect.signature(function).parameters if not name.startswith("_")]
    return names[1:] if names[:1] in (["self"], ["cls"]) else names


def section(text: str, *titles: str) -> str | None:
    """The lines of a docstring that stand below a title, moved to the left; None where there is no such section."""
    for title in titles:
        found = re.search(rf"^{title}:\n((?:    .*\n|\n)+)", f"{text}\n", re.MULTILINE)
        if found:
            return inspect.cleandoc(found[1])
    return None


def complaints(value: Any) -> Iterator[str]:
    """What the docstring of something public lacks."""
    text = inspect.getdoc(value) or ""
    first = text.partition("\n\n")[0]
    if not re.fullmatch(r"[A-Z`\d\"{'].*[.!:]", first, re.DOTALL):
        yield "its first paragraph is no sentence that ends with a period"
    passed = parameters(value)
    entries = section(text, "Args", "Attributes") or ""
    documented = set(re.findall(r"^\*{0,2}(\w+)(?: \(.*\))?: ", entries, re.MULTILINE))
    absent = [name for name in passed if name not in documented]
    if absent:
        yield f"`Args:` lacks {', '.join(absent)}"
    if inspect.isfunction(function_of(value)) and not inspect.isclass(value):
        returned = inspect.signature(function_of(value)).return_annotation
        returned = returned if isinstance(returned, str) else getattr(returned, "__name__", str(returned))
        if returned not in ("None", "NoReturn", "NoneType") and not (section(text, "Returns", "Yields")):
            yield f"there is no `Returns:`, though it returns {returned}"


PUBLIC = dict(public_values())


@pytest.mark.parametrize("name", PUBLIC)
def test_what_is_public_explains_itself(name):
    assert list(complaints(PUBLIC[name])) == []
