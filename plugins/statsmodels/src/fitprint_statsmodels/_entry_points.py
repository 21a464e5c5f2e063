"""The entry points of statsmodels that are recorded, and the rule for calls that statsmodels makes itself."""

from __future__ import annotations

import sys

from fitprint.plugin import Patch, TrainingCall

_METHODS = ("fit", "fit_regularized", "fit_constrained", "fit_map", "fit_em")

PATCHES = (
    *(Patch("statsmodels.base.model", f"Model.{name}", subclasses=True) for name in _METHODS),
    # mixins whose fit calls that of the model, and classes that do not derive from Model
    Patch("statsmodels.base._penalized", "PenalizedMixin.fit"),
    Patch("statsmodels.genmod.bayes_mixed_glm", "_VariationalBayesMixedGLM.fit_vb"),
    Patch("statsmodels.imputation.mice", "MICE.fit"),
    Patch("statsmodels.regression.rolling", "RollingWLS.fit"),
    Patch("statsmodels.tsa.forecasting.stl", "STLForecast.fit"),
    Patch("statsmodels.tsa.forecasting.theta", "ThetaModel.fit"),
)

_SKIPPED_CALLERS = ("fitprint", "fitprint_statsmodels", "wrapt")


def statsmodels_itself(call: TrainingCall) -> str | None:
    """Leave out a fit that statsmodels starts itself: a null model for a summary, or the regressions in ``adfuller``.

    They are recognised by their caller, because many of them run long after the fit, when a statistic is first read.

    Args:
        call: The call.
    """
    frame = sys._getframe(1)
    while frame.f_back is not None and _top(frame.f_globals.get("__name__")) in _SKIPPED_CALLERS:
        frame = frame.f_back
    name = frame.f_globals.get("__name__")
    return f"{name} fits it for its own purpose" if _top(name) == "statsmodels" else None


def _top(module: object) -> str:
    return str(module).partition(".")[0]
