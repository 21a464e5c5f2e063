"""The tree of an estimator: its parts, their names, and their params by the names that MLflow gives them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from pyspark.ml import Pipeline
from pyspark.ml.classification import OneVsRest
from pyspark.ml.param import Param
from pyspark.ml.param import Params as SparkParams
from pyspark.ml.tuning import CrossValidator, TrainValidationSplit

from fitprint.plugin import Params

Names = Mapping[str, str]
"""The name of each part by its uid: its class, followed by a number where several parts have the same class."""


def is_search(estimator: Any) -> bool:
    """Return whether an estimator is a search for the best params."""
    return isinstance(estimator, (CrossValidator, TrainValidationSplit))


def with_params(estimator: Any, extra: Any) -> Any:
    """Return an estimator as `fit` trains it: with the params that it was given beside the data.

    Args:
        estimator: The estimator.
        extra: The argument `params` of `fit`. A list of param maps changes nothing here.
    """
    return estimator.copy(extra) if isinstance(extra, dict) and extra else estimator


def values_of(part: Any) -> dict[str, Any]:
    """Return the params of a part that have a value, by name."""
    return {param.name: part.getOrDefault(param) for param in part.params if part.isDefined(param)}


def parts_below(part: Any) -> list[Any]:
    """Return what a part consists of: the stages of a pipeline, or the params that have params themselves."""
    if isinstance(part, Pipeline):
        return list(part.getStages()) if part.isDefined(part.stages) else []
    return [value for value in values_of(part).values() if isinstance(value, SparkParams)]


def walk(part: Any) -> Iterator[Any]:
    """Yield a part and everything below it, each before what it consists of."""
    yield part
    for below in parts_below(part):
        yield from walk(below)


def names_of(estimator: Any) -> Names:
    """Return the names of an estimator and of its parts.

    Args:
        estimator: The outermost estimator.
    """
    parts = {part.uid: type(part).__name__ for part in walk(estimator)}
    several = {name for name, count in Counter(parts.values()).items() if count > 1}
    seen: Counter[str] = Counter()
    names = {}
    for uid, name in parts.items():
        seen[name] += 1
        names[uid] = f"{name}_{seen[name]}" if name in several else name
    return names


def params_of(estimator: Any, names: Names) -> Params:
    """Return the params of an estimator and of everything below it.

    Its own have their names, and the others are called ``<part>.<param>``. The param maps of a search are not among
    them: they are in its table.

    Args:
        estimator: The estimator.
        names: The names of its parts.
    """
    values: dict[str, Any] = {}
    unchanged: set[str] = set()
    for part in walk(estimator):
        prefix = "" if part is estimator else f"{names[part.uid]}."
        for param in part.params:
            if part.isDefined(param) and not (is_search(part) and param.name == "estimatorParamMaps"):
                values[prefix + param.name] = readable(part.getOrDefault(param), names)
                if not part.isSet(param):
                    unchanged.add(prefix + param.name)
    return Params(values, unchanged)


def readable(value: Any, names: Names) -> Any:
    """Return the value of a param as it is recorded: a part by its name, a vector or a matrix as a list."""
    if isinstance(value, SparkParams):
        return names.get(value.uid, type(value).__name__)
    if isinstance(value, Param):
        return param_name(value, names)
    if isinstance(value, (list, tuple)):
        return [readable(one, names) for one in value]
    if isinstance(value, Mapping):
        return {str(readable(key, names)): readable(one, names) for key, one in value.items()}
    return value.toArray().tolist() if hasattr(value, "toArray") else value


def param_name(param: Any, names: Names) -> str:
    """Return the name of a param in a param map: that of the part that it belongs to, and its own."""
    return f"{names.get(param.parent, param.parent)}.{param.name}"


def hierarchy(part: Any, names: Names) -> dict[str, Any]:
    """Return the tree of an estimator as MLflow writes it.

    Args:
        part: The estimator, or a part of it.
        names: The names of the parts.
    """
    tree: dict[str, Any] = {"name": names[part.uid]}
    if isinstance(part, Pipeline):
        tree["stages"] = [hierarchy(stage, names) for stage in parts_below(part)]
    elif isinstance(part, OneVsRest):
        tree["classifier"] = hierarchy(part.getClassifier(), names)
    elif is_search(part):
        tree["evaluator"] = hierarchy(part.getEvaluator(), names)
        tree["tuned_estimator"] = hierarchy(part.getEstimator(), names)
    else:
        inner = {name: value for name, value in values_of(part).items() if isinstance(value, SparkParams)}
        if inner:
            tree["params"] = {name: hierarchy(value, names) for name, value in inner.items()}
    return tree
