"""One call, and every training call of every supported ML framework leaves a run and a model package.

>>> import fitprint
>>> fitprint.autolog()

Importing this loads no framework, and neither numpy, pandas nor yaml: each name is imported when it is first used.
The types of the names are declared in ``__init__.pyi``.
"""

from importlib import import_module
from typing import Any

from fitprint._core.lazy import late
from fitprint._version import __version__ as __version__

_NAMES = {
    "fitprint._api.autolog": ("autolog", "disable", "get_tracking_uri", "set_tracking_uri"),
    "fitprint._api.checkpoints": ("package_checkpoint",),
    "fitprint._api.evaluate": ("evaluate",),
    "fitprint._api.evaluation_result": ("EvaluationResult",),
    "fitprint._api.experiments": (
        "Experiment",
        "create_experiment",
        "get_experiment",
        "get_experiment_by_name",
        "set_experiment",
    ),
    "fitprint._api.models": ("ModelInfo", "log_model", "package_model", "save_model"),
    "fitprint._api.run_logging": (
        "get_artifact_uri",
        "log_artifact",
        "log_artifacts",
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
    "fitprint._api.status": ("status",),
    "fitprint._core.call_scope": ("suppress",),
    "fitprint._runs.active": ("active_run", "end_run", "last_active_run", "start_run"),
    "fitprint._runs.checkpoints": ("Checkpoint",),
    "fitprint._runs.index": ("last_run", "run_of"),
    "fitprint._runs.read": ("RunList", "get_run", "runs", "search_runs"),
    "fitprint._runs.record": ("Skip",),
    "fitprint._runs.run": ("Run",),
    "fitprint._settings.arguments": ("AutologSettings",),
    "fitprint.models": ("infer_signature",),
    "fitprint.pyfunc": ("load_model",),
}
"""From each module to the public names that it defines."""
_MODULES = ("engines", "models", "plugin", "pyfunc", "stores", "testing")
"""The public modules, imported when they are first used too."""

__all__ = sorted([*(name for names in _NAMES.values() for name in names), *_MODULES, "__version__"])


def __getattr__(name: str) -> Any:
    """Return a public name, a public module, or the namespace of a registered flavor."""
    if name in _MODULES:
        return import_module(f"fitprint.{name}")
    if name in __all__:
        return late(__name__, name, _NAMES)
    if name.startswith("_"):
        raise AttributeError(f"module 'fitprint' has no attribute {name!r}")
    return import_module("fitprint._api.namespaces").namespace(name)


def __dir__() -> list[str]:
    return sorted({*__all__, *import_module("fitprint._instrumentation.registry").known_flavors()})
