"""Writing and reading a model in catboost's own format, in the layout of MLflow's catboost flavor."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import catboost
from catboost import CatBoost, CatBoostError

from fitprint.plugin import Package, PackageError, member, pickle_format

FILE = "model.cb"
FORMATS = ("cbm", "json")
CLASSES = ("CatBoost", "CatBoostClassifier", "CatBoostRanker", "CatBoostRegressor")
_BYTES_AROUND, _BYTES_OF_A_TREE, _BYTES_OF_A_SPLIT = 6_500, 35, 25
"""As measured: the format is not documented."""


def save(model: Any, package: Package) -> dict[str, Any]:
    """Writes a model natively; one of the user's own class as a pickle that scikit-learn's loaders read.

    Raises ValueError for a format that is none, and for a model that neither way keeps as it is.
    """
    if not is_kept_natively(model):
        if lost := what_is_lost(model):
            raise ValueError(lost)
        return pickle_format.save_for(model, package, "sklearn", "scikit-learn")
    form = package.options.get("format") or FORMATS[0]
    if form not in FORMATS:
        raise ValueError(f"format is one of {', '.join(FORMATS)}, not {form!r}")
    model.save_model(str(package.path(FILE)), format=form)
    about = {"model_type": type(model).__name__, "catboost_version": catboost.__version__}
    return {"data": FILE, "save_format": form, **about}


def is_kept_natively(model: Any) -> bool:
    """Whether a model read back from catboost's format is of its class: the format drops what a subclass adds."""
    return type(model) in [getattr(catboost, name) for name in CLASSES]


def what_is_lost(model: CatBoost) -> str | None:
    """Why a model of the user's own class would come out of a pickle as another, or None."""
    names = sorted(name for name in vars(model) if not name.startswith("_"))
    if not names or type(model).__getstate__ is not CatBoost.__getstate__:
        return None
    return f"catboost's pickles drop what {type(model).__name__} keeps in {', '.join(names)}: it needs a __getstate__"


def load(folder: Path, config: Mapping[str, Any]) -> Any:
    """Reads a model of fitprint's or MLflow's. Raises PackageError for what is no model of catboost, or broken."""
    path, name = member(folder, config.get("data")), config.get("model_type", CLASSES[0])
    if name not in CLASSES:
        raise PackageError(f"{folder}: {name!r}, which its MLmodel names, is no model class of catboost")
    try:
        return getattr(catboost, name)().load_model(str(path), str(config.get("save_format") or FORMATS[0]))
    except (CatBoostError, ValueError, TypeError) as error:
        raise PackageError(f"{path} cannot be loaded: {type(error).__name__}: {_message(error)}") from error


def size(model: Any) -> int | None:
    """The bytes of the native format; None for a pickle, which is bounded itself."""
    if not is_kept_natively(model):
        return None
    if model.get_cat_feature_indices() or model.get_text_feature_indices() or not model.tree_count_:
        return len(model.__getstate__()["__model"])  # tables of categories and texts, whose size nothing else tells
    values = model.get_leaf_values().nbytes + model.get_leaf_weights().nbytes
    leaves = model.get_tree_leaf_counts()
    symmetric = model.get_all_params().get("grow_policy") == "SymmetricTree"  # one split for each level of a tree
    splits = sum(int(each).bit_length() - 1 if symmetric else int(each) for each in leaves)
    return int(_BYTES_AROUND + values + _BYTES_OF_A_TREE * len(leaves) + _BYTES_OF_A_SPLIT * splits)


def _message(error: Exception) -> str:
    return " ".join(str(error).split())[:500]
