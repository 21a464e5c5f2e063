"""A fit of every kind of model that is tested: from the frame, or the series, of conftest to results."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import statsmodels.api as sm
import statsmodels.formula.api as smf
from statsmodels.discrete.conditional_models import ConditionalLogit
from statsmodels.miscmodels.ordinal_model import OrderedModel
from statsmodels.othermod.betareg import BetaModel
from statsmodels.tsa import api as tsa


def design(frame: Any) -> Any:
    return sm.add_constant(frame[["x", "z"]])


def _gam(f: Any) -> Any:
    return sm.GLMGam(f.y, design(f), smoother=sm.gam.BSplines(f[["x"]], df=[5], degree=[3]), alpha=[1.0]).fit()


QUIET = {"disp": False}
ARRAYS = {
    "OLS": lambda f: sm.OLS(f.y, design(f)).fit(),
    "OLS of arrays": lambda f: sm.OLS(f.y.to_numpy(), design(f).to_numpy()).fit(cov_type="HC1"),
    "OLS regularized": lambda f: sm.OLS(f.y, design(f)).fit_regularized(alpha=0.1),
    "WLS": lambda f: sm.WLS(f.y, design(f), weights=f.time).fit(),
    "GLS": lambda f: sm.GLS(f.y, design(f), sigma=f.time).fit(),
    "GLSAR": lambda f: sm.GLSAR(f.y, design(f), 1).fit(),
    "GLM": lambda f: sm.GLM(f["count"], design(f), family=sm.families.Poisson(), freq_weights=f.group + 1).fit(),
    "GLM regularized": lambda f: sm.GLM(f.yes, design(f), family=sm.families.Binomial()).fit_regularized(alpha=0.01),
    "GLM constrained": lambda f: sm.GLM(f.y, design(f)).fit_constrained("x = 1"),
    "Logit": lambda f: sm.Logit(f.yes, design(f)).fit(**QUIET),
    "Logit regularized": lambda f: sm.Logit(f.yes, design(f)).fit_regularized(alpha=0.1, **QUIET),
    "Probit": lambda f: sm.Probit(f.yes, design(f)).fit(**QUIET),
    "MNLogit": lambda f: sm.MNLogit(f.kind, design(f)).fit(**QUIET),
    "Poisson": lambda f: sm.Poisson(f["count"], design(f), exposure=f.time).fit(**QUIET),
    "Poisson constrained": lambda f: sm.Poisson(f["count"], design(f)).fit_constrained("x = 0.2", **QUIET),
    "NegativeBinomial": lambda f: sm.NegativeBinomial(f["count"], design(f)).fit(**QUIET),
    "ZeroInflatedPoisson": lambda f: sm.ZeroInflatedPoisson(f["count"], design(f)).fit(**QUIET),
    "RLM": lambda f: sm.RLM(f.y, design(f), M=sm.robust.norms.HuberT()).fit(),
    "QuantReg": lambda f: sm.QuantReg(f.y, design(f)).fit(q=0.4),
    "MixedLM": lambda f: sm.MixedLM(f.y, design(f), groups=f.group).fit(),
    "GEE": lambda f: sm.GEE(f.yes, design(f), f.group, family=sm.families.Binomial()).fit(),
    "OrdinalGEE": lambda f: sm.OrdinalGEE(f.kind, f[["x", "z"]], f.group).fit(),
    "OrderedModel": lambda f: OrderedModel(f.kind, f[["x", "z"]]).fit(**QUIET),
    "BetaModel": lambda f: BetaModel(f.share, design(f)).fit(**QUIET),
    "ConditionalLogit": lambda f: ConditionalLogit(f.yes, f[["x", "z"]], groups=f.group).fit(**QUIET),
    "GLMGam": _gam,
}
"""From regressors; all of these predict from rows of them."""

FORMULAS = {
    "ols": lambda f: smf.ols("y ~ np.log(x) + C(g) * z", f).fit(),
    "glm": lambda f: smf.glm("yes ~ x + C(group)", f, family=sm.families.Binomial()).fit(),
    "logit": lambda f: smf.logit("yes ~ x + z", f).fit(**QUIET),
    "mnlogit": lambda f: smf.mnlogit("kind ~ x + z", f).fit(**QUIET),
    "poisson": lambda f: smf.poisson("count ~ x + g", f).fit(**QUIET),
    "quantreg": lambda f: smf.quantreg("y ~ x", f).fit(),
    "rlm": lambda f: smf.rlm("y ~ x + g", f).fit(),
    "mixedlm": lambda f: smf.mixedlm("y ~ x + g", f, groups="group", re_formula="~z").fit(),
    "gee": lambda f: smf.gee("y ~ x + g", "group", f, cov_struct=sm.cov_struct.Exchangeable()).fit(),
}

SERIES = {
    "ARIMA": lambda s: tsa.ARIMA(s, order=(1, 1, 0)).fit(),
    "SARIMAX": lambda s: tsa.SARIMAX(s, order=(1, 0, 0), trend="c").fit(**QUIET),
    "AutoReg": lambda s: tsa.AutoReg(s, lags=2).fit(),
    "ARDL": lambda s: tsa.ARDL(s, 2).fit(),
    "ExponentialSmoothing": lambda s: tsa.ExponentialSmoothing(s, trend="add").fit(),
    "Holt": lambda s: tsa.Holt(s, initialization_method="estimated").fit(),
    "SimpleExpSmoothing": lambda s: tsa.SimpleExpSmoothing(s, initialization_method="estimated").fit(),
    "UnobservedComponents": lambda s: tsa.UnobservedComponents(s, "llevel").fit(**QUIET),
    "ETSModel": lambda s: tsa.ETSModel(s, trend="add").fit(**QUIET),
    "MarkovRegression": lambda s: tsa.MarkovRegression(s, k_regimes=2).fit(),
    "VARMAX": lambda s: tsa.VARMAX(pair(s), order=(1, 0)).fit(maxiter=5, **QUIET),
}
"""From a series; these predict from a start and an end."""

WITHOUT_PREDICT = {
    "VAR": lambda f, s: tsa.VAR(pair(s)).fit(2),
    "VECM": lambda f, s: tsa.VECM(pair(s), k_ar_diff=1).fit(),
    "PHReg": lambda f, s: sm.PHReg(f.time, f[["x", "z"]]).fit(),
    "Factor": lambda f, s: sm.Factor(f[["x", "z", "y", "time"]], n_factor=1).fit(),
    "STLForecast": lambda f, s: tsa.STLForecast(s, tsa.ARIMA, model_kwargs={"order": (1, 0, 0)}, period=7).fit(),
    "RollingOLS": lambda f, s: (
        __import__("statsmodels.regression.rolling", fromlist=["RollingOLS"])
        .RollingOLS(f.y, design(f), window=30)
        .fit()
    ),
}
"""Results that have no such predict as MLflow calls."""


def pair(series: pd.Series) -> pd.DataFrame:
    other = series.shift(1).bfill() + np.random.default_rng(3).normal(size=len(series))
    return pd.DataFrame({"level": series, "other": other})


def fit(make: Any, *data: Any) -> Any:
    """The results; what statsmodels warns of is not what is tested."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return make(*data)
