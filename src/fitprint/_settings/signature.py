"""The signature of a function that takes settings: it names each of them, for `help()` and for editors at run time."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, TypeVar

from fitprint._settings.table import TABLE

Function = TypeVar("Function", bound=Callable[..., Any])


def names_settings(function: Function) -> Function:
    """Decorate a function that takes ``**settings``: `inspect.signature` then names each setting with its default.

    What the function accepts does not change: it also takes MLflow's names, and those of a flavor's own settings.
    """
    signature = inspect.signature(function)
    parameters = [*signature.parameters.values()]
    own = signature.parameters.keys()
    keywords = [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=setting.default,
            annotation=setting.metadata["read"].annotation,
        )
        for name, setting in TABLE.items()
        if name not in own and name != "flavors"  # of all settings, the one that only the general call has
    ]
    others = parameters[-1].replace(name="other_names", annotation="Any")
    vars(function)["__signature__"] = signature.replace(parameters=[*parameters[:-1], *keywords, others])
    return function
