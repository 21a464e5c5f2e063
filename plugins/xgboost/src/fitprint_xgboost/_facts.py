"""Facts of a finished training as data."""

from __future__ import annotations

from typing import Any

import pandas as pd
from xgboost import Booster
from xgboost.core import XGBoostError

from fitprint._core.jsonable import dumps

_IMPORTANCES = ("weight", "gain", "cover")


def feature_importance(booster: Booster) -> str:
    """Importances by kind and feature, as JSON; linear models have their weights only."""
    found = {}
    for kind in _IMPORTANCES:
        try:
            found[kind] = booster.get_score(importance_type=kind)
        except XGBoostError:  # not defined for this kind of booster
            continue
    return dumps(found)


def validation_table(result: Any) -> str:
    """What ``xgboost.cv`` returned, a row per round, as CSV."""
    return str(pd.DataFrame(result).to_csv(index=False, lineterminator="\n"))
