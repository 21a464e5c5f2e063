"""What a call of `fit` says, before and after it: params, metrics, artifacts, child runs, and what it has trained."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from fitprint.plugin import ChildRun, Params, TrainingCall
from fitprint_spark import _allowlist, _jobs, _predicting, _schemas, _searches, _summaries, _tree

_SAMPLE_ROWS = 5


def model_of(call: TrainingCall) -> Any:
    """Return what was trained, and remember what is known of it; None if these are several models."""
    if isinstance(call.result, list):
        call.skip("model", "param maps", "a list of param maps trains a model for each, and none of them is the best")
        return None
    about = _schemas.known(call.result)
    about.schema = getattr(_dataset(call), "schema", None)
    about.dfs_tmpdir = call.settings.own.get("dfs_tmpdir")
    about.allowed = _allowlist.allowed(call)
    return call.result


def params(call: TrainingCall) -> Params:
    """Return the params of the estimator and of everything in it."""
    all_params = _tree.params_of(*_estimator(call))
    maps = call.argument("params")
    if isinstance(maps, (list, tuple)):
        all_params["param_maps"] = len(maps)
    return all_params


def late_params(call: TrainingCall) -> Mapping[str, Any]:
    """Return the best params of searches."""
    return {name: value for search in _searches_in(call) for name, value in _searches.best_params(search).items()}


def metrics(call: TrainingCall) -> dict[str, float]:
    """Return what searches have found, and what training summaries say."""
    if isinstance(call.result, list):
        return {}
    of_searches = {
        name: value for search in _searches_in(call) for name, value in _searches.best_metrics(search).items()
    }
    return of_searches | _summaries.metrics(call, call.result, _estimator(call)[1])


def artifacts(call: TrainingCall) -> dict[str, Any]:
    """Return the facts about the data, the tree of the estimator, and the tables of searches."""
    estimator, names = _estimator(call)
    files: dict[str, Any] = {}
    if hasattr(_dataset(call), "schema"):
        files["dataset.json"] = _summaries.dataset_facts(call, _dataset(call))
    if len(names) > 1:
        about = {names[search.estimator.uid]: _searches.about(search) for search in _searches_in(call)}
        files["estimator_info.json"] = {"hierarchy": _tree.hierarchy(estimator, names), **about}
    for search in _searches_in(call):
        files |= _searches.artifacts(search)
    return files


def children(call: TrainingCall) -> Iterable[ChildRun]:
    """Yield the candidates of searches, the best first, or one run for each of several param maps."""
    estimator, names = _estimator(call)
    if isinstance(call.result, list):
        yield from _searches.children_of_maps(estimator, call.argument("params"), names)
    for search in _searches_in(call):
        yield from _searches.children(search)


def sample(call: TrainingCall) -> Any:
    """Return a few rows for an input example, if one is asked for: the signature needs none."""
    columns = _schemas.columns_of(call.result, _jobs.session()) if call.settings.log_input_examples else None
    if columns is None or columns.inputs is None:
        return None
    return _predicting.rows(_dataset(call), columns.inputs, _SAMPLE_ROWS)


def score_name(call: TrainingCall) -> str:
    """Return the name of the metric that a call of an evaluator makes: what the evaluator itself calls it."""
    return _searches.metric_name(_tree.with_params(call.instance, call.argument("params")))


def _dataset(call: TrainingCall) -> Any:
    return call.argument("dataset", next(iter(call.args), None))


def _estimator(call: TrainingCall) -> tuple[Any, _tree.Names]:
    """Return the estimator with the params that `fit` was given, and the names of its parts."""
    if "estimator" not in call.cache:
        estimator = _tree.with_params(call.instance, call.argument("params"))
        call.cache["estimator"] = estimator, _tree.names_of(estimator)
    estimator_and_names: tuple[Any, _tree.Names] = call.cache["estimator"]
    return estimator_and_names


def _searches_in(call: TrainingCall) -> list[_searches.Search]:
    if isinstance(call.result, list):
        return []
    estimator, names = _estimator(call)
    return _searches.searches(estimator, call.result, names)
