"""Write and read a model in XGBoost's own format, in the layout of MLflow's xgboost flavor."""

from __future__ import annotations

import contextlib
import importlib
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import xgboost
from xgboost import Booster, XGBModel

from fitprint.plugin import Package, PackageError, SaveContext, SavedModel, installed_version, member, pickle_format

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
    """Return the booster of an estimator, or the booster itself."""
    return model if isinstance(model, Booster) else model.get_booster()


def save(model: Any, package: Package, context: SaveContext) -> SavedModel:
    """Write a model in XGBoost's format; where that drops something, as a pickle that scikit-learn's loaders read.

    Args:
        model: The model.
        package: The package to write into.
        context: The options of the call.

    Returns:
        The flavor's entry in MLmodel.

    Raises:
        ValueError: The option ``model_format`` is unknown.
    """
    if not is_kept_natively(model):
        return pickle_format.save_for(model, package, "sklearn", "scikit-learn")
    model_format = context.options.get("model_format") or FORMATS[0]
    if model_format not in FORMATS:
        raise ValueError(f"model_format has to be one of {', '.join(FORMATS)}, not {model_format!r}")
    file = f"model.{model_format}"
    model.save_model(str(package.path(file)))
    cls = type(model)
    name = _BOOSTER if isinstance(model, Booster) else f"{cls.__module__}.{cls.__qualname__}"
    about = {"model_class": name, "model_format": model_format, "xgb_version": xgboost.__version__}
    return SavedModel({"data": file, **about})


def is_kept_natively(model: Any) -> bool:
    """Return whether a model that is read back from XGBoost's format predicts the same.

    The format drops what a subclass adds, and the value that marks missing values.
    """
    if isinstance(model, Booster):
        return True
    is_xgboosts = type(model).__module__.partition(".")[0] == "xgboost"
    return is_xgboosts and (model.missing is None or model.missing != model.missing)


def load(folder: Path, config: Mapping[str, Any]) -> Any:
    """Read a model that fitprint or MLflow has written.

    Args:
        folder: The folder of the package.
        config: The flavor's entry in MLmodel.

    Raises:
        PackageError: The file is damaged, or is not a model of XGBoost.
    """
    if "pickled_model" in config:
        return pickle_format.load(member(folder, config["pickled_model"]), config)
    path = member(folder, config.get("data"))
    _refuse_lost_base_score(folder, str(config.get("xgb_version") or ""))
    model = _class(folder, str(config.get("model_class") or _BOOSTER))()
    has_warning = path.suffix not in (".ubj", ".json")  # XGBoost guesses the format from the content, and warns
    try:
        with xgboost.config_context(verbosity=0) if has_warning else contextlib.nullcontext():
            model.load_model(str(path))
    except (ValueError, TypeError, KeyError) as error:  # XGBoost's own error is a ValueError
        raise PackageError(f"{path} cannot be loaded: {type(error).__name__}: {_message(error)}") from error
    return model


def file_config(path: Path) -> dict[str, Any]:
    """Return the config with which `load` reads a single file: as the class that wrote it, if the file names it."""
    attribute = load(path.parent, {"data": path.name}).attr("scikit_learn") or ""
    classes = (cls for name, cls in _ESTIMATORS.items() if f'"_estimator_type": "{name}"' in attribute)
    model_format = "json" if path.suffix == ".json" else "ubj"
    return {"data": path.name, "model_class": next(classes, _BOOSTER), "model_format": model_format}


def _refuse_lost_base_score(folder: Path, written: str) -> None:
    """Refuse a model whose base score is a list (since 3.1): older releases silently read it as 0.5."""
    if _release(written) >= _BASE_SCORE_LIST > _release(xgboost.__version__):
        raise PackageError(
            f"{folder} was written by XGBoost {written}, whose base score XGBoost {xgboost.__version__} cannot read: "
            "load it with XGBoost 3.1 or newer"
        )


def _release(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2] if part.isdigit())


def size(model: Any) -> int | None:
    """Estimate the bytes of XGBoost's format from a few iterations; None for a pickle, whose size is limited anyway."""
    if not is_kept_natively(model):
        return None
    booster = booster_of(model)
    rounds = booster.num_boosted_rounds()
    if rounds <= _SAMPLED_ROUNDS or not _can_be_sliced(booster):
        return len(booster.save_raw("ubj"))
    step = rounds // _SAMPLED_ROUNDS
    first = len(booster[0:1].save_raw("ubj"))
    sampled = booster[0 : step * _SAMPLED_ROUNDS : step]  # XGBoost requires the range to be a multiple of the step
    per_round = (len(sampled.save_raw("ubj")) - first) / (_SAMPLED_ROUNDS - 1)
    return first + round(per_round * (rounds - 1))


def requirements(model: Any) -> list[str]:
    """Return what loading and predicting needs; of XGBoost's distributions the one that is installed."""
    distribution = next((name for name in ("xgboost", "xgboost-cpu") if installed_version(name)), "xgboost")
    needed = [distribution, "numpy", "scipy"]
    return [*needed, "scikit-learn"] if isinstance(model, XGBModel) else needed


def _can_be_sliced(booster: Booster) -> bool:
    try:
        booster[0:1]
    except xgboost.core.XGBoostError:  # a linear model, which is small
        return False
    return True


def _class(folder: Path, name: str) -> Any:
    """Return the class that MLmodel names: only a model class of XGBoost, so that nothing else is called."""
    module, _, class_name = name.rpartition(".")
    if module.partition(".")[0] == "xgboost" and class_name.isidentifier():
        try:
            cls = getattr(sys.modules.get(module) or importlib.import_module(module), class_name, None)
        except ImportError as error:
            raise PackageError(f"{folder}: {name}, which its MLmodel names, cannot be imported: {error}") from error
        if isinstance(cls, type) and issubclass(cls, (Booster, XGBModel)):
            return cls
    raise PackageError(f"{folder}: {name!r}, which its MLmodel names, is not a model class of XGBoost")


def _message(error: Exception) -> str:
    """Return an error's text on one line, without the C++ stack trace that XGBoost adds."""
    return " ".join(str(error).partition("Stack trace:")[0].split())[:500]
