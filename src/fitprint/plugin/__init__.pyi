"""The names of `fitprint.plugin` with their types, for editors and type checkers."""

from fitprint._core.call_scope import is_recording
from fitprint._core.guard import attempt
from fitprint._core.jsonable import jsonable, to_json
from fitprint._core.quiet_streams import quietly
from fitprint._core.rows import row_count, take_rows
from fitprint._core.signal_handlers import own, suppress_own
from fitprint._settings import parsers
from fitprint._settings.table import setting
from fitprint.models import (
    ModelSignature,
    Package,
    PackageError,
    Schema,
    TensorSpec,
    dump_model,
    infer_signature,
    load_pickle,
    member,
    pickle_format,
)
from fitprint.models.distributions import distribution_of_module, installed_version
from fitprint.models.pickling import UNPICKLING_ERRORS, Unpickler, by_value_pickler
from fitprint.models.saved_model import SaveContext, SavedModel
from fitprint.plugin import metrics
from fitprint.plugin.arguments import accepted_kwargs, positional_names
from fitprint.plugin.boosting import BoostingFlavor
from fitprint.plugin.by_callback import CallbackRecording
from fitprint.plugin.callbacks import SafeCallback
from fitprint.plugin.containers import ContainerOrigins, UnknownColumns, example_row
from fitprint.plugin.contract import Flavor, Rule, StepRecorder, TrainingCall, Watcher
from fitprint.plugin.distributed import (
    PartOfDistributed,
    columns_of_parts,
    distributed_history,
    known_shape,
    row_like_parts,
)
from fitprint.plugin.emit import BestModel, ChildRun, Emit
from fitprint.plugin.engine import Engine, EngineTask, Sending, WorkerReport, WorkerSetup
from fitprint.plugin.entry_points import Patch, Role
from fitprint.plugin.instrumentation import API_VERSION
from fitprint.plugin.listeners import Listener, MetricHistory, ModelInTraining, safe_callback
from fitprint.plugin.model_format import DeclaredSignature
from fitprint.plugin.params import Params, default_values, unchanged
from fitprint.plugin.recorded_call import SecondsUnknown
from fitprint.plugin.training_rows import (
    TrainingRows,
    rows_within_budget,
    skip_several_values,
    training_metrics,
    with_training_prefix,
)

__all__ = [
    "API_VERSION",
    "UNPICKLING_ERRORS",
    "BestModel",
    "BoostingFlavor",
    "CallbackRecording",
    "ChildRun",
    "ContainerOrigins",
    "DeclaredSignature",
    "Emit",
    "Engine",
    "EngineTask",
    "Flavor",
    "Listener",
    "MetricHistory",
    "ModelInTraining",
    "ModelSignature",
    "Package",
    "PackageError",
    "Params",
    "PartOfDistributed",
    "Patch",
    "Role",
    "Rule",
    "SafeCallback",
    "SaveContext",
    "SavedModel",
    "Schema",
    "SecondsUnknown",
    "Sending",
    "StepRecorder",
    "TensorSpec",
    "TrainingCall",
    "TrainingRows",
    "UnknownColumns",
    "Unpickler",
    "Watcher",
    "WorkerReport",
    "WorkerSetup",
    "accepted_kwargs",
    "attempt",
    "by_value_pickler",
    "columns_of_parts",
    "default_values",
    "distributed_history",
    "distribution_of_module",
    "dump_model",
    "example_row",
    "infer_signature",
    "installed_version",
    "is_recording",
    "jsonable",
    "known_shape",
    "load_pickle",
    "member",
    "metrics",
    "own",
    "parsers",
    "pickle_format",
    "positional_names",
    "quietly",
    "row_count",
    "row_like_parts",
    "rows_within_budget",
    "safe_callback",
    "setting",
    "skip_several_values",
    "suppress_own",
    "take_rows",
    "to_json",
    "training_metrics",
    "unchanged",
    "with_training_prefix",
]
