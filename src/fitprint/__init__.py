"""One call, and every training call of every supported ML framework leaves a run and a model package.

>>> import fitprint
>>> fitprint.autolog()

Importing this loads no framework, and neither numpy, pandas nor yaml: most names are imported when first asked for.
"""

from typing import TYPE_CHECKING, Any

from fitprint._autolog import autolog, disable, get_tracking_uri, set_experiment, set_tracking_uri
from fitprint._late import late
from fitprint._session import suppress
from fitprint._version import __version__

if TYPE_CHECKING:
    from fitprint import models, pyfunc, testing
    from fitprint._flavor import Child, Declared, Emit, Flavor, Patch, Role, Rule, TrainingCall
    from fitprint._fluent import (
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
    from fitprint._run.active import active_run, end_run, start_run
    from fitprint._run.reading import get_run, runs, search_runs
    from fitprint._run.remembered import last_run, run_of
    from fitprint._run.run import Run
    from fitprint._saving import ModelInfo, log_model, package_model, save_model
    from fitprint._status import status
    from fitprint.models import infer_signature
    from fitprint.models.package import Package
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
    "fitprint._flavor": ("Child", "Declared", "Emit", "Flavor", "Patch", "Role", "Rule", "TrainingCall"),
    "fitprint._fluent": (
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
    "fitprint._run.active": ("active_run", "end_run", "start_run"),
    "fitprint._run.reading": ("get_run", "runs", "search_runs"),
    "fitprint._run.remembered": ("last_run", "run_of"),
    "fitprint._run.run": ("Run",),
    "fitprint._saving": ("ModelInfo", "log_model", "package_model", "save_model"),
    "fitprint._status": ("status",),
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
    from fitprint._namespaces import module_or_flavor

    return module_or_flavor(name)


def __dir__() -> list[str]:
    from fitprint._autolog import known_flavors

    return sorted({*__all__, *known_flavors()})
