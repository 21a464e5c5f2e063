"""One call, and every training call of every supported ML framework leaves a run and a model package.

>>> import fitprint
>>> fitprint.autolog()

Importing this loads no framework, and neither numpy, pandas nor yaml: most names are imported when first asked for.
"""

from typing import TYPE_CHECKING, Any

from fitprint._api.autolog import autolog, disable, get_tracking_uri, set_experiment, set_tracking_uri
from fitprint._core.call_scope import suppress
from fitprint._core.lazy import late
from fitprint._version import __version__

if TYPE_CHECKING:
    from fitprint import models, pyfunc, testing
    from fitprint._api.models import ModelInfo, log_model, package_model, save_model
    from fitprint._api.run_logging import (
        log_artifact,
        log_dict,
        log_figure,
        log_metric,
        log_metrics,
        log_param,
        log_params,
        log_text,
        set_tag,
        set_tags,
    )
    from fitprint._api.status import status
    from fitprint._runs.active import active_run, end_run, start_run
    from fitprint._runs.index import last_run, run_of
    from fitprint._runs.read import get_run, runs, search_runs
    from fitprint._runs.run import Run
    from fitprint.models import infer_signature
    from fitprint.models.package import Package
    from fitprint.plugin.flavor import Child, Declared, Emit, Flavor, Patch, Role, Rule, TrainingCall
    from fitprint.pyfunc import load_model

__all__ = [
    "Child",
    "Declared",
    "Emit",
    "Flavor",
    "ModelInfo",
    "Package",
    "Patch",
    "Role",
    "Rule",
    "Run",
    "TrainingCall",
    "__version__",
    "active_run",
    "autolog",
    "disable",
    "end_run",
    "get_run",
    "get_tracking_uri",
    "infer_signature",
    "last_run",
    "load_model",
    "log_artifact",
    "log_dict",
    "log_figure",
    "log_metric",
    "log_metrics",
    "log_model",
    "log_param",
    "log_params",
    "log_text",
    "models",
    "package_model",
    "pyfunc",
    "run_of",
    "runs",
    "save_model",
    "search_runs",
    "set_experiment",
    "set_tag",
    "set_tags",
    "set_tracking_uri",
    "start_run",
    "status",
    "suppress",
    "testing",
]

_MODULES = {
    "fitprint.plugin.flavor": ("Child", "Declared", "Emit", "Flavor", "Patch", "Role", "Rule", "TrainingCall"),
    "fitprint._api.run_logging": (
        "log_artifact",
        "log_dict",
        "log_figure",
        "log_metric",
        "log_metrics",
        "log_param",
        "log_params",
        "log_text",
        "set_tag",
        "set_tags",
    ),
    "fitprint._runs.active": ("active_run", "end_run", "start_run"),
    "fitprint._runs.read": ("get_run", "runs", "search_runs"),
    "fitprint._runs.index": ("last_run", "run_of"),
    "fitprint._runs.run": ("Run",),
    "fitprint._api.models": ("ModelInfo", "log_model", "package_model", "save_model"),
    "fitprint._api.status": ("status",),
    "fitprint.models": ("infer_signature",),
    "fitprint.models.package": ("Package",),
    "fitprint.pyfunc": ("load_model",),
}


def __getattr__(name: str) -> Any:
    """A late name, a public module, or the namespace of a registered flavor."""
    if name.startswith("_"):
        raise AttributeError(f"module 'fitprint' has no attribute {name!r}")
    if name in __all__ and name not in ("models", "pyfunc", "testing"):
        return late(__name__, name, _MODULES)
    from fitprint._api.namespaces import module_or_flavor

    return module_or_flavor(name)


def __dir__() -> list[str]:
    from fitprint._api.autolog import known_flavors

    return sorted({*__all__, *known_flavors()})
