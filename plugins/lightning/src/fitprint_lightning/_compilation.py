"""A module that was compiled, as it was before: what `torch.compile` makes cannot be pickled."""

from __future__ import annotations

import copy
from typing import Any

_COMPILED = ("forward", "training_step", "validation_step", "test_step", "predict_step")
"""The methods that Lightning replaces on the module itself when it trains what `torch.compile` returned."""


def without_compilation(module: Any) -> Any:
    """Return the module itself, or for a compiled one a copy with the methods of its class, which shares the weights.

    Args:
        module: The Lightning module.
    """
    if getattr(module, "_compiler_ctx", None) is None:
        return module
    plain = copy.copy(module)
    for name in _COMPILED:
        vars(plain).pop(name, None)
    plain._compiler_ctx = None
    return plain
