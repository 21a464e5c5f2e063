"""Writing and reading models in the layout of MLflow's lightgbm flavor: boosters as text, estimators as pickles."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import lightgbm
from lightgbm import Booster, LGBMModel
from lightgbm.basic import LightGBMError

from fitprint.plugin import Package, PackageError, member, pickle_format

FILE = "model.lgb"
_BOOSTER = "lightgbm.basic.Booster"
_ESTIMATORS = ("LGBMClassifier", "LGBMModel", "LGBMRanker", "LGBMRegressor")
_KNOWN = (
    "collections.OrderedDict",
    "collections.defaultdict",
    _BOOSTER,
    *(f"lightgbm.sklearn.{each}" for each in _ESTIMATORS),
)
"""What skops may make of a model of lightgbm's."""
_SAMPLED_ROUNDS = 10


def booster_of(model: Booster | LGBMModel) -> Booster:
    """The booster in an estimator, or the booster itself."""
    return model if isinstance(model, Booster) else model.booster_


def save(model: Any, package: Package) -> dict[str, Any]:
    """Writes a booster as text. The text knows nothing of an estimator, nor of a class of the user's own: a pickle."""
    kind = type(model)
    about = {"model_class": f"{kind.__module__}.{kind.__qualname__}", "lgb_version": lightgbm.__version__}
    if kind is not Booster:
        file, keys = pickle_format.save(model, package, _KNOWN)
        return {"data": file, **keys, **about}
    model.save_model(str(package.path(FILE)))
    return {"data": FILE, **about}


def load(folder: Path, config: Mapping[str, Any]) -> Any:
    """Reads a model of fitprint's or MLflow's. Raises PackageError for what is broken, or not trusted."""
    path = member(folder, config.get("data"))
    if not is_text(config):
        trusted = {*(config.get("skops_trusted_types") or ()), *_KNOWN}
        return pickle_format.load(path, {**config, "skops_trusted_types": trusted}, "cloudpickle")
    try:
        text = path.read_text("utf-8")
        if not text.startswith("tree\n") or "\nend of trees" not in text:
            raise ValueError("it is no model of lightgbm, or cut off")  # of which lightgbm dies with the process
        return Booster(model_str=text)
    except (LightGBMError, ValueError, OSError) as error:
        raise PackageError(f"{path} cannot be loaded: {type(error).__name__}: {error}") from error


def is_text(config: Mapping[str, Any]) -> bool:
    """Whether a package holds a booster in lightgbm's own format, as MLflow's loader decides it."""
    return bool(config.get("model_class", _BOOSTER) == _BOOSTER)


def size(model: Any) -> int | None:
    """The bytes of the text, from rounds spread over the whole; None for a pickle, which is bounded itself."""
    if type(model) is not Booster:
        return None
    rounds = model.best_iteration if model.best_iteration > 0 else model.current_iteration()
    if rounds <= 2 * _SAMPLED_ROUNDS:
        return _length(model, 0, -1)
    starts = [position * (rounds - 1) // _SAMPLED_ROUNDS for position in range(_SAMPLED_ROUNDS)]
    one_round = [_length(model, start, 1) for start in starts]
    around = one_round[0] + _length(model, 1, 1) - _length(model, 0, 2)  # what stands before and after the trees
    return around + round((sum(one_round) / len(one_round) - around) * rounds)


def _length(booster: Booster, start: int, rounds: int) -> int:
    return len(booster.model_to_string(num_iteration=rounds, start_iteration=start).encode())
