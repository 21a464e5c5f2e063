"""Searches for the best params: any estimator that sets ``cv_results_``."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin, RegressorMixin

from fitprint.plugin import ChildRun, Params, jsonable, to_json
from fitprint_sklearn._fitted import final
from fitprint_sklearn._params import estimator_params, readable


def is_search(model: Any) -> bool:
    """Return whether a fitted estimator is a search, which keeps a table of candidates and their params."""
    results = getattr(model, "__dict__", {}).get("cv_results_")
    return isinstance(results, dict) and "params" in results


def best_params(search: Any) -> dict[str, Any]:
    """Return the best candidate's params, as ``best_<param>``."""
    params = getattr(search, "best_params_", None) or {}
    return {f"best_{name}": _described(value) for name, value in params.items()}


def best_metrics(search: Any) -> dict[str, float]:
    """Return ``best_cv_score`` (MLflow's name), and what else is known about the best candidate."""
    metrics = {}
    score = getattr(search, "best_score_", None)
    if score is not None:
        metrics["best_cv_score"] = float(score)
    index = getattr(search, "best_index_", None)
    if index is not None:
        metrics["best_index"] = float(index)
        metrics |= {f"best_{name}": value for name, value in _numbers(search.cv_results_, int(index)).items()}
    metrics["candidates"] = float(len(search.cv_results_["params"]))
    if hasattr(search, "refit_time_"):
        metrics["refit_time"] = float(search.refit_time_)
    return metrics


def scoring_tag(scoring: Any, estimator: Any, refit: Any = None) -> dict[str, str]:
    """Return the tag ``scoring``: by which measure a search or a cross-validation compares models, if it has a name.

    Args:
        scoring: The argument of that name.
        estimator: What is validated. Without ``scoring`` its own ``score`` is the measure.
        refit: The argument of that name: of several measures, the one that chooses the best candidate.
    """
    if scoring is None:
        owner = next((cls for cls in type(final(estimator)).__mro__ if "score" in vars(cls)), None)
        scoring = {ClassifierMixin: "accuracy", RegressorMixin: "r2"}.get(owner)
    elif not isinstance(scoring, str):
        scoring = refit
    return {"scoring": scoring} if isinstance(scoring, str) else {}


def scoring_tag_of(search: Any) -> dict[str, str]:
    """Return the tag ``scoring`` of a search."""
    asked = (getattr(search, name, None) for name in ("scoring", "estimator", "refit"))
    return scoring_tag(*asked)


def results_table(search: Any) -> str:
    """Return ``cv_results_`` as CSV, with one row per candidate and the params as JSON."""
    results = search.cv_results_
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(results)
    columns = [_cells(name, values) for name, values in results.items()]
    writer.writerows(zip(*columns, strict=True))
    return text.getvalue()


def best_candidates(search: Any) -> Iterator[ChildRun]:
    """Yield the candidates as child runs, best first, rebuilt from the table."""
    results = search.cv_results_
    estimator = getattr(search, "estimator", None)
    inner = estimator_params(estimator) if hasattr(estimator, "get_params") else Params({})
    cls = type(search if estimator is None else estimator)
    tags = {"estimator_name": cls.__name__, "estimator_class": f"{cls.__module__}.{cls.__qualname__}"}
    tags |= scoring_tag_of(search)
    for position in _ranking(search):
        yield ChildRun(
            cls.__name__,
            _candidate_params(inner, results["params"][position]),
            _numbers(results, position),
            tags,
        )


def _candidate_params(inner: Params, candidate: Mapping[str, Any]) -> Params:
    """Return the params of a candidate. An estimator that it puts in the place of another brings its own params."""
    params, unchanged = dict(inner), {*inner.unchanged} - {*candidate}
    for name, value in sorted(candidate.items(), key=lambda pair: pair[0].count("__")):
        params = {other: value for other, value in params.items() if not other.startswith(f"{name}__")}
        params[name] = readable(value)
        if hasattr(value, "get_params"):
            of_value = estimator_params(value)
            params |= {f"{name}__{inside}": param for inside, param in of_value.items()}
            unchanged -= {other for other in unchanged if other.startswith(f"{name}__")}
            unchanged |= {f"{name}__{inside}" for inside in of_value.unchanged}
    return Params(params, unchanged)


def _ranking(search: Any) -> list[int]:
    """Return the positions of the candidates, best first: the search's own choice, then by the score it refits by.

    In a halving search the candidates of a later iteration come first, because they were trained on more.
    """
    results = search.cv_results_
    names = [name for name in results if name.startswith("rank_test_")]
    by = f"rank_test_{getattr(search, 'refit', None)}"
    name = by if by in names else next(iter(names), None)
    total = len(results["params"])
    ranks = np.zeros(total) if name is None else np.asarray(results[name])
    order = np.lexsort((ranks, -np.asarray(results.get("iter", np.zeros(total)))))
    best = getattr(search, "best_index_", None)
    first = [] if best is None else [int(best)]
    return first + [int(position) for position in order if int(position) not in first]


def _numbers(results: dict[str, Any], position: int) -> dict[str, float]:
    """Return a candidate's numbers from the columns that MLflow chooses: no params, and no scores of single folds."""
    numbers = {}
    for name, values in results.items():
        if not name.startswith(("param", "split")) and np.asarray(values).dtype.kind in "biuf":
            numbers[name] = float(values[position])
    return numbers


def _cells(name: str, values: Any) -> list[str]:
    if name == "params":
        return [to_json(jsonable({key: _described(value) for key, value in params.items()})) for params in values]
    masked = np.ma.getmaskarray(values).tolist() if np.ma.isMaskedArray(values) else [False] * len(values)
    pairs = zip(np.ma.getdata(values), masked, strict=True)
    return ["" if hidden else str(_described(value)) for value, hidden in pairs]


def _described(value: Any) -> Any:
    """Return the text of a candidate's value. For an estimator that is its repr, because only its params may differ."""
    if isinstance(value, np.ndarray) and value.ndim > 1:  # perhaps rows of the data, such as initial centers
        return f"{value.dtype} array of shape {value.shape}"
    return " ".join(repr(value).split()) if hasattr(value, "get_params") else readable(value)
