"""H2O's flavor: the answers to the questions of fitprint's plugin contract."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from h2o.estimators import H2OGenericEstimator

from fitprint.plugin import (
    ChildRun,
    ContainerOrigins,
    Flavor,
    Package,
    Params,
    Patch,
    Role,
    SaveContext,
    SavedModel,
    TrainingCall,
    quietly,
)
from fitprint_h2o import _frames, _packages, _params, _results, _search, loader
from fitprint_h2o._known import KnownModels

_CATEGORIES = {"Binomial": "classifier", "Multinomial": "classifier", "Ordinal": "classifier"} | {
    "Regression": "regressor",
    "Clustering": "clusterer",
}
_NO_INPUTS = ("response_column", "weights_column", "fold_column")


def imported(call: TrainingCall) -> str | None:
    """Leave out a model that is only imported: the rule's reason."""
    is_import = isinstance(call.instance, H2OGenericEstimator)
    return "H2OGenericEstimator imports a model and trains none" if is_import else None


def in_background(call: TrainingCall) -> str | None:
    """Leave out a call that only starts a training: the rule's reason."""
    is_started = call.name == "train" and getattr(call.instance, "_future", False)
    return "the training goes on in the background: join() is recorded" if is_started else None


class H2OFlavor(Flavor):
    """H2O: ``train`` of every estimator, of ``H2OGridSearch`` and of ``H2OAutoML``.

    The data and the models are in the cluster. What is recorded comes from what H2O itself says of a model, and of the
    data only the columns and a few rows are asked for.
    """

    api_version = (2, 0)
    loader_module = "mlflow.h2o"
    model_argument = "h2o_model"
    save_options = ("format",)
    rules = (imported, in_background)

    def __init__(self) -> None:
        self._origins = ContainerOrigins()
        self._known = KnownModels()

    def patches(self) -> Sequence[Patch]:
        return [
            *(
                Patch(module, f"{owner}.{name}", subclasses=True)
                for module, owner in (
                    ("h2o.estimators.estimator_base", "H2OEstimator"),
                    ("h2o.grid.grid_search", "H2OGridSearch"),
                )
                for name in ("train", "join")
            ),
            Patch("h2o.automl._estimator", "H2OAutoML.train", subclasses=True),
            Patch("h2o.frame", "H2OFrame._upload_python_object", role=Role.WATCHED),
            Patch("h2o.frame", "H2OFrame.split_frame", role=Role.WATCHED),
            Patch("h2o.model.model_base", "ModelBase.predict", subclasses=True, role=Role.PREDICTS),
            Patch("h2o.frame", "H2OFrame.as_data_frame", role=Role.PREDICTS),
            Patch("h2o.model.model_base", "ModelBase.model_performance", subclasses=True, role=Role.SCORES),
        ]

    def watched(self, call: TrainingCall) -> None:
        """Remember the dtypes of the table that a frame was made from, also for the parts that it is split into."""
        if call.name == "split_frame":
            for part in call.result:
                self._origins.remember(part, data=self._origins.columns(call.instance))
        else:
            self._origins.remember(call.instance, data=call.argument("python_obj"))

    def params(self, call: TrainingCall) -> Params:
        if "params" not in call.cache:
            call.cache["params"] = _params.call_params(call)
        known: Params = call.cache["params"]
        return known

    def late_params(self, call: TrainingCall) -> Mapping[str, Any]:
        if _search.is_search(call.instance):
            return _search.best_params(call)
        return _params.chosen_params(call.instance, self.params(call))

    def model(self, call: TrainingCall) -> Any:
        if not _search.is_search(call.instance):
            model = call.instance
        elif (model := _search.best_model(call)) is None:
            call.skip("model", "search", "the search has trained no model, perhaps because its time was too short")
            return None
        else:
            call.other_names = ("best_estimator",)
        self._known.add(model, call.instance if model is not call.instance else None)
        return model

    def run_name(self, call: TrainingCall, model: Any = None) -> str:
        return type(call.instance).__name__

    def tags(self, call: TrainingCall) -> Mapping[str, str]:
        cls = type(call.instance)
        names = {"estimator_name": cls.__name__, "estimator_class": f"{cls.__module__}.{cls.__qualname__}"}
        if _search.is_search(call.instance):
            return {**names, **_search.tags(call)}
        return {**names, "algorithm": str(call.instance.algo)}

    def metrics(self, call: TrainingCall) -> Mapping[str, float]:
        values = _search.metrics(call) if _search.is_search(call.instance) else {}
        model = self._model_of(call)
        if model is None:
            return values
        last = _results.emit_history(model, call.emit)
        if not call.settings.log_training_metrics:
            call.skip("training metrics", "log_training_metrics", "turned off")
            return values
        return {**values, **_results.metrics_of(model, last)}

    def artifacts(self, call: TrainingCall) -> Mapping[str, Any]:
        files: dict[str, Any] = dict(_search.artifacts(call)) if _search.is_search(call.instance) else {}
        model = self._model_of(call)
        if model is None:
            return files
        files |= _results.tables(model)
        if variables := _results.importances(model):
            files["feature_importance.json"] = variables
        if frame := self._training_frame(call, model):
            files["dataset.json"] = _frames.facts_of(frame, model._model_json.get("response_column_name"))
        return files

    def children(self, call: TrainingCall) -> Iterable[ChildRun]:
        return _search.children(call) if _search.is_search(call.instance) else ()

    def sample(self, call: TrainingCall) -> Any:
        model = self._model_of(call)
        frame = self._training_frame(call, model) if model is not None else None
        if frame is None or not _packages.predicts(model):
            return None
        names = self._inputs_of(model, frame)
        columns = self._origins.columns(call.argument("training_frame") if call.name == "train" else None)
        dtypes = {str(name): dtype for name, dtype in columns.dtypes.items()} if hasattr(columns, "dtypes") else {}
        rows = _frames.first_rows(frame, names, dtypes if hasattr(columns, "columns") else {})
        call.predicted = rows, _frames.predict_first(model, frame, names)
        return rows

    def shapes(self, call: TrainingCall) -> Mapping[str, tuple[int, ...]]:
        frame = call.argument("training_frame") if call.name == "train" else None
        return {"inputs": tuple(frame.shape)} if frame is not None else {}

    def predicts_with(self, call: TrainingCall) -> Any:
        if call.name == "as_data_frame":
            return self._known.model_of(call.instance)
        return self._known.recorded(call.instance)

    def predictions(self, call: TrainingCall) -> Any:
        if call.name == "predict":
            self._known.add_predictions(call.result, self.predicts_with(call))
        return call.result

    def scored_predictions(self, call: TrainingCall) -> Iterable[Any]:
        return (self._known.recorded(call.instance),) if call.argument("test_data") is not None else ()

    def predicted_data(self, call: TrainingCall) -> Any:
        return call.argument("test_data")

    def rows_of(self, data: Any) -> Any:
        return None  # they stay in the cluster

    def scores(self, call: TrainingCall) -> Mapping[str, float]:
        return _results.numbers_of(call.result)

    def predict(self, model: Any, data: Any, params: Mapping[str, Any] | None = None) -> Any:
        with quietly():
            return loader.predict(model, data)

    def model_type(self, model: Any) -> str | None:
        return _CATEGORIES.get(_results.output_of(model)["model_category"])

    def save(self, model: Any, package: Package, context: SaveContext) -> SavedModel:
        return _packages.save(model, package, context)

    def load(self, folder: Path, config: Mapping[str, Any]) -> Any:
        return _packages.load(folder, config)

    def needs_trust(self, config: Mapping[str, Any]) -> str | None:
        return "a model of H2O consists of Java objects, which the cluster creates by the names of their classes"

    def requirements(self, model: Any) -> Iterable[str]:
        return ("h2o", "pandas", "PyYAML")

    def _model_of(self, call: TrainingCall) -> Any:
        return _search.best_model(call) if _search.is_search(call.instance) else call.instance

    def _training_frame(self, call: TrainingCall, model: Any) -> Mapping[str, Any] | None:
        """Return what the cluster knows of the training frame; it is asked once. None if there is none any more."""
        if "frame" not in call.cache:
            training_frame = call.argument("training_frame") if call.name == "train" else None
            key = training_frame.frame_id if training_frame is not None else model.actual_params.get("training_frame")
            call.cache["frame"] = _frames.describe(key) if key is not None else None
        described: Mapping[str, Any] | None = call.cache["frame"]
        return described

    @staticmethod
    def _inputs_of(model: Any, frame: Mapping[str, Any]) -> list[str]:
        """Return the columns that the model predicts with, in the order of the frame."""
        used = {*(_results.output_of(model).get("names") or ())}
        left_out = {_params.readable(model.actual_params.get(name)) for name in _NO_INPUTS}
        names = [column["label"] for column in frame["columns"] if column["label"] not in left_out]
        return [name for name in names if name in used] or names
