"""The types of `fitprint`, for editors and type checkers: at run time each name is imported when it is first used."""

from typing import Any

from fitprint import engines as engines
from fitprint import models as models
from fitprint import plugin as plugin
from fitprint import pyfunc as pyfunc
from fitprint import stores as stores
from fitprint import testing as testing
from fitprint._api.autolog import autolog as autolog
from fitprint._api.autolog import disable as disable
from fitprint._api.autolog import get_tracking_uri as get_tracking_uri
from fitprint._api.autolog import set_tracking_uri as set_tracking_uri
from fitprint._api.checkpoints import package_checkpoint as package_checkpoint
from fitprint._api.evaluate import evaluate as evaluate
from fitprint._api.evaluation_result import EvaluationResult as EvaluationResult
from fitprint._api.experiments import Experiment as Experiment
from fitprint._api.experiments import create_experiment as create_experiment
from fitprint._api.experiments import get_experiment as get_experiment
from fitprint._api.experiments import get_experiment_by_name as get_experiment_by_name
from fitprint._api.experiments import set_experiment as set_experiment
from fitprint._api.models import ModelInfo as ModelInfo
from fitprint._api.models import log_model as log_model
from fitprint._api.models import package_model as package_model
from fitprint._api.models import save_model as save_model
from fitprint._api.namespaces import FlavorNamespace
from fitprint._api.run_logging import get_artifact_uri as get_artifact_uri
from fitprint._api.run_logging import log_artifact as log_artifact
from fitprint._api.run_logging import log_artifacts as log_artifacts
from fitprint._api.run_logging import log_dict as log_dict
from fitprint._api.run_logging import log_figure as log_figure
from fitprint._api.run_logging import log_metric as log_metric
from fitprint._api.run_logging import log_metrics as log_metrics
from fitprint._api.run_logging import log_param as log_param
from fitprint._api.run_logging import log_params as log_params
from fitprint._api.run_logging import log_text as log_text
from fitprint._api.run_logging import set_tag as set_tag
from fitprint._api.run_logging import set_tags as set_tags
from fitprint._api.status import status as status
from fitprint._core.call_scope import suppress as suppress
from fitprint._runs.active import active_run as active_run
from fitprint._runs.active import end_run as end_run
from fitprint._runs.active import last_active_run as last_active_run
from fitprint._runs.active import start_run as start_run
from fitprint._runs.checkpoints import Checkpoint as Checkpoint
from fitprint._runs.index import last_run as last_run
from fitprint._runs.index import run_of as run_of
from fitprint._runs.read import RunList as RunList
from fitprint._runs.read import get_run as get_run
from fitprint._runs.read import runs as runs
from fitprint._runs.read import search_runs as search_runs
from fitprint._runs.record import Skip as Skip
from fitprint._runs.run import Run as Run
from fitprint._settings.arguments import AutologSettings as AutologSettings
from fitprint._version import __version__ as __version__
from fitprint.models import infer_signature as infer_signature
from fitprint.pyfunc import load_model as load_model

# the flavors of this repository
catboost: FlavorNamespace
"""The calls of the flavor for CatBoost: `autolog`, `log_model`, ..."""
fastai: FlavorNamespace
"""The calls of the flavor for fastai: `autolog`, `log_model`, ..."""
h2o: FlavorNamespace
"""The calls of the flavor for H2O: `autolog`, `log_model`, ..."""
keras: FlavorNamespace
"""The calls of the flavor for Keras: `autolog`, `log_model`, ..."""
lightgbm: FlavorNamespace
"""The calls of the flavor for LightGBM: `autolog`, `log_model`, ..."""
lightning: FlavorNamespace
"""The calls of the flavor for PyTorch Lightning: `autolog`, `log_model`, ..."""
mleap: FlavorNamespace
"""The calls of the flavor for MLeap: `autolog`, `log_model`, ..."""
mxnet: FlavorNamespace
"""The calls of the flavor for MXNet: `autolog`, `log_model`, ..."""
onnx: FlavorNamespace
"""The calls of the flavor for ONNX: `autolog`, `log_model`, ..."""
optuna: FlavorNamespace
"""The calls of the flavor for Optuna: `autolog`, `log_model`, ..."""
paddle: FlavorNamespace
"""The calls of the flavor for PaddlePaddle: `autolog`, `log_model`, ..."""
prophet: FlavorNamespace
"""The calls of the flavor for Prophet: `autolog`, `log_model`, ..."""
pytorch: FlavorNamespace
"""The calls of the flavor for PyTorch: `autolog`, `log_model`, ..."""
sklearn: FlavorNamespace
"""The calls of the flavor for scikit-learn: `autolog`, `log_model`, ..."""
spacy: FlavorNamespace
"""The calls of the flavor for spaCy: `autolog`, `log_model`, ..."""
spark: FlavorNamespace
"""The calls of the flavor for Spark MLlib: `autolog`, `log_model`, ..."""
statsmodels: FlavorNamespace
"""The calls of the flavor for statsmodels: `autolog`, `log_model`, ..."""
tensorflow: FlavorNamespace
"""The calls of the flavor for TensorFlow: `autolog`, `log_model`, ..."""
transformers: FlavorNamespace
"""The calls of the flavor for transformers: `autolog`, `log_model`, ..."""
xgboost: FlavorNamespace
"""The calls of the flavor for XGBoost: `autolog`, `log_model`, ..."""

# any other flavor
class _OtherFlavor(FlavorNamespace):
    """A flavor that another distribution registers: its own settings are not known here."""

    def autolog(self, *, disable: bool = False, **settings: Any) -> None: ...
    def callback(self, **settings: Any) -> Any: ...
    def logger(self, **settings: Any) -> Any: ...

def __getattr__(name: str) -> _OtherFlavor: ...
