"""What fitprint passes to a flavor that saves a model, and what the flavor returns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fitprint._core.publish import publish


def _keep_no_reason(what: str, rule: str, reason: str) -> None:
    """Ignore the reason: nobody asked for it."""


@dataclass(frozen=True)
class SaveContext:
    """What `Flavor.save` gets besides the model and the package."""

    options: Mapping[str, Any] = field(default_factory=dict)
    """The flavor's own options of this call of ``log_model`` or ``save_model``; see `Flavor.save_options`."""
    skip: Callable[[str, str, str], object] = _keep_no_reason
    """Stores why a part of the package is missing; takes the name of the part, the rule, and the reason."""


@dataclass(frozen=True)
class SavedModel:
    """What `Flavor.save` says about the model that it has written."""

    keys: Mapping[str, Any] = field(default_factory=dict)
    """The keys of the flavor's entry in MLmodel. The key ``data`` is passed to the generic flavor too."""
    pyfunc: Mapping[str, Any] | None = field(default_factory=dict)
    """Keys to add to the generic flavor, or to change there; a key with the value None is left out.

    None instead of a mapping means that the model cannot predict, so that the package has no generic flavor.
    """
    loader_module: str | None = None
    """The module with ``_load_pyfunc`` that loads this model elsewhere; None for the `loader_module` of the flavor.

    A module of the plugin itself is copied into the package. Any other module has to be importable where the model is
    loaded.
    """
    modules: Iterable[str] = ()
    """Modules that loading imports, besides those that the pickles in the package name.

    Their distributions are among the requirements; modules of the user's own are copied into the package.
    """
    loader_of_named_tensors: str | None = None
    """The `loader_module` of a package whose signature has named tensors, which MLflow's own loader may not take."""


publish("fitprint.plugin", SaveContext, SavedModel)
