"""The wrapper around a user's training call: nobody sees it, and it is absent from every pickle.

Why the wrapper is one of wrapt's: docs/adr/0006-wrapt.md. Why it is one frame, and how that frame disappears:
docs/adr/0004-one-frame.md.
"""

from __future__ import annotations

import copy
import operator
import sys
from collections.abc import Callable
from types import FunctionType, MethodType
from typing import Any, Protocol, TypeGuard

import wrapt


class CallContext(Protocol):
    """Surrounds one call: entered before it and left after it.

    Attributes:
        returned: Where the wrapper puts what the call returned.
    """

    returned: Any

    @property
    def args(self) -> tuple[Any, ...]:
        """The positional arguments to call with."""

    @property
    def kwargs(self) -> dict[str, Any]:
        """The keyword arguments to call with."""

    def __enter__(self) -> Any: ...
    def __exit__(self, *error: Any) -> bool | None: ...


class Passthrough:
    """A `CallContext` that calls with the arguments it was made with.

    Args:
        args: The positional arguments to call with.
        kwargs: The keyword arguments to call with.
    """

    def __init__(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.args = args
        self.kwargs = kwargs
        self.returned: Any = None

    def __enter__(self) -> None:
        return

    def __exit__(self, *error: Any) -> None:
        return


Look = Callable[[Any, Any, tuple[Any, ...], dict[str, Any], Any], None]
"""Looks at a call that has returned: gets (function, instance, args, kwargs, result). A function that never raises."""
Begin = Callable[[Any, Any, tuple[Any, ...], dict[str, Any]], "CallContext | Look | None"]
"""Makes what surrounds a call out of (function, instance, args, kwargs), or what looks at it afterwards, which costs
less; None leaves the call alone. Never raises."""


def without_this_frame(error: BaseException) -> None:
    """Remove the frame that handles an exception from its traceback; to be followed by a bare ``raise``.

    Args:
        error: The exception that is being handled.
    """
    trace = sys.exc_info()[2]
    if trace is not None:
        # by way of BaseException, because the exception's own class may forbid attributes to be set
        BaseException.with_traceback(error, trace.tb_next)


_Partial = wrapt.PartialCallableObjectProxy


def _call_surrounded(begin: Begin, function: Any = None, is_method: bool = False) -> Callable[..., Any]:
    """Make what a wrapper calls.

    Args:
        begin: Makes what surrounds each call.
        function: The function that is called; None for a descriptor, whose function wrapt looks up for each call.
        is_method: Whether the first argument is the instance.
    """

    def fitprint(*args: Any, **kwargs: Any) -> Any:
        wrapped, instance = function, None
        context: Any = None
        try:
            if is_method and args:  # without an instance, the function itself says what is missing
                instance, args = args[0], args[1:]
                wrapped = MethodType(function, instance)
            elif function is None:
                wrapped, instance, args, kwargs = args  # as wrapt calls it
                if type(wrapped) is _Partial:  # called as `Class.fit(instance, ...)`
                    wrapped = MethodType(wrapped.__wrapped__, instance)
            context = begin(wrapped, instance, args, kwargs)
            if context is None:
                return wrapped(*args, **kwargs)
            if type(context) is FunctionType:
                returned = wrapped(*args, **kwargs)
                context(wrapped, instance, args, kwargs, returned)
                return returned
            with context:  # adds no frame to the traceback, and re-raises the same exception object
                returned = context.returned = wrapped(*context.args, **context.kwargs)
            return returned
        except BaseException as error:
            ensure_left = getattr(context, "ensure_left", None)
            if ensure_left is not None:  # interrupted at the very moment in which its `__exit__` was called
                ensure_left(error)
            without_this_frame(error)
            raise  # a bare one adds no frame again

    # `warnings.warn(stacklevel=2)` in the wrapped function must name its caller: the interpreter skips frames whose
    # file name contains these two words (`warnings._is_internal_frame`, in C as in Python). The name has no comma,
    # because PaddlePaddle splits the lines of formatted tracebacks at commas
    fitprint.__code__ = fitprint.__code__.replace(co_filename="<fitprint as invisible as importlib._bootstrap>")
    return fitprint


def _calling(kind: type[Any], begin: Begin, function: FunctionType, is_method: bool) -> type[Any]:
    """Make a class of wrappers of one function, which are called at once. By way of wrapt a call takes twice as long.

    Args:
        kind: The class of wrappers to derive it from.
        begin: Makes what surrounds each call.
        function: The function.
        is_method: Whether the first argument is the instance.
    """
    return type(kind.__name__, (kind,), {"__call__": staticmethod(_call_surrounded(begin, function, is_method))})


class _BoundPatched(wrapt.BoundFunctionWrapper):  # type: ignore[type-arg]
    """A patched method that was looked up on a class. It is pickled and copied as the function itself would be."""

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        is_function = type(self.__wrapped__) is FunctionType
        return MethodType(self, instance) if is_function and instance is not None else super().__get__(instance, owner)

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
    """A patched function, or a method as its class holds it. In a pickle it is the original.

    Args:
        original: The function, or the descriptor in the class.
        begin: Makes what surrounds each call.
    """

    __bound_function_wrapper__ = _BoundPatched

    def __new__(cls, original: Any, begin: Begin) -> Any:
        """Return a wrapper that can be called without wrapt: not for a method, which is mostly looked up and called."""
        if type(original) is FunctionType and "." not in original.__qualname__:
            cls = _calling(cls, begin, original, is_method=False)
        return super().__new__(cls, original, begin)

    def __init__(self, original: Any, begin: Begin) -> None:
        super().__init__(original, _call_surrounded(begin))
        self._self_begin = begin
        self._self_retired = False
        self._self_unbound: Any = None

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        unbound = self._self_unbound
        if unbound is None:
            function = self.__wrapped__
            if type(function) is not FunctionType:
                try:
                    return self._bound(instance, owner)
                except BaseException as error:
                    without_this_frame(error)
                    raise
            # always the same object: frameworks compare `cls.fit is Base.fit`
            kind = _calling(_BoundPatched, self._self_begin, function, is_method=True)
            unbound = self._self_unbound = kind(function, None, self._self_wrapper, None, "function", self, object)
        return unbound if instance is None else MethodType(unbound, instance)

    def _bound(self, instance: Any, owner: Any) -> Any:
        """Look up a descriptor that is not a function: a class method, a property, a conditional method."""
        try:
            if instance is None and self.__wrapped__.__get__(None, owner) is self.__wrapped__:
                return self.__wrapped__  # a property that is looked up on its class
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


def is_patched(value: Any) -> TypeGuard[Patched]:
    """Return whether a value is a patch, without asking the value: `isinstance` looks up ``__class__`` on it."""
    return issubclass(type(value), Patched)


def begin_of(patched: Patched) -> Begin:
    """Return what a patch was made with."""
    begin: Begin = patched._self_begin
    return begin


def retire(patched: Patched) -> None:
    """Note that a patch has been taken away. Where it is found again, it counts as the original."""
    patched._self_retired = True


def is_retired(patched: Patched) -> bool:
    """Return whether a patch has been taken away."""
    return bool(patched._self_retired)


def ours(value: Any) -> Patched | None:
    """Find fitprint's patch in a value.

    Args:
        value: Any attribute of a class or a module.

    Returns:
        The patch that the value is, or that somebody else wrapped; None if there is none.
    """
    for _ in range(20):
        if is_patched(value):
            return value
        if type(value) in (classmethod, staticmethod, MethodType):
            value = value.__func__
        elif issubclass(type(value), _BoundPatched):
            return value._self_parent if is_patched(value._self_parent) else None
        else:
            value = getattr(value, "__wrapped__", None)
        if value is None:
            return None
    return None


def _itself(original: Any) -> Any:
    """Return a pickle reduction that yields the object by names of the standard library alone."""
    return operator.getitem, ((original,), 0)


def _found_by_name(function: Any) -> Any:
    """Return what another process finds under a function's name, or None."""
    return _lookup(function, getattr(function, "__qualname__", "").split("."))


def _owner(function: Any) -> Any:
    """Return the class in which a function is defined, if another process can find it by name."""
    path = getattr(function, "__qualname__", "").split(".")[:-1]
    owner = _lookup(function, path)
    return owner if path and isinstance(owner, type) else None


def _lookup(function: Any, path: list[str]) -> Any:
    owner: Any = sys.modules.get(getattr(function, "__module__", None) or "")
    for name in path:
        owner = getattr(owner, name, None)
    return owner
