"""Which calls of statsmodels are recorded, and which are its own affair."""

from __future__ import annotations

import sys

from fitprint.plugin import Patch, TrainingCall

_METHODS = ("fit", "fit_regularized", "fit_constrained", "fit_map", "fit_em")

PATCHES = (
    *(Patch("statsmodels.base.model", f"Model.{name}", subclasses=True) for name in _METHODS),
    # mixins whose fit calls that of the model, and classes outside of the tree
    Patch("statsmodels.base._penalized", "PenalizedMixin.fit"),
    Patch("statsmodels.genmod.bayes_mixed_glm", "_VariationalBayesMixedGLM.fit_vb"),
    Patch("statsmodels.imputation.mice", "MICE.fit"),
    Patch("statsmodels.regression.rolling", "RollingWLS.fit"),
    Patch("statsmodels.tsa.forecasting.stl", "STLForecast.fit"),
    Patch("statsmodels.tsa.forecasting.theta", "ThetaModel.fit"),
)

_NOT_THE_CALLER = ("fitprint", "fitprint_statsmodels", "wrapt")


def statsmodels_itself(call: TrainingCall) -> str | None:
    """A fit that statsmodels starts: a null model for a summary, the regressions in ``adfuller``, ``select_order``.

    They are found by their caller, for many of them run long after the fit, when a cached statistic is first read.
    """
    frame = sys._getframe(1)
    while frame.f_back is not None and _top(frame.f_globals.get("__name__")) in _NOT_THE_CALLER:
        frame = frame.f_back
    name = frame.f_globals.get("__name__")
    return f"{name} fits it for a purpose of its own" if _top(name) == "statsmodels" else None


def _top(module: object) -> str:
    return str(module).partition(".")[0]
