"""Searches over params: any estimator that sets ``cv_results_``."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from fitprint import Child
from fitprint._core.jsonable import dumps, plain
from fitprint_sklearn._params import estimator_params, shown


def is_search(model: Any) -> bool:
    """Whether a fitted estimator is a search: it keeps a table of candidates and their params."""
    results = getattr(model, "__dict__", {}).get("cv_results_")
    return isinstance(results, dict) and "params" in results


def best_params(search: Any) -> dict[str, Any]:
    """The best candidate's params, as ``best_<param>``."""
    found = getattr(search, "best_params_", None) or {}
    return {f"best_{name}": _described(value) for name, value in found.items()}


def best_metrics(search: Any) -> dict[str, float]:
    """``best_cv_score`` (MLflow's name), and what else is known of the best candidate."""
    found = {}
    score = getattr(search, "best_score_", None)
    if score is not None:
        found["best_cv_score"] = float(score)
    index = getattr(search, "best_index_", None)
    if index is not None:
        found["best_index"] = float(index)
        found |= {f"best_{name}": value for name, value in _numbers(search.cv_results_, int(index)).items()}
    found["candidates"] = float(len(search.cv_results_["params"]))
    if hasattr(search, "refit_time_"):
        found["refit_time"] = float(search.refit_time_)
    return found


def results_table(search: Any) -> str:
    """``cv_results_`` as CSV, a row per candidate; params as JSON."""
    results = search.cv_results_
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(results)
    columns = [_cells(name, values) for name, values in results.items()]
    writer.writerows(zip(*columns, strict=True))
    return text.getvalue()


def best_candidates(search: Any) -> Iterator[Child]:
    """The candidates as child runs, best first, rebuilt from the table."""
    results = search.cv_results_
    estimator = getattr(search, "estimator", None)
    inner = estimator_params(estimator) if hasattr(estimator, "get_params") else {}
    kind = type(search if estimator is None else estimator)
    tags = {"estimator_name": kind.__name__, "estimator_class": f"{kind.__module__}.{kind.__qualname__}"}
    for position in _ranking(search):
        yield Child(
            kind.__name__,
            _candidate_params(inner, results["params"][position]),
            _numbers(results, position),
            tags,
        )


def _candidate_params(inner: dict[str, Any], candidate: Mapping[str, Any]) -> dict[str, Any]:
    """The params of the estimator as the candidate has them; what it puts in a step's place has params of its own."""
    found = dict(inner)
    for name, value in sorted(candidate.items(), key=lambda pair: pair[0].count("__")):
        found = {each: kept for each, kept in found.items() if not each.startswith(f"{name}__")}
        found[name] = shown(value)
        if hasattr(value, "get_params"):
            found |= {f"{name}__{each}": kept for each, kept in estimator_params(value).items()}
    return found


def _ranking(search: Any) -> list[int]:
    """The positions of the candidates, best first: the search's own choice, then by the rank of what it refits by.

    Of a halving search the candidates of a later iteration come first: they were given more to learn from.
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
    return first + [int(each) for each in order if int(each) not in first]


def _numbers(results: dict[str, Any], position: int) -> dict[str, float]:
    """A candidate's numbers, MLflow's choice of columns: neither params nor the scores of single folds."""
    found = {}
    for name, values in results.items():
        if not name.startswith(("param", "split")) and np.asarray(values).dtype.kind in "biuf":
            found[name] = float(values[position])
    return found


def _cells(name: str, values: Any) -> list[str]:
    if name == "params":
        return [dumps(plain({key: _described(value) for key, value in each.items()})) for each in values]
    masked = np.ma.getmaskarray(values).tolist() if np.ma.isMaskedArray(values) else [False] * len(values)
    shown_values = zip(np.ma.getdata(values), masked, strict=True)
    return ["" if hidden else str(_described(value)) for value, hidden in shown_values]


def _described(value: Any) -> Any:
    """A value among candidates: of an estimator its repr, for two of a class may differ in their params alone."""
    if isinstance(value, np.ndarray) and value.ndim > 1:  # rows of the data, maybe: where to begin from
        return f"{value.dtype} array of shape {value.shape}"
    return " ".join(repr(value).split()) if hasattr(value, "get_params") else shown(value)
