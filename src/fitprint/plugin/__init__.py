"""The public interface for plugins: the contracts of a flavor and of an engine, and the helpers that plugins share.

A plugin imports `fitprint` and `fitprint.plugin`, and nothing else of fitprint. Importing this module loads neither
numpy nor pandas: each name is imported when it is first used. Their types are in ``__init__.pyi``.
"""

from typing import Any

from fitprint._core.lazy import late

_MODULES = {
    "fitprint.plugin.contract": ("Flavor", "Rule", "StepRecorder", "TrainingCall", "Watcher"),
    "fitprint.plugin.instrumentation": ("API_VERSION",),
    "fitprint.plugin.recorded_call": ("SecondsUnknown",),
    "fitprint.plugin.model_format": ("DeclaredSignature",),
    "fitprint.plugin.emit": ("BestModel", "ChildRun", "Emit"),
    "fitprint.plugin.entry_points": ("Patch", "Role"),
    "fitprint.plugin.engine": ("Engine", "EngineTask", "Sending", "WorkerReport", "WorkerSetup"),
    "fitprint.plugin.arguments": ("accepted_kwargs", "positional_names"),
    "fitprint.plugin.boosting": ("BoostingFlavor",),
    "fitprint.plugin.by_callback": ("CallbackRecording",),
    "fitprint.plugin.callbacks": ("SafeCallback",),
    "fitprint.plugin.containers": ("ContainerOrigins", "UnknownColumns", "example_row"),
    "fitprint.plugin.distributed": (
        "PartOfDistributed",
        "columns_of_parts",
        "distributed_history",
        "known_shape",
        "row_like_parts",
    ),
    "fitprint.plugin.listeners": ("Listener", "MetricHistory", "ModelInTraining", "safe_callback"),
    "fitprint.plugin.params": ("Params", "default_values", "unchanged"),
    "fitprint.plugin.training_rows": (
        "TrainingRows",
        "rows_within_budget",
        "skip_several_values",
        "training_metrics",
        "with_training_prefix",
    ),
    "fitprint.plugin": ("metrics",),
    "fitprint.models": (
        "ModelSignature",
        "Package",
        "PackageError",
        "Schema",
        "TensorSpec",
        "dump_model",
        "infer_signature",
        "load_pickle",
        "member",
        "pickle_format",
    ),
    "fitprint.models.distributions": ("distribution_of_module", "installed_version"),
    "fitprint.models.saved_model": ("SaveContext", "SavedModel"),
    "fitprint.models.pickling": ("UNPICKLING_ERRORS", "Unpickler", "by_value_pickler"),
    "fitprint._settings": ("parsers",),
    "fitprint._settings.table": ("setting",),
    "fitprint._core.call_scope": ("is_recording",),
    "fitprint._core.guard": ("attempt",),
    "fitprint._core.jsonable": ("jsonable", "to_json"),
    "fitprint._core.quiet_streams": ("quietly",),
    "fitprint._core.rows": ("row_count", "take_rows"),
    "fitprint._core.signal_handlers": ("own", "suppress_own"),
}

__all__ = sorted(name for names in _MODULES.values() for name in names)


def __getattr__(name: str) -> Any:
    return late(__name__, name, _MODULES)


def __dir__() -> list[str]:
    return list(__all__)
