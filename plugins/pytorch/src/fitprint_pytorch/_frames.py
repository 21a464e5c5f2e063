"""What the callers tell: a module among the user's variables, where no call of it was seen; and who has called."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import FrameType
from typing import Any

from torch import nn

from fitprint_pytorch._modules import plain_module

_MOST_FRAMES = 30


def module_with(parameters: set[int]) -> nn.Module | None:
    """Return the module in a variable of the callers, or in an attribute of their ``self``, that has some parameters.

    Args:
        parameters: The `id` of each parameter.
    """
    for value in _values(sys._getframe(1)):
        if isinstance(value, nn.Module):
            module = plain_module(value)
            if parameters <= {id(parameter) for parameter in module.parameters()}:
                found: nn.Module = module
                return found
    return None


def is_called_by(module: str) -> bool:
    """Return whether a module is among the nearest callers.

    Args:
        module: The name of the module.
    """
    frame: FrameType | None = sys._getframe(1)
    for _ in range(_MOST_FRAMES):
        if frame is None:
            return False
        if frame.f_globals.get("__name__", "").startswith(module):
            return True
        frame = frame.f_back
    return False


def _values(frame: FrameType | None) -> Iterator[Any]:
    for _ in range(_MOST_FRAMES):
        if frame is None:
            return
        if frame.f_globals.get("__name__", "").partition(".")[0] not in ("torch", "fitprint", "fitprint_pytorch"):
            variables = list(frame.f_locals.items())
            yield from (value for _, value in variables)
            for name, value in variables:
                if name == "self" and not isinstance(value, nn.Module):
                    yield from list(getattr(value, "__dict__", {}).values())
            if frame.f_code.co_name != "<module>":
                yield from list(frame.f_globals.values())
        frame = frame.f_back
