"""Searches over params: any estimator that sets ``cv_results_``."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

import numpy as np

from fitprint._flavor import Child
from fitprint_sklearn._params import estimator_params, shown


def is_search(model: Any) -> bool:
    """Whether a fitted estimator is a search: it keeps a table of candidates and their params."""
    results = getattr(model, "__dict__", {}).get("cv_results_")
    return isinstance(results, dict) and "params" in results


def best_params(search: Any) -> dict[str, Any]:
    """The best candidate's params, as ``best_<param>``."""
    found = getattr(search, "best_params_", None) or {}
    return {f"best_{name}": shown(value) for name, value in found.items()}


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
    kind = type(estimator)
    tags = {"estimator_name": kind.__name__, "estimator_class": f"{kind.__module__}.{kind.__qualname__}"}
    for position in _ranking(results):
        candidate = {name: shown(value) for name, value in results["params"][position].items()}
        yield Child(kind.__name__, {**inner, **candidate}, _numbers(results, position), tags)


def _ranking(results: dict[str, Any]) -> list[int]:
    """The positions of the candidates, best first: by the only rank, else by the first scorer's."""
    ranks = next((values for name, values in results.items() if name.startswith("rank_test_")), None)
    total = len(results["params"])
    return list(range(total)) if ranks is None else [int(each) for each in np.argsort(ranks, kind="stable")]


def _numbers(results: dict[str, Any], position: int) -> dict[str, float]:
    """A candidate's numbers, MLflow's choice of columns: neither params nor the scores of single folds."""
    found = {}
    for name, values in results.items():
        if not name.startswith(("param", "split")) and np.asarray(values).dtype.kind in "biuf":
            found[name] = float(values[position])
    return found


def _cells(name: str, values: Any) -> list[str]:
    if name == "params":
        return [json.dumps({key: shown(value) for key, value in each.items()}, default=str) for each in values]
    masked = np.ma.getmaskarray(values) if np.ma.isMaskedArray(values) else np.zeros(len(values), bool)
    return ["" if hidden else str(shown(value)) for value, hidden in zip(np.ma.getdata(values), masked, strict=True)]
