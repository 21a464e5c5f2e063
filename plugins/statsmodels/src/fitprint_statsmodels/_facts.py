"""The statistics of a fit: single numbers as metrics, the table of coefficients, the summary."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from fitprint.plugin import attempt

STATISTICS = (
    "nobs", "df_model", "df_resid", "scale", "llf", "llnull", "llr", "llr_pvalue", "aic", "aicc", "bic", "bic_llf",
    "hqic", "fpe", "rsquared", "rsquared_adj", "prsquared", "fvalue", "f_pvalue", "mse", "mse_model", "mse_resid",
    "mse_total", "mae", "sse", "ssr", "ess", "centered_tss", "uncentered_tss", "condition_number", "deviance",
    "null_deviance", "pearson_chi2", "sigma2", "detomega", "k_ar", "neqs", "within_group_corr", "cov_re_det",
)  # fmt: skip
"""The attributes of statsmodels' results that are single numbers, including all that MLflow records."""
_OF_THE_OPTIMIZER = ("converged", "iterations")


def metrics(results: Any) -> dict[str, float]:
    """Return those statistics of the results that are finite."""
    values = {name: _read(results, name) for name in STATISTICS}
    optimizer = _read(results, "mle_retvals")
    for name in _OF_THE_OPTIMIZER:
        own = _read(results, name)
        values[name] = optimizer.get(name) if own is None and isinstance(optimizer, Mapping) else own
    return {name: float(value) for name, value in values.items() if _is_finite(value)}


def deviances(results: Any) -> list[float]:
    """Return the deviance after each iteration of iteratively reweighted least squares, if it was kept."""
    history = _read(results, "fit_history")
    values = history.get("deviance") if isinstance(history, Mapping) else None
    return [float(value) for value in values or () if _is_finite(value)]


def summary(results: Any) -> str | None:
    """Return the summary as text, or None if the results have none."""
    done, table = attempt(lambda: results.summary())
    if not done:
        return None
    return str(table.as_text()) if hasattr(table, "as_text") else str(table)


def coefficients(results: Any) -> str | None:
    """Return the table of the coefficients as CSV, with the columns of the summary; None without coefficients."""
    params = _read(results, "params")
    if isinstance(params, Mapping) and not isinstance(params, pd.Series):  # from exponential smoothing
        params = pd.Series({name: value for name, value in params.items() if _is_finite(value)}, dtype=float)
    if params is None or np.size(params) == 0:
        return None
    statistic = "t" if _read(results, "use_t") else "z"
    columns = {"coef": params, "std_err": _read(results, "bse")}
    columns |= {statistic: _read(results, "tvalues"), "p_value": _read(results, "pvalues")}
    size = np.size(params)
    table = pd.DataFrame(_names(results, params))
    for name, values in columns.items():
        if values is not None and np.size(values) == size:
            table[name] = np.ravel(np.asarray(values, dtype=float), order="F")
    interval = _call(results, "conf_int")
    if interval is not None and np.size(interval) == 2 * size:
        table[["low", "high"]] = np.asarray(interval, dtype=float).reshape(size, 2)
    return str(table.to_csv(index=False, lineterminator="\n"))


def _names(results: Any, params: Any) -> dict[str, list[str]]:
    """Return the names of the coefficients and, if there are several equations (columns), those of the equations."""
    if np.ndim(params) == 1:
        names = getattr(params, "index", None)
        names = names if names is not None else _own_names(results, len(params))
        return {"name": [str(name) for name in names]}
    rows, columns = np.shape(params)
    index = getattr(params, "index", None)
    names = list(index) if index is not None else _own_names(results, rows)
    equations = list(getattr(params, "columns", range(columns)))
    pairs = [(str(equation), str(name)) for equation in equations for name in names]
    return {"equation": [equation for equation, _ in pairs], "name": [name for _, name in pairs]}


def _own_names(results: Any, count: int) -> list[str]:
    for owner, name in ((results, "param_names"), (_read(results, "model"), "param_names"), (results, "exog_names")):
        names = _read(owner, name)
        if names is not None and len(names) == count:
            return list(names)
    names = _read(_read(results, "model"), "exog_names")
    return list(names) if names is not None and len(names) == count else [str(position) for position in range(count)]


def _read(owner: Any, name: str) -> Any:
    """Return an attribute, or None: reading it may compute it, and whether that is possible depends on the data."""
    done, value = attempt(getattr, owner, name, None)
    return value if done and not callable(value) else None


def _call(owner: Any, name: str) -> Any:
    method: Callable[[], Any] | None = getattr(owner, name, None)
    done, value = attempt(method) if method is not None else (False, None)
    return value if done else None


def _is_finite(value: Any) -> bool:
    single = isinstance(value, (int, float, np.number, np.bool_)) or (isinstance(value, np.ndarray) and not value.ndim)
    return single and not isinstance(value, np.complexfloating) and math.isfinite(value)
