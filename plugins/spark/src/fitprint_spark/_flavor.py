"""Spark MLlib's flavor: the answers to the questions of fitprint's plugin contract."""

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
from fitprint_spark import (
    _allowlist,
    _jobs,
    _packages,
    _predicting,
    _schemas,
    _searches,
    _sizes,
    _summaries,
    _tree,
)

_SAMPLE_ROWS = 5


class SparkFlavor(Flavor):
    """Spark MLlib: ``fit`` of every estimator, and evaluators that are called afterwards."""

    api_version = (2, 0)
    loader_module = "mlflow.spark"
    model_argument = "spark_model"
    save_options = _packages.SAVE_OPTIONS
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
            "On a cluster, a folder that the driver and all executors share, for models on their way.",
            unset="MLFLOW_DFS_TMP, or /tmp/fitprint",
        ),
    }

    def patches(self) -> Sequence[Patch]:
        return [
            Patch("pyspark.ml.base", "Estimator.fit", subclasses=True),
            Patch("pyspark.ml.base", "Transformer.transform", subclasses=True, role=Role.PREDICTS),
            Patch("pyspark.ml.evaluation", "Evaluator.evaluate", subclasses=True, role=Role.SCORES),
        ]

    def model(self, call: TrainingCall) -> Any:
        if isinstance(call.result, list):
            call.skip(
                "model", "param maps", "a list of param maps trains a model for each, and none of them is the best"
            )
            return None
        about = _schemas.known(call.result)
        about.schema = getattr(_dataset(call), "schema", None)
        about.dfs_tmpdir = call.settings.own.get("dfs_tmpdir")
        about.allowed = _allowlist.allowed(call)
        return call.result

    def run_name(self, call: TrainingCall, model: Any = None) -> str:
        return type(call.instance).__name__

    def params(self, call: TrainingCall) -> Mapping[str, Any]:
        estimator, names = _estimator(call)
        params = _tree.params_of(estimator, names)
        if isinstance(call.argument("params"), (list, tuple)):
            params["param_maps"] = len(call.argument("params"))
        return params

    def late_params(self, call: TrainingCall) -> Mapping[str, Any]:
        return {name: value for search in _found(call) for name, value in _searches.best_params(search).items()}

    def tags(self, call: TrainingCall) -> Mapping[str, str]:
        return _searches.class_tags(call.instance)

    def metrics(self, call: TrainingCall) -> Mapping[str, float]:
        if isinstance(call.result, list):
            return {}
        found = {name: value for search in _found(call) for name, value in _searches.best_metrics(search).items()}
        return found | _summaries.metrics(call, call.result, _estimator(call)[1])

    def artifacts(self, call: TrainingCall) -> Mapping[str, Any]:
        estimator, names = _estimator(call)
        artifacts: dict[str, Any] = {}
        if hasattr(_dataset(call), "schema"):
            artifacts["dataset.json"] = _summaries.dataset_facts(call, _dataset(call))
        if len(names) > 1:
            about = {names[search.estimator.uid]: _searches.about(search) for search in _found(call)}
            artifacts["estimator_info.json"] = {"hierarchy": _tree.hierarchy(estimator, names), **about}
        for search in _found(call):
            artifacts |= _searches.artifacts(search)
        return artifacts

    def children(self, call: TrainingCall) -> Iterable[ChildRun]:
        estimator, names = _estimator(call)
        if isinstance(call.result, list):
            yield from _searches.children_of_maps(estimator, call.argument("params"), names)
        for search in _found(call):
            yield from _searches.children(search)

    def sample(self, call: TrainingCall) -> Any:
        """Return a few rows for an input example, if one is asked for: the signature needs none."""
        columns = _schemas.columns_of(call.result, _jobs.session()) if call.settings.log_input_examples else None
        return (
            None
            if columns is None or columns.inputs is None
            else _predicting.rows(_dataset(call), columns.inputs, _SAMPLE_ROWS)
        )

    def score_name(self, call: TrainingCall) -> str:
        return _searches.metric_name(_tree.with_params(call.instance, call.argument("params")))

    def signature(self, model: Any) -> DeclaredSignature | None:
        return _schemas.signature(model, _jobs.session())

    def predict(self, model: Any, data: Any, params: Mapping[str, Any] | None = None) -> Any:
        return _predicting.predict(model, data)

    def save(self, model: Any, package: Package, context: SaveContext) -> SavedModel:
        return _packages.save(model, package, context)

    def load(self, folder: Path, config: Mapping[str, Any]) -> Any:
        return _packages.load(folder, config)

    def needs_trust(self, config: Mapping[str, Any]) -> str | None:
        return "Spark imports the classes that the files of its stages name"

    def size(self, model: Any) -> int | None:
        return _sizes.size(model)

    def requirements(self, model: Any) -> Iterable[str]:
        return ("pyspark", "numpy")


def _dataset(call: TrainingCall) -> Any:
    return call.argument("dataset", next(iter(call.args), None))


def _estimator(call: TrainingCall) -> tuple[Any, _tree.Names]:
    """Return the estimator with the params that `fit` was given, and the names of its parts."""
    if "estimator" not in call.cache:
        estimator = _tree.with_params(call.instance, call.argument("params"))
        call.cache["estimator"] = estimator, _tree.names_of(estimator)
    found: tuple[Any, _tree.Names] = call.cache["estimator"]
    return found


def _found(call: TrainingCall) -> list[_searches.Search]:
    if isinstance(call.result, list):
        return []
    return _searches.searches(*_estimator(call)[:1], call.result, _estimator(call)[1])
