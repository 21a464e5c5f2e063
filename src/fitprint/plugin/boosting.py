"""What the flavors of gradient boosting libraries share: where the training data is, and the metrics of estimators."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from fitprint.plugin.arguments import accepted_kwargs
from fitprint.plugin.containers import ContainerOrigins, UnknownColumns, example_row
from fitprint.plugin.contract import Flavor, TrainingCall
from fitprint.plugin.listeners import ModelInTraining
from fitprint.plugin.training_rows import TrainingRows, training_metrics


class BoostingFlavor(Flavor):
    """The flavor of a library that has estimators, and functions ``train`` and ``cv`` that take a data container.

    A container, such as ``xgboost.DMatrix``, keeps neither the table that it was made from nor its dtypes. The flavor
    therefore remembers the table, by weak reference, when the container is made: the subclass patches the container's
    ``__init__`` as a `Role.WATCHED` entry point.
    """

    __module__ = "fitprint.plugin"

    container: type[Any]
    """The library's container of training data."""
    container_arguments: Sequence[str]
    """The names that ``train`` and ``cv`` give to the container."""
    regressor: type[Any]
    """The library's base class of regressors."""
    classifier: type[Any]
    """The library's base class of classifiers."""

    classifying_objectives: tuple[str, ...] = ()
    """How the names of the objectives of classifiers begin."""

    def __init__(self) -> None:
        self.origins = ContainerOrigins()

    @abstractmethod
    def container_shape(self, container: Any) -> tuple[int, int]:
        """Return the numbers of rows and columns of a container."""

    @abstractmethod
    def container_label(self, container: Any) -> Any:
        """Return the target as the container itself keeps it, or None."""

    @abstractmethod
    def container_rows(self, container: Any) -> Any:
        """Return a few rows on which a model predicts, of a container whose columns are not known."""

    def arguments(self, call: TrainingCall) -> dict[str, Any]:
        """Return all named arguments of a call, including defaults."""
        return call.arguments("X", "y") if call.instance is not None else call.arguments()

    def training_data(self, call: TrainingCall) -> Any:
        """Return what was passed as training data: the ``X`` of an estimator, or a container."""
        arguments = self.arguments(call)
        names = ("X",) if call.instance is not None else self.container_arguments
        return next((arguments[name] for name in names if arguments.get(name) is not None), None)

    def watched(self, call: TrainingCall) -> None:
        """Remember what a container was made from."""
        self.origins.remember(call.instance, data=call.argument("data"), label=call.argument("label"))

    def in_training(self, call: TrainingCall) -> ModelInTraining:
        """Return what the listener of a call shows the booster to at every iteration."""
        holder: ModelInTraining = call.cache.setdefault("in training", ModelInTraining())
        return holder

    def keeps_on_failure(self, call: TrainingCall, error: BaseException) -> bool:
        """Return whether there is a booster, which then has the iterations before the error. Also of an estimator."""
        call.cache["unfinished"] = call.name != "cv" and self.in_training(call).get() is not None
        return bool(call.cache["unfinished"])

    def trained(self, call: TrainingCall) -> Any:
        """Return the model of a call that has ended; None for cross-validation."""
        if call.cache.get("unfinished"):
            return self.in_training(call).get()
        if call.name == "cv":
            return None
        return call.instance if call.instance is not None else call.result

    def model(self, call: TrainingCall) -> Any:
        """Return the model; cross-validation has none, and the run says so."""
        model = self.trained(call)
        if model is None:
            call.skip("model", "cross-validation", "cross-validation trains one model per fold and keeps none of them")
        return model

    def data(self, call: TrainingCall) -> Any:
        """Return the table that was trained on; None when a container was, and its table no longer exists."""
        return self.table_of(self.training_data(call))

    def sample(self, call: TrainingCall) -> Any:
        """Return the table, or rows like it; `UnknownColumns` when nothing is known of its columns."""
        rows = self.sample_of(self.training_data(call))
        if isinstance(rows, UnknownColumns):
            name = self.container.__name__
            reason = f"the {name} does not tell the types of its columns, and its data is gone or not a table"
            call.skip("signature inputs", "data", reason)
        return rows

    def target(self, call: TrainingCall) -> Any:
        """Return the target: an argument of an estimator's ``fit``, or the label of a container."""
        data = self.training_data(call)
        if not isinstance(data, self.container):
            return self.arguments(call).get("y")
        label = self.origins.alive(data, "label")
        if label is not None and label.shape[0] == self.container_shape(data)[0]:
            return label
        return self.container_label(data)

    def table_of(self, data: Any) -> Any:
        """Return the table that a container was made from, or None when it is gone or has changed; else the data."""
        if not isinstance(data, self.container):
            return data
        table = self.origins.alive(data, "data")
        return table if table is not None and tuple(table.shape) == self.container_shape(data) else None

    def rows_of(self, data: Any) -> Any:
        """Return the rows of data that a model has predicted: those of a container are `table_of` it."""
        return self.table_of(data)

    def sample_of(self, data: Any) -> Any:
        """Return the table itself, for a container the one it was made from, or a row like it, or `UnknownColumns`."""
        table = self.table_of(data)
        if table is not None or not isinstance(data, self.container):
            return table
        columns = self.origins.columns(data)
        row = example_row(columns) if columns is not None else None
        return row if row is not None else UnknownColumns(self.container_rows(data))

    def predict(self, model: Any, data: Any, params: Mapping[str, Any] | None = None) -> Any:
        """Predict, with those params that the model's ``predict`` accepts."""
        rows = data.rows if isinstance(data, UnknownColumns) else data
        return model.predict(rows, **accepted_kwargs(model.predict, params))

    def training_rows(self, call: TrainingCall, model: Any) -> TrainingRows:
        """Return the rows that the metrics of an estimator are computed on.

        Args:
            call: The call of ``fit``.
            model: The estimator.
        """
        return TrainingRows(self.data(call), self.target(call), self.arguments(call).get("sample_weight"))

    def classes_of(self, model: Any) -> Any:
        """Return the classes of a classifier, in the order of its probabilities; None to take them from the target."""
        return model.classes_

    def estimator_metrics(self, call: TrainingCall, model: Any) -> dict[str, float]:
        """Compute metrics on the training rows, also where ``fit`` got evaluation sets whose metrics it keeps itself.

        Args:
            call: The call of ``fit``.
            model: The estimator, or a copy of it, to predict with.

        Returns:
            The metrics by name; none if the model is neither a regressor nor a classifier of the library, such as a
            ranker: the run then says so.
        """
        if not isinstance(model, (self.regressor, self.classifier)):
            if model is not None:
                reason = f"there are none for {type(model).__name__}, which is neither a regressor nor a classifier"
                call.skip("training metrics", "metric", reason)
            return {}
        rows = self.training_rows(call, model)
        if isinstance(model, self.regressor):
            metrics = training_metrics(call, rows, model.predict, None, for_signature=True)
            return _with_score(metrics, "training_r2_score", model, self.regressor)
        probability, classes = model.predict_proba, self.classes_of(model)
        metrics = training_metrics(call, rows, model.predict, probability, classes, for_signature=True)
        return _with_score(metrics, "training_accuracy_score", model, self.classifier)

    def model_type(self, model: Any) -> str | None:
        """Return the type of an estimator; of a booster, what `objective_of` says."""
        if isinstance(model, self.classifier):
            return "classifier"
        if isinstance(model, self.regressor):
            return "regressor"
        objective = self.objective_of(model)
        if objective is None:
            return None
        return "classifier" if objective.startswith(self.classifying_objectives) else "regressor"

    def objective_of(self, model: Any) -> str | None:
        """Return the name of the objective that a booster was trained for; None, the default, if it is not known."""
        return None

    @staticmethod
    def validation_table(result: Any) -> str:
        """Return the result of a cross-validation as CSV, with a row for each iteration."""
        return str(pd.DataFrame(result).to_csv(index=False, lineterminator="\n"))


def _with_score(metrics: dict[str, float], standard: str, model: Any, library_class: type) -> dict[str, float]:
    """Add ``training_score``, unless the user's class has a ``score`` of its own: it is one of the other metrics."""
    score, librarys = (getattr(getattr(of, "score", None), "__qualname__", "") for of in (type(model), library_class))
    return {**metrics, "training_score": metrics[standard]} if standard in metrics and score == librarys else metrics
