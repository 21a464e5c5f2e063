"""Spark MLlib's flavor: the answers to the questions of fitprint's plugin contract.

What imports ``pyspark.ml`` is imported where it is first needed: it takes seconds, and programs that use Spark without
it do not have to wait for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from fitprint.plugin import (
    ChildRun,
    DeclaredSignature,
    Flavor,
    Package,
    Patch,
    Role,
    SaveContext,
    SavedModel,
    TrainingCall,
    parsers,
    setting,
)


class SparkFlavor(Flavor):
    """Spark MLlib: ``fit`` of every estimator, and evaluators that are called afterwards."""

    api_version = (2, 1)
    loader_module = "mlflow.spark"
    model_argument = "spark_model"
    save_options = ("dfs_tmpdir",)
    defaults = {  # noqa: RUF012  read only
        "max_model_size": "1GB",
        "exclude_estimators": ("pyspark.ml.feature.*",),
        "max_metric_seconds": 2.0,  # a single job takes a tenth of a second
    }
    settings = {  # noqa: RUF012  read only
        "log_model_allowlist": setting(
            None,
            parsers.patterns,
            "Package only models of these classes, as MLflow's setting of this name; a name may end in *.",
            unset="all",
        ),
        "dfs_tmpdir": setting(
            None,
            parsers.text,
            "On a cluster, a folder that the driver and all executors share, for writing and reading models.",
            unset="MLFLOW_DFS_TMP, or /tmp/fitprint",
        ),
    }

    def patches(self) -> Sequence[Patch]:
        return [
            Patch("pyspark.ml.base", "Estimator.fit", subclasses=True, gives_way=True),  # as to XGBoost's estimators
            Patch("pyspark.ml.base", "Transformer.transform", subclasses=True, role=Role.PREDICTS),
            Patch("pyspark.ml.evaluation", "Evaluator.evaluate", subclasses=True, role=Role.SCORES),
        ]

    def model(self, call: TrainingCall) -> Any:
        from fitprint_spark import _calls

        return _calls.model_of(call)

    def run_name(self, call: TrainingCall, model: Any = None) -> str:
        return type(call.instance).__name__

    def params(self, call: TrainingCall) -> Mapping[str, Any]:
        from fitprint_spark import _calls

        return _calls.params(call)

    def late_params(self, call: TrainingCall) -> Mapping[str, Any]:
        from fitprint_spark import _calls

        return _calls.late_params(call)

    def tags(self, call: TrainingCall) -> Mapping[str, str]:
        from fitprint_spark import _searches

        return _searches.class_tags(call.instance)

    def metrics(self, call: TrainingCall) -> Mapping[str, float]:
        from fitprint_spark import _calls

        return _calls.metrics(call)

    def artifacts(self, call: TrainingCall) -> Mapping[str, Any]:
        from fitprint_spark import _calls

        return _calls.artifacts(call)

    def children(self, call: TrainingCall) -> Iterable[ChildRun]:
        from fitprint_spark import _calls

        return _calls.children(call)

    def sample(self, call: TrainingCall) -> Any:
        from fitprint_spark import _calls

        return _calls.sample(call)

    def score_name(self, call: TrainingCall) -> str:
        from fitprint_spark import _calls

        return _calls.score_name(call)

    def signature(self, model: Any) -> DeclaredSignature | None:
        from fitprint_spark import _jobs, _schemas

        return _schemas.signature(model, _jobs.session())

    def predict(self, model: Any, data: Any, params: Mapping[str, Any] | None = None) -> Any:
        from fitprint_spark import _predicting

        return _predicting.predict(model, data)

    def save(self, model: Any, package: Package, context: SaveContext) -> SavedModel:
        from fitprint_spark import _packages

        return _packages.save(model, package, context)

    def load(self, folder: Path, config: Mapping[str, Any]) -> Any:
        from fitprint_spark import _packages

        return _packages.load(folder, config)

    def needs_trust(self, config: Mapping[str, Any]) -> str | None:
        return "Spark imports the classes that the files of its stages name"

    def size(self, model: Any) -> int | None:
        from fitprint_spark import _sizes

        return _sizes.size(model)

    def requirements(self, model: Any) -> Iterable[str]:
        return ("pyspark", "numpy")
