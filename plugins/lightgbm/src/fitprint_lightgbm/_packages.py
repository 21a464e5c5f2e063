"""Write and read models in the layout of MLflow's lightgbm flavor: boosters as text, estimators as pickles."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import lightgbm
from lightgbm import Booster, LGBMModel
from lightgbm.basic import LightGBMError

from fitprint.plugin import Package, PackageError, SaveContext, SavedModel, member, pickle_format

FILE = "model.lgb"
_BOOSTER = "lightgbm.basic.Booster"
_ESTIMATORS = ("LGBMClassifier", "LGBMModel", "LGBMRanker", "LGBMRegressor")
_KNOWN = (
    "collections.OrderedDict",
    "collections.defaultdict",
    _BOOSTER,
    *(f"lightgbm.sklearn.{name}" for name in _ESTIMATORS),
)
"""The types of LightGBM's models that skops may load."""
_SAMPLED_ROUNDS = 10


def booster_of(model: Booster | LGBMModel) -> Booster:
    """Return the booster of an estimator, or the booster itself."""
    return model if isinstance(model, Booster) else model.booster_


def save(model: Any, package: Package, context: SaveContext) -> SavedModel:
    """Write a booster as text; an estimator, or a model of a user's class, which the text would lose, as a pickle.

    Args:
        model: The model.
        package: The package to write into.
        context: The options of the call.

    Returns:
        The flavor's entry in MLmodel.
    """
    cls = type(model)
    about = {"model_class": f"{cls.__module__}.{cls.__qualname__}", "lgb_version": lightgbm.__version__}
    if cls is not Booster:
        file, keys = pickle_format.save(model, package, context.options, _KNOWN)
        return SavedModel({"data": file, **keys, **about})
    model.save_model(str(package.path(FILE)))
    return SavedModel({"data": FILE, **about})


def load(folder: Path, config: Mapping[str, Any]) -> Any:
    """Read a model that fitprint or MLflow has written.

    Args:
        folder: The folder of the package.
        config: The flavor's entry in MLmodel.

    Raises:
        PackageError: The file is damaged, or contains types that are not trusted.
    """
    path = member(folder, config.get("data"))
    if not is_text(config):
        trusted = {*(config.get("skops_trusted_types") or ()), *_KNOWN}
        return pickle_format.load(path, {**config, "skops_trusted_types": trusted}, "cloudpickle")
    try:
        text = path.read_text("utf-8")
        if not text.startswith("tree\n") or "\nend of trees" not in text:
            raise ValueError("it is not a model of LightGBM, or was cut off")  # which would crash the process
        return Booster(model_str=text)
    except (LightGBMError, ValueError, OSError) as error:
        raise PackageError(f"{path} cannot be loaded: {type(error).__name__}: {error}") from error


def is_text(config: Mapping[str, Any]) -> bool:
    """Return whether a package contains a booster in LightGBM's text format, decided as MLflow's loader does."""
    return bool(config.get("model_class", _BOOSTER) == _BOOSTER)


def size(model: Any) -> int | None:
    """Estimate the bytes of the text from a few iterations; None for a pickle, whose size is limited anyway."""
    if type(model) is not Booster:
        return None
    rounds = model.best_iteration if model.best_iteration > 0 else model.current_iteration()
    if rounds <= 2 * _SAMPLED_ROUNDS:
        return _length(model, 0, -1)
    starts = [position * (rounds - 1) // _SAMPLED_ROUNDS for position in range(_SAMPLED_ROUNDS)]
    one_round = [_length(model, start, 1) for start in starts]
    around = one_round[0] + _length(model, 1, 1) - _length(model, 0, 2)  # the text before and after the trees
    return around + round((sum(one_round) / len(one_round) - around) * rounds)


def _length(booster: Booster, start: int, rounds: int) -> int:
    return len(booster.model_to_string(num_iteration=rounds, start_iteration=start).encode())
