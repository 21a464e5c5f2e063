"""Searches for the best params, wherever they are in an estimator: their tables and their best candidates."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from pyspark.ml import Pipeline

from fitprint.plugin import ChildRun, to_json
from fitprint_spark import _tree


@dataclass(frozen=True)
class Search:
    """A search that has ended."""

    estimator: Any
    """The CrossValidator or the TrainValidationSplit, as it was fitted."""
    model: Any
    """What it has found."""
    names: _tree.Names
    """The names of the parts of the outermost estimator."""
    prefix: str
    """What the names of its files begin with: nothing for the only search of a run, or for the outermost estimator."""

    @property
    def candidates(self) -> list[dict[str, Any]]:
        """The params of each candidate, as ``<part>.<param>``."""
        return [
            {_tree.param_name(param, self.names): _tree.readable(value, self.names) for param, value in one.items()}
            for one in self.estimator.getEstimatorParamMaps()
        ]

    @property
    def metrics(self) -> dict[str, list[float]]:
        """The values of each metric, one for each candidate: the first metric is the one that decides."""
        name = metric_name(self.estimator.getEvaluator())
        if hasattr(self.model, "validationMetrics"):
            return {name: [float(value) for value in self.model.validationMetrics]}
        values_by_name = {
            f"avg_{name}": self.model.avgMetrics,
            f"std_{name}": getattr(self.model, "stdMetrics", None) or [],
        }
        return {key: [float(value) for value in values] for key, values in values_by_name.items() if len(values)}

    @property
    def order(self) -> list[int]:
        """The numbers of the candidates, the best first: that one is the best for Spark too."""
        values = np.asarray(next(iter(self.metrics.values())))
        larger = self.estimator.getEvaluator().isLargerBetter()
        best = int(np.argmax(values) if larger else np.argmin(values))
        ordered = np.argsort(-values if larger else values, kind="stable").tolist()
        return [best, *(number for number in ordered if number != best)]


def metric_name(evaluator: Any) -> str:
    """Return the name of the metric of an evaluator; that of its class if it has none."""
    return str(evaluator.getMetricName()) if hasattr(evaluator, "getMetricName") else type(evaluator).__name__


def searches(estimator: Any, model: Any, names: _tree.Names) -> list[Search]:
    """Return the searches in the tree of an estimator.

    Args:
        estimator: The estimator as it was fitted.
        model: What `fit` has returned.
        names: The names of the parts of the estimator.
    """
    pairs = list(_pairs(estimator, model))
    alone = len(pairs) == 1
    return [
        Search(one, fitted, names, "" if alone or one is estimator else f"{names[one.uid]}_") for one, fitted in pairs
    ]


def _pairs(estimator: Any, model: Any) -> Iterator[tuple[Any, Any]]:
    if _tree.is_search(estimator):
        yield estimator, model
    elif isinstance(estimator, Pipeline):
        for stage, fitted in zip(_tree.parts_below(estimator), getattr(model, "stages", ()), strict=False):
            yield from _pairs(stage, fitted)


def best_params(search: Search) -> dict[str, Any]:
    """Return the params of the best candidate, as ``best_<part>.<param>``."""
    return {f"best_{name}": value for name, value in search.candidates[search.order[0]].items()}


def best_metrics(search: Search) -> dict[str, float]:
    """Return the number of candidates, which one is the best, and its metrics."""
    best = search.order[0]
    values = {f"best_{name}": values[best] for name, values in search.metrics.items()}
    numbers = {"candidates": float(len(search.candidates)), "best_index": float(best)}
    return {search.prefix + name: value for name, value in {**values, **numbers}.items()}


def artifacts(search: Search) -> dict[str, Any]:
    """Return the table of the candidates, and the params of the best one."""
    return {
        f"{search.prefix}search_results.csv": _table(search),
        f"{search.prefix}best_parameters.json": search.candidates[search.order[0]],
    }


def _table(search: Search) -> str:
    """Return a row for each candidate, with the columns that MLflow's table has."""
    candidates, metrics = search.candidates, search.metrics
    names = list(dict.fromkeys(name for one in candidates for name in one))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["params", *metrics, *(f"param.{name}" for name in names)])
    for number, one in enumerate(candidates):
        values = [values[number] for values in metrics.values()]
        writer.writerow([to_json(one), *values, *(one.get(name, "") for name in names)])
    return text.getvalue()


def children(search: Search) -> Iterator[ChildRun]:
    """Yield the candidates of a search, the best first."""
    maps, tuned = search.estimator.getEstimatorParamMaps(), search.estimator.getEstimator()
    for number in search.order:
        yield _child(tuned.copy(maps[number]), search.names, {name: v[number] for name, v in search.metrics.items()})


def children_of_maps(estimator: Any, maps: Any, names: _tree.Names) -> Iterator[ChildRun]:
    """Yield a run for each of the param maps that `fit` was given in a list, in their order."""
    for one in maps:
        yield _child(estimator.copy(one), names, {})


def _child(estimator: Any, names: _tree.Names, metrics: Mapping[str, float]) -> ChildRun:
    return ChildRun(type(estimator).__name__, _tree.params_of(estimator, names), metrics, class_tags(estimator))


def class_tags(estimator: Any) -> dict[str, str]:
    """Return MLflow's tags about the class of an estimator."""
    cls = type(estimator)
    return {"estimator_name": cls.__name__, "estimator_class": f"{cls.__module__}.{cls.__qualname__}"}


def about(search: Search) -> dict[str, Any]:
    """Return what MLflow's ``estimator_info.json`` has about a search."""
    tuned = search.estimator.getEstimator()
    values = _tree.params_of(tuned, search.names)
    own = f"{search.names[tuned.uid]}."
    below = tuple(f"{name}." for name in search.names.values())
    named = {name if name.startswith(below) else own + name: value for name, value in values.items()}
    return {"tuning_parameter_map_list": search.candidates, "tuned_estimator_parameter_map": named}
