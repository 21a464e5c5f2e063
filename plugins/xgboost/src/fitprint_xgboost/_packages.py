"""Writing and reading a model in xgboost's own format, in the layout of MLflow's xgboost flavor."""

from __future__ import annotations

import contextlib
import importlib
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import xgboost
from xgboost import Booster, XGBModel

from fitprint.plugin import Package, PackageError, installed_version, member, pickle_format

FORMATS = ("ubj", "json")
_BOOSTER = "xgboost.core.Booster"
_ESTIMATORS = {
    "classifier": "xgboost.sklearn.XGBClassifier",
    "regressor": "xgboost.sklearn.XGBRegressor",
    "ranker": "xgboost.sklearn.XGBRanker",
}
_SAMPLED_ROUNDS = 10
_BASE_SCORE_LIST = (3, 1)


def booster_of(model: Booster | XGBModel) -> Booster:
    """The booster in an estimator, or the booster itself."""
    return model if isinstance(model, Booster) else model.get_booster()


def save(model: Any, package: Package) -> dict[str, Any]:
    """Writes a model natively; where xgboost's format drops something, as a pickle that scikit-learn's loaders read."""
    if not is_kept_natively(model):
        return pickle_format.save_for(model, package, "sklearn", "scikit-learn")
    form = package.options.get("model_format") or FORMATS[0]
    if form not in FORMATS:
        raise ValueError(f"model_format is one of {', '.join(FORMATS)}, not {form!r}")
    file = f"model.{form}"
    model.save_model(str(package.path(file)))
    kind = type(model)
    name = _BOOSTER if isinstance(model, Booster) else f"{kind.__module__}.{kind.__qualname__}"
    return {"data": file, "model_class": name, "model_format": form, "xgb_version": xgboost.__version__}


def is_kept_natively(model: Any) -> bool:
    """Whether a model read back from xgboost's format predicts as it did.

    The format drops what a subclass adds, and the value that stands for a missing one.
    """
    if isinstance(model, Booster):
        return True
    kind = type(model)
    known = kind.__module__.partition(".")[0] == "xgboost"
    return known and (model.missing is None or model.missing != model.missing)


def load(folder: Path, config: Mapping[str, Any]) -> Any:
    """Reads a model of fitprint's or MLflow's. Raises PackageError for what is no model of xgboost, or broken."""
    path = member(folder, config.get("data"))
    _refuse_lost_base_score(folder, str(config.get("xgb_version") or ""))
    model = _class(folder, str(config.get("model_class") or _BOOSTER))()
    warned_of = path.suffix not in (".ubj", ".json")  # of others xgboost tells the format by the content, and warns
    try:
        with xgboost.config_context(verbosity=0) if warned_of else contextlib.nullcontext():
            model.load_model(str(path))
    except (ValueError, TypeError, KeyError) as error:  # xgboost's own error is a ValueError
        raise PackageError(f"{path} cannot be loaded: {type(error).__name__}: {_message(error)}") from error
    return model


def file_config(path: Path) -> dict[str, Any]:
    """The config with which `load` reads a bare file: as the class that wrote it, as far as the file says which."""
    told = load(path.parent, {"data": path.name}).attr("scikit_learn") or ""
    named = (kind for name, kind in _ESTIMATORS.items() if f'"_estimator_type": "{name}"' in told)
    form = "json" if path.suffix == ".json" else "ubj"
    return {"data": path.name, "model_class": next(named, _BOOSTER), "model_format": form}


def _refuse_lost_base_score(folder: Path, written: str) -> None:
    """Since 3.1 the base score is a list, which older releases read as 0.5 without a word: other predictions."""
    if _release(written) >= _BASE_SCORE_LIST > _release(xgboost.__version__):
        raise PackageError(
            f"{folder} was written by XGBoost {written}, whose base score XGBoost {xgboost.__version__} would lose: "
            "load it with XGBoost 3.1 or newer"
        )


def _release(version: str) -> tuple[int, ...]:
    return tuple(int(each) for each in version.split(".")[:2] if each.isdigit())


def size(model: Any) -> int | None:
    """The bytes of the native format, from rounds spread over the whole; None for a pickle, which is bounded itself."""
    if not is_kept_natively(model):
        return None
    booster = booster_of(model)
    rounds = booster.num_boosted_rounds()
    if rounds <= _SAMPLED_ROUNDS or not _can_be_sliced(booster):
        return len(booster.save_raw("ubj"))
    step = rounds // _SAMPLED_ROUNDS
    first = len(booster[0:1].save_raw("ubj"))
    sampled = booster[0 : step * _SAMPLED_ROUNDS : step]  # a whole number of steps: xgboost refuses others
    per_round = (len(sampled.save_raw("ubj")) - first) / (_SAMPLED_ROUNDS - 1)
    return first + round(per_round * (rounds - 1))


def requirements(model: Any) -> list[str]:
    """What loading and predicting needs; of xgboost's own distributions the one that is installed."""
    brings_xgboost = next((each for each in ("xgboost", "xgboost-cpu") if installed_version(each)), "xgboost")
    needed = [brings_xgboost, "numpy", "scipy"]
    return [*needed, "scikit-learn"] if isinstance(model, XGBModel) else needed


def _can_be_sliced(booster: Booster) -> bool:
    try:
        booster[0:1]
    except xgboost.core.XGBoostError:  # linear models; they are small
        return False
    return True


def _class(folder: Path, name: str) -> Any:
    """The class an MLmodel names; only models of xgboost, so that it cannot make us import or call anything else."""
    module, _, kind = name.rpartition(".")
    if module.partition(".")[0] == "xgboost" and kind.isidentifier():
        try:
            found = getattr(sys.modules.get(module) or importlib.import_module(module), kind, None)
        except ImportError as error:
            raise PackageError(f"{folder}: {name}, which its MLmodel names, cannot be imported: {error}") from error
        if isinstance(found, type) and issubclass(found, (Booster, XGBModel)):
            return found
    raise PackageError(f"{folder}: {name!r}, which its MLmodel names, is no model class of xgboost")


def _message(error: Exception) -> str:
    """An error's text on one line, without the C++ stack trace that xgboost's have."""
    return " ".join(str(error).partition("Stack trace:")[0].split())[:500]
