"""Searches for the best model: grids and AutoML."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import h2o
from h2o.automl import H2OAutoML
from h2o.grid import H2OGridSearch

from fitprint.plugin import ChildRun, TrainingCall
from fitprint_h2o import _params, _results

LEADERBOARD = "leaderboard"
"""Where the cache of a call keeps the leaderboard, which the cluster is asked for once."""


def is_search(instance: Any) -> bool:
    """Return whether an object trains many models and ranks them."""
    return isinstance(instance, (H2OGridSearch, H2OAutoML))


def best_model(call: TrainingCall) -> Any:
    """Return the best model of a search, the very object that the user gets; None if there is none."""
    if isinstance(call.instance, H2OAutoML):
        return call.result
    return next(iter(call.instance.models), None)


def best_params(call: TrainingCall) -> dict[str, Any]:
    """Return what the best model of a search is, as ``best_<param>``."""
    best = best_model(call)
    if best is None:
        return {}
    known = {"best_model_id": best.model_id, "best_algo": best.algo}
    if isinstance(call.instance, H2OGridSearch):
        params = _params.model_params(best)
        known |= {f"best_{name}": params.get(name) for name in call.instance.hyper_names}
    return known


def metrics(call: TrainingCall) -> dict[str, float]:
    """Return how many models a search has trained, and how many failed; the run says why they did."""
    if isinstance(call.instance, H2OAutoML):
        return {"models": float(len(_leaderboard(call)["table"].cell_values))}
    failures = call.instance.failure_details or []
    for reason in dict.fromkeys(" ".join(text.split()) for text in failures):
        call.skip("a model of the grid", "h2o", reason)
    return {"models": float(len(call.instance.models)), "failed_models": float(len(failures))}


def artifacts(call: TrainingCall) -> dict[str, str]:
    """Return the table of all models of a search, the best one first."""
    if isinstance(call.instance, H2OAutoML):
        return {"leaderboard.csv": _results.csv_of(_leaderboard(call)["table"])}
    table = call.instance._grid_json["summary_table"]
    return {"search_results.csv": _results.csv_of(table)} if table is not None else {}


def tags(call: TrainingCall) -> dict[str, str]:
    """Return the metric by which a search has ranked its models, in the form of the other flavors."""
    if isinstance(call.instance, H2OAutoML):
        return {"scoring": str(_leaderboard(call)["sort_metric"])}
    sort_by = call.instance._grid_json.get("sort_by")
    return {"scoring": str(sort_by)} if sort_by else {}


def children(call: TrainingCall) -> Iterator[ChildRun]:
    """Yield the models of a search as child runs, best first. A model of AutoML is fetched when it is its turn."""
    if isinstance(call.instance, H2OAutoML):
        table = _leaderboard(call)["table"]
        at = table.col_header.index("model_id")
        fetches = [partial(h2o.get_model, row[at]) for row in table.cell_values]
    else:
        fetches = [partial(_itself, model) for model in call.instance.models]
    for fetch in fetches:
        model = fetch()
        last_values = {name: values[-1][1] for name, values in _results.history_of(model).items()}
        yield ChildRun(
            type(model).__name__,
            _params.model_params(model),
            {**last_values, **_results.metrics_of(model, last_values)},
            {"estimator_name": type(model).__name__, "algorithm": model.algo},
        )


def _itself(model: Any) -> Any:
    return model


def _leaderboard(call: TrainingCall) -> Mapping[str, Any]:
    """Return the leaderboard of AutoML. The library would make a frame of it, which stays in the cluster."""
    if LEADERBOARD not in call.cache:
        data = {"extensions": ["training_time_ms", "algo"]}
        call.cache[LEADERBOARD] = h2o.api(f"GET /99/Leaderboards/{call.instance.key}", data=data)
    leaderboard: Mapping[str, Any] = call.cache[LEADERBOARD]
    return leaderboard
