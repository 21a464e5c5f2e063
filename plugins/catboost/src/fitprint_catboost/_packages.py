"""Write and read a model in CatBoost's own format, in the layout of MLflow's catboost flavor."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import catboost
from catboost import CatBoost, CatBoostError

from fitprint.plugin import Package, PackageError, SaveContext, SavedModel, member, pickle_format

FILE = "model.cb"
FORMATS = ("cbm", "json")
CLASSES = ("CatBoost", "CatBoostClassifier", "CatBoostRanker", "CatBoostRegressor")
_BYTES_AROUND, _BYTES_OF_A_TREE, _BYTES_OF_A_SPLIT = 6_500, 35, 25
"""Measured, because the format is not documented."""


def save(model: Any, package: Package, context: SaveContext) -> SavedModel:
    """Write a model in CatBoost's format; a model of a user's class as a pickle that scikit-learn's loaders read.

    Args:
        model: The model.
        package: The package to write into.
        context: The options of the call.

    Returns:
        The flavor's entry in MLmodel.

    Raises:
        ValueError: The option ``format`` is unknown, or neither format preserves the model.
    """
    if not is_kept_natively(model):
        if lost := what_is_lost(model):
            raise ValueError(lost)
        return pickle_format.save_for(model, package, "sklearn", "scikit-learn")
    save_format = context.options.get("format") or FORMATS[0]
    if save_format not in FORMATS:
        raise ValueError(f"format has to be one of {', '.join(FORMATS)}, not {save_format!r}")
    model.save_model(str(package.path(FILE)), format=save_format)
    about = {"model_type": type(model).__name__, "catboost_version": catboost.__version__}
    return SavedModel({"data": FILE, "save_format": save_format, **about})


def is_kept_natively(model: Any) -> bool:
    """Return whether CatBoost's format preserves a model's class: it drops what a subclass adds."""
    return type(model) in [getattr(catboost, name) for name in CLASSES]


def what_is_lost(model: CatBoost) -> str | None:
    """Return why a pickle would not preserve a model of a user's class, or None if it does."""
    names = sorted(name for name in vars(model) if not name.startswith("_"))
    if not names or type(model).__getstate__ is not CatBoost.__getstate__:
        return None
    return f"CatBoost's pickles drop what {type(model).__name__} keeps in {', '.join(names)}: define its __getstate__"


def load(folder: Path, config: Mapping[str, Any]) -> Any:
    """Read a model that fitprint or MLflow has written.

    Args:
        folder: The folder of the package.
        config: The flavor's entry in MLmodel.

    Raises:
        PackageError: The file is damaged, or is not a model of CatBoost.
    """
    if "pickled_model" in config:
        return pickle_format.load(member(folder, config["pickled_model"]), config)
    path, name = member(folder, config.get("data")), config.get("model_type", CLASSES[0])
    if name not in CLASSES:
        raise PackageError(f"{folder}: {name!r}, which its MLmodel names, is not a model class of CatBoost")
    try:
        return getattr(catboost, name)().load_model(str(path), str(config.get("save_format") or FORMATS[0]))
    except (CatBoostError, ValueError, TypeError) as error:
        raise PackageError(f"{path} cannot be loaded: {type(error).__name__}: {_message(error)}") from error


def size(model: Any) -> int | None:
    """Estimate the bytes of CatBoost's format; None for a pickle, whose size is limited anyway."""
    if not is_kept_natively(model):
        return None
    if model.get_cat_feature_indices() or model.get_text_feature_indices() or not model.tree_count_:
        return len(
            model.__getstate__()["__model"]
        )  # contains tables of categories and texts, whose size is not known otherwise
    values = model.get_leaf_values().nbytes + model.get_leaf_weights().nbytes
    leaves = model.get_tree_leaf_counts()
    symmetric = (
        model.get_all_params().get("grow_policy") == "SymmetricTree"
    )  # a symmetric tree has one split for each level
    splits = sum(int(count).bit_length() - 1 if symmetric else int(count) for count in leaves)
    return int(_BYTES_AROUND + values + _BYTES_OF_A_TREE * len(leaves) + _BYTES_OF_A_SPLIT * splits)


def _message(error: Exception) -> str:
    return " ".join(str(error).split())[:500]
