"""Finding a running training call on the stack, and noticing its end, when no function of it is patched.

Why this is read from frames: docs/adr/0014-callbacks-read-the-stack.md.
"""

from __future__ import annotations

import inspect
import sys
import weakref
from types import CodeType, FrameType, MethodType
from typing import Any

from fitprint._core.frames import stack, variables_of
from fitprint._instrumentation.targets import bases_of, own_attributes
from fitprint.plugin.arguments import innermost
from fitprint.plugin.contract import Flavor, TrainingCall
from fitprint.plugin.entry_points import Patch, Role


class RunningCall:
    """The end of a call whose function knows nothing of it.

    A frame drops what is set as its trace function when the call ends: at the moment when the call returns, or, if it
    raises an error, when nobody holds the traceback any more. Python calls that function only in a program that is
    traced, and such a frame, which has a trace function already, is left alone.

    Args:
        frame: The frame of the call.

    Attributes:
        returned: Whether the call has returned. False while it runs, and for ever if it has raised an error.
        lost: Whether a debugger has put a trace function of its own in place, so that the end is not seen.
    """

    def __init__(self, frame: FrameType) -> None:
        self._frame_id = id(frame)
        self._caller = _position(frame.f_back)
        self._lifetime: weakref.ref[Lifetime] | None = None
        self.returned = False
        self.lost = frame.f_trace is not None
        if not self.lost:
            lifetime = Lifetime(self)
            frame.f_trace = lifetime
            self._lifetime = weakref.ref(lifetime)

    @property
    def lifetime(self) -> Lifetime | None:
        """What lives as long as the frame; None afterwards."""
        return self._lifetime() if self._lifetime is not None else None

    def is_running(self) -> bool:
        """Return whether the call is one of those that this thread is in."""
        lifetime = self.lifetime
        return lifetime is not None and any(frame.f_trace is lifetime for frame in stack())

    def error(self) -> BaseException | None:
        """Return what the call has raised, as far as that is being handled or was reported by Python."""
        lifetime = self.lifetime
        for error in (sys.exc_info()[1], getattr(sys, "last_value", None)):
            trace = getattr(error, "__traceback__", None)
            while trace is not None and lifetime is not None:
                if trace.tb_frame.f_trace is lifetime:
                    return error
                trace = trace.tb_next
        return None

    def dropped(self) -> None:
        """Take note that the frame has dropped its `Lifetime`."""
        frames = list(stack(2))  # without this function and the one that calls it
        self.lost = any(id(frame) == self._frame_id for frame in frames)
        self.returned = not self.lost and _position(next(iter(frames), None)) == self._caller


class Lifetime:
    """Lives as long as a frame: see `RunningCall`."""

    def __init__(self, call: RunningCall) -> None:
        self._call = call

    def __call__(self, frame: FrameType, event: str, argument: Any) -> Lifetime:
        """Stay in place: Python calls this if a tracer is turned on while the call runs."""
        return self

    def __del__(self) -> None:
        self._call.dropped()


def find(flavor: Flavor) -> tuple[TrainingCall, FrameType] | None:
    """Find the training call that this code is called in.

    Args:
        flavor: Whose training calls to look for.

    Returns:
        The outermost call of one, and its frame; None if there is none.
    """
    patches: dict[str, list[Patch]] = {}
    for patch in flavor.patches():
        if patch.role is Role.TRAINS:
            patches.setdefault(patch.target.rpartition(".")[2], []).append(patch)
    outermost = None
    for frame in stack():
        for patch in patches.get(frame.f_code.co_name, ()):
            call = _call_in(frame, patch, flavor)
            if call is not None:
                outermost = call, frame
                break
    return outermost


def _call_in(frame: FrameType, patch: Patch, flavor: Flavor) -> TrainingCall | None:
    """Return the call that a frame is of, if it is one of an entry point."""
    class_name, _, name = patch.target.rpartition(".")
    code, module = frame.f_code, sys.modules.get(patch.module)
    if module is None or (not class_name and _function(module, name, code) is None):
        return None
    variables = variables_of(frame)
    if variables is None:
        return None
    if not class_name:
        return TrainingCall(flavor, _function(module, name, code), None, *_arguments(code, variables), name)
    instance = variables.pop(code.co_varnames[0], None)
    owner, kinds = own_attributes(module).get(class_name), bases_of(type(instance))
    if owner in kinds:
        for kind in kinds if patch.subclasses else (owner,):
            function = _function(kind, name, code)
            if function is not None:
                bound = MethodType(function, instance)
                return TrainingCall(flavor, bound, instance, *_arguments(code, variables), name)
    return None


def _function(owner: Any, name: str, code: CodeType) -> Any:
    """Return the function that a module or a class defines under a name, if a frame runs the code of that one."""
    function = innermost(own_attributes(owner).get(name))
    return function if getattr(function, "__code__", None) is code else None


def _arguments(code: CodeType, variables: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return the arguments of a call by position and by name, as its function has them at this moment.

    Args:
        code: The code of the function.
        variables: The variables of the call; those of a method without its instance.
    """
    count = code.co_argcount + code.co_kwonlyargcount
    names, rest = code.co_varnames[:count], iter(code.co_varnames[count:])
    args: tuple[Any, ...] = ()
    if code.co_flags & inspect.CO_VARARGS:  # then what stands before them was passed by position
        positional, names = names[: code.co_argcount], names[code.co_argcount :]
        args = (*(variables[name] for name in positional if name in variables), *variables.get(next(rest), ()))
    kwargs = {name: variables[name] for name in names if name in variables}
    if code.co_flags & inspect.CO_VARKEYWORDS:
        kwargs |= variables.get(next(rest), {})
    return args, kwargs


def _position(frame: FrameType | None) -> tuple[int, int] | None:
    """Return which frame it is, and where its code is."""
    return (id(frame), frame.f_lasti) if frame is not None else None
