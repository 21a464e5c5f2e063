"""`evaluate`: all metrics of a model on data at once, returned as a table and added to the model's run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fitprint._api.evaluated_model import EvaluatedModel
from fitprint._api.evaluation_result import EvaluationResult
from fitprint._api.evaluation_run import record_evaluation
from fitprint._core.call_scope import suppress
from fitprint._core.guard import attempt, describe, warn_once
from fitprint._core.publish import publish
from fitprint._core.variable_names import calling_frame, variable_name
from fitprint._recorder.evaluation import argument_text
from fitprint._runs.record import Skip
from fitprint.plugin.metrics.evaluation import (
    EvaluationFacts,
    classifier_evaluation,
    clusterer_evaluation,
    regressor_evaluation,
)
from fitprint.plugin.metrics.problem import (
    CLUSTERER,
    MODEL_TYPES,
    REGRESSOR,
    as_labels,
    as_values,
    model_type_of,
)

_WITHOUT_MEANING = frozenset({"evaluators", "feature_names", "dataset_path", "env_manager", "model_id"})
_CHANGING_THE_RESULT = frozenset({"extra_metrics", "custom_artifacts", "inference_params", "model_config"})
_OF_CONFIG = {"pos_label": "pos_label", "sample_weights": "sample_weight"}
"""Keys of MLflow's `evaluator_config`, and the arguments that they mean."""


def evaluate(
    model: Any = None,
    X: Any = None,
    y: Any = None,
    *,
    predictions: Any = None,
    probabilities: Any = None,
    sample_weight: Any = None,
    pos_label: Any = None,
    model_type: str | None = None,
    data_name: str | None = None,
    data: Any = None,
    targets: Any = None,
    evaluator_config: Mapping[str, Any] | None = None,
    **mlflow: Any,
) -> EvaluationResult:
    """Compute all metrics of a model on data, and add them to the model's run.

    The metrics are those of MLflow's default evaluator, with the same names and values: of a regressor, of a classifier
    of two or of several classes, or of a clusterer. A classifier also has its confusion matrix and, where it has class
    probabilities, its ROC and precision-recall curves. In the run, each name ends with the name of the data:
    ``accuracy_score_X_test``, ``roc_curve_X_test.json``.

    The metrics are added to the run that trained this very model. If the model was loaded from a package, they are
    added to the run of the package, which is looked for in the configured store and in the store that contains the
    package. If only predictions are passed, they are added to the run of the model that made them, if that is known.
    Otherwise they are added to the active run, or else to a new one.

    Args:
        model: The trained model, a loaded package, the path or URI of a package, or a function that predicts. None if
            `predictions` are given.
        X: The inputs. They can only be left out if `predictions` are given.
        y: The true values, or the name of the column of `X` that has them. They are not needed for a clusterer, or for
            a model with its own score that needs only inputs.
        predictions: Predictions to evaluate instead of those of the model, such as classes by a threshold of your own.
            Or the name of a column: of `X`, or of the model's predictions if there is a model.
        probabilities: Class probabilities in place of the model's own: of the second class, or of each class.
        sample_weight: The weights of the rows.
        pos_label: The positive one of two labels, by default the greater one.
        model_type: ``classifier``, ``regressor`` or ``clusterer``, if this cannot be known from the model and the data.
        data_name: The name of the data, by default that of the variable which holds `X`.
        data: MLflow's name for `X`.
        targets: MLflow's name for `y`.
        evaluator_config: MLflow's form of `pos_label` and ``sample_weights``. Other keys are ignored.
        **mlflow: Other arguments of MLflow's function. They are ignored, except those that would change the result.

    Returns:
        The metrics, the curves and tables, what is missing and why, and the run.

    Raises:
        TypeError: The model cannot predict, something is missing, or an argument is unknown or has no counterpart here.
        ValueError: The shapes of arguments and predictions do not match, or a label or the model type is unknown.
        SchemaError: The inputs do not fit the signature of the package.
    """
    _refuse_unknown(mlflow)
    config = {_OF_CONFIG[key]: value for key, value in (evaluator_config or {}).items() if key in _OF_CONFIG}
    inputs, target = (X if X is not None else data), (y if y is not None else targets)
    frame = calling_frame()
    if data_name is None:
        data_name = variable_name(inputs if inputs is not None else target, frame)
    passed = _read(
        inputs,
        target,
        predictions,
        probabilities,
        sample_weight if sample_weight is not None else config.get("sample_weight"),
        pos_label if pos_label is not None else config.get("pos_label"),
        model_type,
        has_model=model is not None,
    )
    with suppress():  # whatever the model calls in order to predict, it is no training of the user
        evaluated = EvaluatedModel(model) if model is not None else None
        facts = _facts(evaluated, passed)
    skipped = [Skip(name, "metric", reason) for name, reason in facts.reasons.items()]
    result = EvaluationResult(facts.problem, facts.metrics, facts.artifacts, skipped, data_name)
    named = {"model": model, "X": inputs, "y": target, "predictions": predictions, "probabilities": probabilities}
    texts = (f"{name}={argument_text(value, frame)}" for name, value in named.items() if value is not None)
    return record_evaluation(
        result, evaluated, passed.inputs, (predictions, probabilities), f"evaluate({', '.join(texts)})"
    )


@dataclass(frozen=True)
class _Passed:
    """What the caller of `evaluate` has passed."""

    inputs: Any
    target: Any
    predictions: Any
    output_column: str | None
    """The name of the predictions among several columns of what the model returns."""
    probabilities: Any
    sample_weight: Any
    pos_label: Any
    model_type: str | None


def _refuse_unknown(arguments: Mapping[str, Any]) -> None:
    """Name MLflow's arguments that have no meaning here in a line of the log.

    Raises:
        TypeError: An argument is unknown, or would change the result in MLflow.
    """
    for name, value in arguments.items():
        if name in _CHANGING_THE_RESULT and value is not None:
            raise TypeError(
                f"evaluate() has no {name}: compute it yourself, and add it with run_of(model).log_metric()"
            )
        if name not in _CHANGING_THE_RESULT | _WITHOUT_MEANING:
            raise TypeError(f"evaluate() has no argument {name!r}")
        if value not in (None, "default"):
            warn_once(("evaluate", name), f"evaluate(): {name} has no effect in fitprint and is ignored")


def _read(
    inputs: Any,
    target: Any,
    predictions: Any,
    probabilities: Any,
    sample_weight: Any,
    pos_label: Any,
    model_type: str | None,
    *,
    has_model: bool,
) -> _Passed:
    """Read the arguments: columns that were named are taken out of the inputs.

    Raises:
        TypeError: Something is missing.
        ValueError: The model type is unknown, or there is no such column.
    """
    if model_type is not None and model_type not in MODEL_TYPES:
        raise ValueError(f"evaluate(): model_type must be one of {', '.join(MODEL_TYPES)}, not {model_type!r}")
    output_column = None
    if isinstance(target, str):
        target, inputs = _column(inputs, target)
    if isinstance(predictions, str) and has_model:
        output_column, predictions = predictions, None
    elif isinstance(predictions, str):
        predictions, inputs = _column(inputs, predictions)
    if predictions is None and (not has_model or inputs is None):
        raise TypeError("evaluate() needs a model and inputs, or predictions: evaluate(model, X, y)")
    return _Passed(inputs, target, predictions, output_column, probabilities, sample_weight, pos_label, model_type)


def _column(table: Any, name: str) -> tuple[Any, Any]:
    """Return a column of a table, and the table without it.

    Raises:
        ValueError: There is no such column.
    """
    if name not in getattr(table, "columns", ()):
        raise ValueError(f"evaluate(): the data has no column {name!r}")
    return table[name], table.drop(columns=name) if hasattr(table, "iloc") else table.drop(name)


def _facts(model: EvaluatedModel | None, passed: _Passed) -> EvaluationFacts:
    """Return the metrics. Whatever a model raises when it predicts is raised.

    Raises:
        TypeError: There are neither true values nor a score that needs none.
    """
    model_type = passed.model_type or (model.model_type if model is not None else None)
    rows = model.rows(passed.inputs) if model is not None and passed.inputs is not None else passed.inputs
    if passed.target is None and model_type != CLUSTERER:
        facts = EvaluationFacts("score", {}, {}, {})
    else:
        facts = _facts_of_predictions(model, passed, model_type, rows)
    if model is not None and passed.predictions is None:
        facts = _with_own_score(facts, model, passed, rows)
    if not facts.metrics:
        raise TypeError("evaluate() needs the true values: evaluate(model, X, y)")
    return facts


def _facts_of_predictions(
    model: EvaluatedModel | None, passed: _Passed, model_type: str | None, rows: Any
) -> EvaluationFacts:
    predicted = passed.predictions
    if predicted is None and model is not None:
        predicted = model.predict(rows)
    if passed.output_column is not None:
        predicted, _ = _column(predicted, passed.output_column)
    if model_type == CLUSTERER:
        return clusterer_evaluation(rows, predicted, passed.target)
    scores, classes, reason = passed.probabilities, None, None
    if scores is None and model is not None and rows is not None and model_type != REGRESSOR:
        succeeded, answer = attempt(model.probabilities, rows)
        if not succeeded:
            reason = f"the class probabilities could not be computed: {describe(answer)}"
        elif answer is not None:
            scores, classes = answer
    if (model_type or model_type_of(passed.target, predicted, scores is not None)) == REGRESSOR:
        return regressor_evaluation(as_values(passed.target, predicted), passed.sample_weight)
    labels = as_labels(passed.target, predicted, scores, classes)
    facts = classifier_evaluation(labels, passed.sample_weight, passed.pos_label)
    return facts if reason is None else facts._replace(reasons={**facts.reasons, "probabilities": reason})


def _with_own_score(facts: EvaluationFacts, model: EvaluatedModel, passed: _Passed, rows: Any) -> EvaluationFacts:
    """Add what the model itself says of its quality on the data, if it does."""
    succeeded, score = attempt(model.score, rows, passed.target, passed.sample_weight, facts.metrics)
    if not succeeded:
        return facts._replace(reasons={**facts.reasons, "score": f"the model's score raised {describe(score)}"})
    return facts if score is None else facts._replace(metrics={**facts.metrics, "score": score})


publish("fitprint", evaluate)
