"""`disable()` leaves every attribute of every class and module as it was: the same objects in the same order."""

from __future__ import annotations

import pytest

OVERVIEW = """
    import concurrent.futures.process, concurrent.futures.thread, multiprocessing.pool, sys, threading
    import joblib, numpy as np, sklearn, warnings
    from sklearn.base import BaseEstimator
    from sklearn.utils import all_estimators
    all_estimators()  # imports all of scikit-learn
    try:
        import xgboost
    except ImportError:
        xgboost = None
    import fitprint

    TOPS = ("sklearn", "xgboost", "joblib", "threading", "multiprocessing", "concurrent")
    # copyreg keeps the one on the class of any object that is pickled, joblib the other for every use of its workers
    NOT_OURS = ("__slotnames__", "_executor_args")

    def modules():
        return [module for name, module in list(sys.modules.items()) if name.partition(".")[0] in TOPS and module]

    def classes():
        waiting = [cls for module in modules() for cls in list(vars(module).values()) if isinstance(cls, type)]
        found = set()
        while waiting:
            cls = waiting.pop()
            top = cls.__module__.partition(".")[0]
            if cls is not object and cls not in found and not top.startswith("fitprint"):
                found.add(cls)
                waiting += [*cls.__mro__, *(type.__subclasses__(cls) if top in (*TOPS, __name__) else ())]
        return found

    def attributes():
        return {
            owner: {name: value for name, value in vars(owner).items() if name not in NOT_OURS}
            for owner in [*modules(), *classes()]
        }

    def differences(before, after):
        found = [f"new: {owner}" for owner in after if owner not in before]
        for owner, names in before.items():
            if list(names) != list(after[owner]):
                found.append(f"names of {owner}")
            found += [f"{owner}.{name}" for name in names if after[owner].get(name) is not names[name]]
        return found

    def train():
        X, y = np.random.default_rng(0).random((30, 2)), np.arange(30) % 2
        sklearn.tree.DecisionTreeClassifier().fit(X, y)
        sklearn.pipeline.make_pipeline(sklearn.decomposition.PCA(), sklearn.cluster.KMeans(2)).fit_predict(X)
        sklearn.model_selection.GridSearchCV(sklearn.linear_model.Ridge(), {"alpha": [1, 2]}, n_jobs=2, cv=2).fit(X, y)
        threads = concurrent.futures.ThreadPoolExecutor(1)
        threads.submit(sklearn.linear_model.Ridge().fit, X, y).result()
        threads.shutdown()
        if xgboost is not None:
            xgboost.train({"nthread": 1}, xgboost.DMatrix(X, y), 1)
            xgboost.XGBClassifier(n_estimators=1, n_jobs=1).fit(X, y)

    class Mine(BaseEstimator):
        def fit(self, X, y=None):
            return self

    class Below(Mine):
        pass

    train()
    before = attributes()
    assert not (found := differences(before, attributes())), found
    assert len(before) > 1000
"""


@pytest.mark.slow
def test_every_attribute_is_afterwards_as_it_was(run_python, store):
    run_python(
        OVERVIEW
        + """
    fitprint.autolog(quiet=True)
    on = attributes()
    patched = differences(before, on)
    assert len(patched) > 100, patched
    assert not (found := [name for name in patched if name.startswith(("new", "names"))]), found
    fitprint.autolog(quiet=True)
    fitprint.autolog(quiet=True)
    assert not (found := differences(on, attributes())), found
    train()
    assert not (found := differences(on, attributes())), found
    assert len(fitprint.runs()) >= 4
    fitprint.disable()
    assert not (found := differences(before, attributes())), found
    for _ in range(2):
        fitprint.autolog(quiet=True)
        train()
        fitprint.disable()
    assert not (found := differences(before, attributes())), found
    """
    )


@pytest.mark.slow
def test_a_class_made_while_recording_is_afterwards_as_if_made_without(run_python, store):
    run_python(
        OVERVIEW
        + """
    def make():
        class Made(Mine):
            def fit(self, X, y=None, weight=None):
                return self

        return Made

    plain = make()
    fitprint.autolog(quiet=True)
    made = make()
    assert made.fit is made.__dict__["fit"].__get__(None, made)
    assert list(vars(made)) == list(vars(plain))
    made().fit([[1]])
    fitprint.disable()
    shown = [{name: type(value) for name, value in vars(cls).items() if name not in NOT_OURS} for cls in (made, plain)]
    assert shown[0] == shown[1], shown
    assert type(vars(made)["fit"]) is type(make)
    assert made.set_fit_request.__doc__ == plain.set_fit_request.__doc__
    """
    )
