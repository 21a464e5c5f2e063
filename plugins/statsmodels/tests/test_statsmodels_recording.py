"""Which calls leave runs, and what these say."""

from __future__ import annotations

import io

import pytest

pytest.importorskip("statsmodels", reason="needs statsmodels: run `make test-all`")

import kinds_of_statsmodels as kinds
import numpy as np
import pandas as pd
import statsmodels.api as sm
import statsmodels.formula.api as smf
from kinds_of_statsmodels import ARRAYS, FORMULAS, SERIES, WITHOUT_PREDICT, design, fit
from statsmodels.base._penalized import PenalizedMixin
from statsmodels.genmod.generalized_linear_model import GLM
from statsmodels.stats.outliers_influence import variance_inflation_factor
from statsmodels.tsa import api as tsa
from statsmodels.tsa.ar_model import ar_select_order

import fitprint

EVERY = [
    *((name, make, ("frame",)) for name, make in {**ARRAYS, **FORMULAS}.items()),
    *((name, make, ("series",)) for name, make in SERIES.items()),
    *((name, make, ("frame", "series")) for name, make in WITHOUT_PREDICT.items()),
]


@pytest.mark.parametrize(("name", "make", "needs"), EVERY, ids=[name for name, *_ in EVERY])
def test_every_kind_leaves_one_run_with_its_statistics(store, request, name, make, needs):
    fitprint.autolog(quiet=True)
    results = fit(make, *(request.getfixturevalue(need) for need in needs))
    (run,) = fitprint.runs()
    failed = [skip for skip in run.skipped if skip.rule == "error"]
    if name == "ConditionalLogit":
        assert [skip.what for skip in failed] == ["model"]  # nobody can pickle what it keeps
    else:
        assert failed == []
        assert run.model_path is not None
    assert run.params["model"] == type(getattr(results, "model", results)).__name__ or name in WITHOUT_PREDICT
    for metric in ("aic", "llf", "rsquared", "nobs", "converged", *run.metrics):
        own = fit(value_of, results, metric)
        if own is not None:
            assert run.metrics[metric] == pytest.approx(own), metric


def value_of(results, name):
    """A statistic as the results themselves give it, where it is a finite number."""
    try:
        own = getattr(results, name, None)
    except (NotImplementedError, AttributeError, TypeError, ValueError):  # not defined for these
        return None
    return float(own) if np.ndim(own) == 0 and isinstance(own, (int, float, np.number)) and np.isfinite(own) else None


def table(run, name="coefficients.csv"):
    return pd.read_csv(io.StringIO((run.path / "artifacts" / name).read_text()))


def test_the_table_of_coefficients(recorded, frame):
    results = fit(FORMULAS["ols"], frame)
    found = table(fitprint.last_run())
    assert list(found.columns) == ["name", "coef", "std_err", "t", "p_value", "low", "high"]
    assert list(found["name"]) == list(results.params.index)
    expected = {"coef": results.params, "std_err": results.bse, "t": results.tvalues, "p_value": results.pvalues}
    interval = results.conf_int()
    for name, values in {**expected, "low": interval[0], "high": interval[1]}.items():
        np.testing.assert_allclose(found[name], values)


def test_the_table_of_several_equations(recorded, frame):
    results = fit(ARRAYS["MNLogit"], frame)
    found = table(fitprint.last_run())
    assert len(found) == results.params.size
    for equation, name in [(0, "x"), (1, "z")]:
        row = found[(found["equation"] == equation) & (found["name"] == name)].iloc[0]
        assert row["coef"] == pytest.approx(results.params.loc[name, equation])
        low, high = np.asarray(results.conf_int()).reshape(2, 3, 2)[equation, list(results.params.index).index(name)]
        assert (row["low"], row["high"]) == (pytest.approx(low), pytest.approx(high))


def test_the_summary_is_an_artifact(recorded, frame):
    results = fit(ARRAYS["Logit"], frame)
    text = (fitprint.last_run().path / "artifacts" / "model_summary.txt").read_text()
    own = results.summary().as_text()
    assert [line for line in text.splitlines() if "Time:" not in line] == [
        line for line in own.splitlines() if "Time:" not in line
    ]


def test_params_name_data_and_hold_none_of_it(recorded, frame):
    fit(ARRAYS["GLM"], frame)
    params = fitprint.last_run().params
    assert params["family"] == "Poisson(link=Log)" or params["family"] == "Poisson(link=log)"
    assert params["endog"] == "count"
    assert params["exog"] == ["const", "x", "z"]
    assert "120" in params["freq_weights"]
    fit(kinds.FORMULAS["gee"], frame)
    params = fitprint.last_run().params
    assert params["formula"] == "y ~ x + g"
    assert params["cov_struct"] == "Exchangeable"
    sm.OLS(frame.y, design(frame)).fit(cov_type="cluster", cov_kwds={"groups": frame.group})
    assert fitprint.last_run().params["cov_kwds"] == {"groups": "Series of 120"}


def test_the_deviance_of_each_iteration(recorded, frame):
    results = fit(ARRAYS["RLM"], frame)
    own = [deviance for deviance in results.fit_history["deviance"] if np.isfinite(deviance)]
    assert [value for _, value in fitprint.last_run().metric_history("iteration_deviance")] == pytest.approx(own)


def test_what_statsmodels_fits_for_itself_leaves_no_run(recorded, frame, series):
    """Null models, unit-root tests, the choice of an order: long after the fit, too."""
    results = sm.Logit(frame.yes, design(frame)).fit(disp=False)
    assert len(fitprint.runs()) == 1
    assert results.prsquared > 0
    results.summary()
    results.get_margeff()
    fit(tsa.adfuller, series)
    ar_select_order(series, 3)
    tsa.VAR(kinds.pair(series)).select_order(3)
    variance_inflation_factor(design(frame).to_numpy(), 1)
    sm.OLS(frame.y, design(frame)).fit().get_influence().summary_frame()
    sm.stats.anova_lm(smf.ols("y ~ g", frame).fit(), typ=2)
    assert [run.name for run in fitprint.runs()] == ["OLS", "OLS", "Logit"]
    (row,) = [status for status in fitprint.status() if status.name == "statsmodels"]
    assert row.skips["statsmodels_itself"] > 3


class Penalized(PenalizedMixin, GLM):
    """A class that is made by the user, of a mixin whose fit calls the model's."""


def test_a_class_of_the_users_and_a_mixin(recorded, frame):
    from statsmodels.base._penalties import SCADSmoothed

    model = Penalized(frame.y, design(frame), penal=SCADSmoothed(0.1, c0=0.001), pen_weight=1)
    fit(lambda: model.fit(disp=False))
    (run,) = fitprint.runs()
    assert run.name == "Penalized"


def test_a_class_that_is_made_later(recorded, frame):
    class Later(sm.OLS):
        def fit(self, **options):
            sm.OLS(self.endog[:50], self.exog[:50]).fit()
            return super().fit(**options)

    results = Later(frame.y, design(frame)).fit()
    (run,) = fitprint.runs()
    assert run.name == "Later"
    assert fitprint.run_of(results).run_id == run.run_id


def test_imputation_is_one_run(recorded, frame):
    from statsmodels.imputation.mice import MICE, MICEData

    data = frame[["x", "z", "y"]].copy()
    data.loc[::7, "x"] = np.nan
    np.random.seed(0)
    fit(lambda: MICE("y ~ x + z", sm.OLS, MICEData(data)).fit(2, 2))
    assert [run.name for run in fitprint.runs()] == ["MICE"]


def test_bayesian_fits_leave_a_run_each(recorded, frame):
    from statsmodels.genmod.bayes_mixed_glm import BinomialBayesMixedGLM

    make = BinomialBayesMixedGLM.from_formula("yes ~ x", {"g": "0 + C(group)"}, frame)
    fit(make.fit_map)
    fit(make.fit_vb)
    assert [run.name for run in fitprint.runs()] == ["BinomialBayesMixedGLM"] * 2


def test_a_fit_that_fails(store, frame):
    fitprint.autolog(quiet=True)
    singular = pd.DataFrame({"a": np.ones(120), "b": np.ones(120)})
    with pytest.raises(np.linalg.LinAlgError):
        sm.Logit(frame.yes, singular).fit(disp=False, method="newton")
    (run,) = fitprint.runs()
    assert (run.status, run.models) == ("FAILED", {})
    assert run.params["model"] == "Logit"


def test_a_fit_that_returns_params_alone(recorded, series):
    fit(lambda: tsa.SARIMAX(series, order=(1, 0, 0)).fit(return_params=True, disp=False))
    run = fitprint.last_run()
    assert run.model_path is None
    assert [(skip.what, skip.rule) for skip in run.skipped] == [("model", "statsmodels")]


ORDERS = {
    "before": "import fitprint; fitprint.autolog(strict=True, quiet=True); import statsmodels.api as sm",
    "after": "import statsmodels.api as sm; import fitprint; fitprint.autolog(strict=True, quiet=True)",
    "the package alone first": "import statsmodels, fitprint; fitprint.autolog(strict=True, quiet=True); "
    "import statsmodels.api as sm",
    "formulas first": "import fitprint; fitprint.autolog(strict=True, quiet=True); "
    "from statsmodels.formula.api import ols; import statsmodels.api as sm",
    "a module of it": "from statsmodels.regression.linear_model import OLS; import fitprint; "
    "fitprint.autolog(strict=True, quiet=True); import statsmodels.api as sm",
}


@pytest.mark.parametrize("order", ORDERS)
def test_imports_in_every_order(store, run_python, order):
    done = run_python(f"""
{ORDERS[order]}
import numpy as np, pandas as pd
import statsmodels.formula.api as smf
from statsmodels.tsa.ar_model import AutoReg
data = pd.DataFrame({{"x": np.arange(20.0), "y": np.sin(np.arange(20.0))}})
sm.OLS(data.y, data[["x"]]).fit()
smf.glm("y ~ x", data).fit()
AutoReg(data.y, 1).fit()
fitprint.disable()
sm.OLS(data.y, data[["x"]]).fit()
print([run.name for run in fitprint.runs()])
""")
    assert done.stdout.strip() == "['AutoReg', 'GLM', 'OLS']"
