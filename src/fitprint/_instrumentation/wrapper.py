"""The wrapper around a user's training call: seen by nobody, and gone from every pickle."""

from __future__ import annotations

import copy
import operator
import sys
from collections.abc import Callable
from types import FunctionType, MethodType
from typing import Any, Protocol

import wrapt

from fitprint._core.tracebacks import without_this_frame


class CallContext(Protocol):
    """What surrounds one call: entered before it, left after it, with the arguments to call and the result to give."""

    returned: Any

    @property
    def args(self) -> tuple[Any, ...]: ...
    @property
    def kwargs(self) -> dict[str, Any]: ...
    def __enter__(self) -> Any: ...
    def __exit__(self, *error: Any) -> bool | None: ...
    def result(self) -> Any: ...


Begin = Callable[[Any, Any, tuple[Any, ...], dict[str, Any]], "CallContext | None"]
"""From (function, instance, args, kwargs) to what surrounds the call, or None to leave it alone. Never raises."""


def _call_surrounded(begin: Begin) -> Callable[..., Any]:
    def fitprint(wrapped: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if type(wrapped) is wrapt.PartialCallableObjectProxy:  # called as `Class.fit(instance, ...)`
            wrapped = MethodType(wrapped.__wrapped__, instance)
        try:
            context = begin(wrapped, instance, args, kwargs)
            if context is None:
                return wrapped(*args, **kwargs)
            with context:  # adds no frame of its own, and re-raises the very exception
                context.returned = wrapped(*context.args, **context.kwargs)
            return context.result()
        except BaseException as error:
            without_this_frame(error)
            raise  # a bare one adds no frame again

    # `warnings.warn(stacklevel=2)` in the wrapped function shall name its caller, not us. The interpreter itself passes
    # over frames whose file name has these two words in it (`warnings._is_internal_frame`, in C as in Python).
    fitprint.__code__ = fitprint.__code__.replace(co_filename="<fitprint, as invisible as importlib._bootstrap>")
    return fitprint


class _BoundPatched(wrapt.BoundFunctionWrapper):  # type: ignore[type-arg]
    """A patched method, looked up on a class. Pickles and copies as the function itself would."""

    def __reduce_ex__(self, protocol: Any) -> Any:
        name = self.__name__
        if self._self_instance is not None:  # a class method
            return getattr, (self._self_instance, name)
        if _found_by_name(self) is self:
            return self.__qualname__
        owner = _owner(self.__wrapped__)
        return (getattr, (owner, name)) if owner is not None else _itself(self.__wrapped__)

    def __reduce__(self) -> Any:
        return self.__reduce_ex__(2)

    def __copy__(self) -> Any:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        if self._self_instance is None:
            return self
        return getattr(copy.deepcopy(self._self_instance, memo), self.__name__)

    def __repr__(self) -> str:
        return repr(self.__wrapped__)


class Patched(wrapt.FunctionWrapper):  # type: ignore[type-arg]
    """A patched function, or a method as it lies in its class. In a pickle it is the original."""

    __bound_function_wrapper__ = _BoundPatched

    def __init__(self, original: Any, begin: Begin) -> None:
        super().__init__(original, _call_surrounded(begin))
        self._self_begin = begin
        self._self_unbound: Any = None

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if type(self.__wrapped__) is not FunctionType:
            try:
                return self._bound(instance, owner)
            except BaseException as error:
                without_this_frame(error)
                raise
        if self._self_unbound is None:  # one object, as a function is: `cls.fit is Base.fit` says who overrides it
            self._self_unbound = super().__get__(None, object)
        return self._self_unbound if instance is None else MethodType(self._self_unbound, instance)

    def _bound(self, instance: Any, owner: Any) -> Any:
        """What a descriptor of another kind gives: a class method, a property, a method that is there or not."""
        try:
            if instance is None and self.__wrapped__.__get__(None, owner) is self.__wrapped__:
                return self.__wrapped__  # a property, looked up on its class
            return super().__get__(instance, owner)
        except BaseException as error:
            without_this_frame(error)
            raise

    def __reduce_ex__(self, protocol: Any) -> Any:
        if _found_by_name(self) is self:
            return self.__qualname__  # a function is pickled by its name
        return _itself(self.__wrapped__)

    def __reduce__(self) -> Any:
        return self.__reduce_ex__(2)

    def __copy__(self) -> Any:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return self

    def __repr__(self) -> str:
        return repr(self.__wrapped__)


def ours(value: Any) -> Patched | None:
    """The patch that a value is, or that lies beneath what somebody else wrapped over it."""
    for _ in range(20):
        if type(value) is Patched:
            return value
        if type(value) in (classmethod, staticmethod, MethodType):
            value = value.__func__
        elif type(value) is _BoundPatched:
            return value._self_parent if type(value._self_parent) is Patched else None
        else:
            value = getattr(value, "__wrapped__", None)
        if value is None:
            return None
    return None


def _itself(original: Any) -> Any:
    """A reduction that gives back an object by way of the standard library alone."""
    return operator.getitem, ((original,), 0)


def _found_by_name(function: Any) -> Any:
    """What another process finds under a function's name, or None."""
    return _lookup(function, getattr(function, "__qualname__", "").split("."))


def _owner(function: Any) -> Any:
    """The class a function is defined in, when another process can find it by name."""
    path = getattr(function, "__qualname__", "").split(".")[:-1]
    found = _lookup(function, path)
    return found if path and isinstance(found, type) else None


def _lookup(function: Any, path: list[str]) -> Any:
    found: Any = sys.modules.get(getattr(function, "__module__", None) or "")
    for part in path:
        found = getattr(found, part, None)
    return found
