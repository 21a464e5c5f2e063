"""What is pickled while recording is on loads where neither fitprint nor wrapt is, and goes to process pools."""

from __future__ import annotations

import pytest

WRITE = """
    import pickle, sys
    import cloudpickle, joblib, numpy as np
    from sklearn.base import BaseEstimator
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV, cross_validate
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    import fitprint

    class Mine(BaseEstimator):
        def fit(self, X, y=None):
            self.rows_ = len(X)
            return self

    class Below(Mine):
        def fit(self, X, y=None):
            return super().fit(X, y)

    fitprint.autolog(quiet=True)

    class Later(Mine):
        def fit(self, X, y=None):
            return super(Later, self).fit(X, y)

    X, y = np.random.default_rng(0).random((20, 2)), np.arange(20) % 2
    model, search = LogisticRegression().fit(X, y), GridSearchCV(LogisticRegression(), {"C": [1]}, cv=2).fit(X, y)
    pipe = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)
    theirs = [model, search, pipe, model.fit, LogisticRegression.fit, pipe.fit, cross_validate]
    theirs.append(LogisticRegression)
    mine = [Mine().fit(X), Below().fit(X), Later().fit(X), Below, Later, Below().fit, Mine.fit, lambda: Later().fit(X)]
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with open(f"pickle-{protocol}", "wb") as file:
            pickle.dump(theirs, file, protocol)
    joblib.dump(theirs, "joblib")
    with open("cloudpickle", "wb") as file:
        cloudpickle.dump([*theirs, *mine], file)
    for name in ("joblib", "cloudpickle", "pickle-5"):
        with open(name, "rb") as file:
            content = file.read()
        assert b"wrapt" not in content and b"fitprint." not in content, name
"""

READ = """
    import sys

    class Blocked:
        def find_spec(self, name, path=None, target=None):
            if name.partition(".")[0] in ("fitprint", "fitprint_sklearn", "wrapt"):
                raise ModuleNotFoundError(name)

    sys.meta_path.insert(0, Blocked())
    import pickle, joblib, numpy as np
    X, y = np.random.default_rng(0).random((20, 2)), np.arange(20) % 2
    for name in [f"pickle-{protocol}" for protocol in range(pickle.HIGHEST_PROTOCOL + 1)] + ["joblib", "cloudpickle"]:
        if name == "joblib":
            loaded = joblib.load(name)
        else:
            with open(name, "rb") as file:
                loaded = pickle.load(file)
        model, search, pipe, bound, unbound, of_pipe, validate, cls = loaded[:8]
        assert bound.__self__.fit(X, y).score(X, y) == model.score(X, y)
        assert unbound(cls(), X, y).score(X, y) == unbound(model, X, y).score(X, y)
        assert search.best_estimator_.predict(X).shape == pipe.predict(X).shape == y.shape
        assert type(cls.__dict__["fit"]) is type(unbound) is type(lambda: 0)
        assert len(validate(cls(), X, y)["test_score"]) == 5
        for loaded_model in loaded[8:]:
            made = loaded_model() if isinstance(loaded_model, type) else loaded_model
            fitted = made if hasattr(made, "rows_") else made.fit(X) if hasattr(made, "fit") else None
            assert fitted is None or fitted.rows_ == 20
        if loaded[8:]:
            assert loaded[15]().rows_ == 20
            assert type(loaded[12].__dict__["fit"]) is type(lambda: 0)
    assert not {"fitprint", "wrapt"} & {name.partition(".")[0] for name in sys.modules}
"""


@pytest.mark.slow
def test_pickles_load_where_neither_fitprint_nor_wrapt_is(run_python, store):
    run_python(WRITE, name="writes.py")
    run_python(READ, name="reads.py")


POOLS = """
    import concurrent.futures, functools, multiprocessing
    import joblib, numpy as np
    from sklearn.base import BaseEstimator
    from sklearn.linear_model import LogisticRegression
    import fitprint

    class Mine(BaseEstimator):
        def fit(self, X, y=None):
            self.rows_ = len(X)
            return self

    X, y = np.random.default_rng(0).random((20, 2)), np.arange(20) % 2

    def main():
        fitprint.autolog(quiet=True)
        calls = [
            (LogisticRegression().fit, X, y), (LogisticRegression.fit, LogisticRegression(), X, y),
            (Mine().fit, X), (Mine.fit, Mine(), X), (functools.partial(Mine().fit, X),),
        ]
        for method in ("fork", "spawn"):
            context = multiprocessing.get_context(method)
            with concurrent.futures.ProcessPoolExecutor(1, context) as pool:
                found = [pool.submit(*call).result() for call in calls]
            with context.Pool(1) as pool:
                found += [pool.apply(call[0], call[1:]) for call in calls]
            assert all(hasattr(model, "coef_") or model.rows_ == 20 for model in found), found
        found = joblib.Parallel(2, backend="loky")(joblib.delayed(call[0])(*call[1:]) for call in calls)
        assert all(hasattr(model, "coef_") or model.rows_ == 20 for model in found), found
        assert len(fitprint.runs()) == 5 * 5, len(fitprint.runs())

    if __name__ == "__main__":
        main()
"""


@pytest.mark.slow
def test_methods_go_to_process_pools(run_python, store):
    run_python(POOLS)
