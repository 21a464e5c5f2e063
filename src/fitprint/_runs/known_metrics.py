"""What the names of metrics mean: on which data each is computed, what it measures, and which one is shown first.

Frameworks call one thing by many names: ``auc``, ``AUC`` and ``roc_auc_score``. Where they mean the same, it has one
name here, so that runs of different frameworks can be compared. A number of held-out data and one of the training data
are never the same thing.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Mapping
from typing import NamedTuple

from fitprint._runs.record import Record

HELD_OUT, EVALUATED, VALIDATION, CROSS_VALIDATION, LOGGED, TRAINING = (
    *("held-out", "evaluated", "validation", "cv", "", "training"),
)
BEST_DATA = (HELD_OUT, EVALUATED, VALIDATION, CROSS_VALIDATION, LOGGED, TRAINING)
"""The data that a metric can be of, the best ones to decide by first.

EVALUATED is data that the model has predicted after its training, and that may be the training data or not. LOGGED is a
metric of a known kind whose name says nothing of its data, as users log them.
"""

_LATEST_FIRST = (HELD_OUT, EVALUATED, VALIDATION)
_CHOSEN_BY = {"best_cv_score": 0, "best_value": 0, "best_mean_test_score": 1}
"""What a search or a validation curve has chosen by, as opposed to the value of its latest candidate."""

_ALIASES = {
    "accuracy": "accuracy accuracy_score acc binary_accuracy categorical_accuracy",
    "auc": "auc roc_auc roc_auc_score",
    "r2": "r2 r2_score",
    "balanced accuracy": "balanced_accuracy balanced_accuracy_score",
    "f1": "f1 f1_score",
    "average precision": "average_precision average_precision_score",
    "precision": "precision precision_score",
    "recall": "recall recall_score",
    "mcc": "mcc matthews_corrcoef",
    "rmse": "rmse root_mean_squared_error",
    "mae": "mae l1 mean_absolute_error",
    "mape": "mape mean_absolute_percentage_error",
    "mse": "mse l2 mean_squared_error",
    "log loss": "logloss log_loss binary_logloss multi_logloss mlogloss multiclass",
    "silhouette": "silhouette silhouette_score",
    "oob score": "oob_score",
    "value": "value",
    "score": "score",
    "loss": "loss",
}
_MEASURES = {alias: measure for measure, aliases in _ALIASES.items() for alias in aliases.split()}
_PLACES = {measure: place for place, measure in enumerate(_ALIASES)}
"""The measures in the order in which they are preferred where a run has several of the same data."""

_WORDS = {
    **dict.fromkeys(("training", "train", "learn", "dtrain"), TRAINING),
    **dict.fromkeys(("validation", "valid", "val", "eval", "dev"), VALIDATION),
    **dict.fromkeys(("test", "holdout", "heldout"), HELD_OUT),
    **dict.fromkeys(("cv", "mean_test", "cross_val", "cross_validate_test"), CROSS_VALIDATION),
    "mean_train": TRAINING,
}
_OF_TRAINING = {"rsquared": "r2"}
"""Metrics that are of the training data though their names do not say so, and what they measure."""
_NAMED_FIRST = re.compile(rf"({'|'.join(sorted(_WORDS, key=len, reverse=True))})[_/ ](.+)")
_OF_A_SET = re.compile(r"([^-]+(?:-[^-]+)*)-([^-]+)")
"""``validation_0-auc``, ``my set-auc``: how boosting libraries name the metrics of an evaluation set."""
_NO_QUALITY = re.compile(
    r"(.*_)?(std|rank|split\d+)_.+|.*-stdv?|(.*[_-])?(time|times|index|iter|iteration|step|steps|epoch|epochs)|p_value"
    r"|candidates|n_.+|nobs|df_.+|lr|learning_rate|.+_count|(true|false)_(positives|negatives)|(mean|sum)_on_.+|system/.+"
)
"""The names of numbers that say nothing of how good a model is."""


class KnownMetric(NamedTuple):
    """A metric of a run, with what is known about it."""

    name: str
    value: float
    data: str
    """Of which data it is: one of `BEST_DATA`."""
    measure: str
    """What it measures, such as ``accuracy``, in the vocabulary of all frameworks."""
    of: str = ""
    """The name of the data's variable; of a score, the name of what is scored by."""

    @property
    def label(self) -> str:
        """What it is, as the head of a column: ``held-out accuracy``, ``training auc``."""
        return f"{self.data} {self.measure}".strip()

    def text(self) -> str:
        """Return the metric as the line of a run says it, with the word that says which number it is."""
        value = number_text(self.value)
        if self.data in (HELD_OUT, EVALUATED) and self.of:
            return f"{self.measure} {value} on {self.of}"
        if self.data == TRAINING:
            return f"{self.label} {value}"
        return f"{self.name} ({self.of}) {value}" if self.of else f"{self.name} {value}"


def number_text(value: float) -> str:
    """Return four digits, or six where four would only show the power of ten of a count.

    A share that is nearly 1 has as many as it takes not to look like 1: an accuracy of 0.99996 is not perfect.
    """
    if 0.99995 <= abs(value) < 1:
        return f"{value:.{-math.floor(math.log10(1 - abs(value)))}f}".rstrip("0")
    return f"{value:.4g}" if abs(value) < 1000 else f"{value:.6g}"


def deciding_metric(record: Record) -> KnownMetric | None:
    """Return the metric that people decide by, for every place that shows one number of a run.

    A metric of held-out data comes before one of a validation set, of a cross-validation, and of the training data; of
    equal data, the one that a search chose by, and then the better known measure.

    Args:
        record: The record of the run.

    Returns:
        The metric; None if the run has none that says how good a model is.
    """
    return min(_candidates(record), key=place, default=None)


def known_metrics(record: Record) -> list[KnownMetric]:
    """Return the metrics of a run that say how good its model is, at most one of each data and measure, the best first.

    Args:
        record: The record of the run.
    """
    chosen: dict[str, KnownMetric] = {}
    for metric in sorted(_candidates(record), key=place):
        chosen.setdefault(metric.label, metric)
    return list(chosen.values())


def known_metric(record: Record, name: str) -> KnownMetric | None:
    """Return what is known about one metric of a run; None if it says nothing of how good the model is.

    Args:
        record: The record of the run.
        name: The name of the metric.
    """
    evaluation, value = record.evaluations.get(name), record.metrics[name]
    if evaluation is not None and not str(evaluation.get("metric")).startswith("cross_val"):
        is_training_data = evaluation.get("training_data")
        if not is_training_data and "train" in str(evaluation.get("data")).lower():
            is_training_data = None  # such as all of `X_train`, of which the model was trained on a part
        data = EVALUATED if is_training_data is None else TRAINING if is_training_data else HELD_OUT
        of = str(evaluation.get("data") or ("held-out data" if data == HELD_OUT else "unknown data"))
        metric = str(evaluation.get("metric") or name)
        return None if _NO_QUALITY.fullmatch(metric) else KnownMetric(name, value, data, _measure(metric, record), of)
    if f"mean_{name}" in record.metrics:  # the value of the last fold
        return None
    metric = name if evaluation is None else str(evaluation.get("metric"))
    data, measured = _parsed(metric, record.flavor is not None)
    if not measured:
        return None
    scored_by = record.tags.get("scoring", "") if data == CROSS_VALIDATION and measured == "score" else ""
    measure = _measure(scored_by or measured, record) if measured == "score" else measured
    return KnownMetric(name, value, data, measure, scored_by)


def _candidates(record: Record) -> list[KnownMetric]:
    """Return all metrics of a run that say how good its model is. Of several with the same label the first counts.

    Of evaluations that is the latest one, and of validation sets the last one, which stops a training early. This is
    done for the line of each run, so names that tell enough are not asked about twice.
    """
    is_training = record.flavor is not None
    latest_last: list[KnownMetric] = []
    others: list[KnownMetric] = []
    for name, value in record.metrics.items():
        data, measured = _parsed(name, is_training)
        is_plain = measured != "score" and name not in record.evaluations and f"mean_{name}" not in record.metrics
        metric = KnownMetric(name, value, data, measured) if is_plain else known_metric(record, name)
        if metric is not None and metric.measure and math.isfinite(value):
            (latest_last if metric.data in _LATEST_FIRST else others).append(metric)
    return latest_last[::-1] + others


@functools.lru_cache(maxsize=1024)
def _parsed(name: str, is_training: bool) -> tuple[str, str]:
    """Return of which data a metric is, by its name, and what it measures; an empty text if it measures no quality."""
    name = name.removeprefix("best_")
    if _NO_QUALITY.fullmatch(name):
        return LOGGED, ""
    of_a_set = _OF_A_SET.fullmatch(name.removesuffix("-mean"))
    if of_a_set is not None:
        word = re.split(r"[_ \d]", of_a_set[1].lower(), maxsplit=1)[0]
        if word in _WORDS or (is_training and _canonical(of_a_set[2]) in _PLACES):
            data = _WORDS.get(word, VALIDATION)
            if data != TRAINING:  # a set that was given to the training is no held-out one, whatever its name is
                data = CROSS_VALIDATION if name.endswith("-mean") else VALIDATION
            return data, _canonical(of_a_set[2])
    if name in _OF_TRAINING:
        return TRAINING, _OF_TRAINING[name]
    named_first = _NAMED_FIRST.fullmatch(name)
    if named_first is not None:
        return _WORDS[named_first[1]], _canonical(named_first[2])
    return LOGGED, _canonical(name)


@functools.lru_cache(maxsize=1024)
def _canonical(name: str) -> str:
    """Return the name of a measure in the vocabulary; a name that is not in it as it is."""
    measure = _MEASURES.get(name.lower().partition(":")[0].replace(" ", "_"))
    if measure is None and re.fullmatch(r"[A-Z]\w*_score", name):  # what `score` of a class returns
        return "score"
    return measure or name


def _measure(name: str, record: Record) -> str:
    """Return what a metric of a run measures; the model's own score is another measure for each kind of model."""
    measure = _canonical(name)
    if measure != "score":
        return measure
    scoring = record.tags.get("scoring")
    if scoring is None:
        return _what_score_is(record.metrics)
    is_of_search = name == f"{record.tags.get('class', '').rpartition('.')[2]}_score"
    return _canonical(scoring) if is_of_search and scoring.isidentifier() else measure


def _what_score_is(metrics: Mapping[str, float]) -> str:
    """Return which measure the model's own score is, as the training metrics show it."""
    score = metrics.get("training_score")
    for name, measure in (("training_accuracy_score", "accuracy"), ("training_r2_score", "r2")):
        if score is not None and metrics.get(name) == score:
            return measure
    return "score"


def place(metric: KnownMetric) -> tuple[int, int, int]:
    """Return the sort key of a metric, the best one to decide by first; a run's own order stays among equals."""
    is_known = metric.measure in _PLACES
    data = BEST_DATA.index(metric.data) if is_known or metric.data != LOGGED else len(BEST_DATA)
    return data, _CHOSEN_BY.get(metric.name, len(_CHOSEN_BY)), _PLACES.get(metric.measure, len(_PLACES))
