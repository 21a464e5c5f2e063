"""The state of the process around recorded trainings: logging, signals, hooks, options, files, random numbers."""

from __future__ import annotations

import pytest

STATE = """
    import contextvars, copyreg, decimal, gc, locale, logging, multiprocessing, os, random, signal, sys, threading
    import warnings
    import joblib, numpy as np, pandas as pd, sklearn, threadpoolctl
    from sklearn.datasets import load_iris
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV, cross_validate
    try:
        import xgboost
    except ImportError:
        xgboost = None
    import fitprint

    X, y = load_iris(return_X_y=True)

    def train():
        np.random.seed(1), random.seed(1)
        RandomForestClassifier(3).fit(pd.DataFrame(X), y)
        GridSearchCV(LogisticRegression(max_iter=2), {"C": [1, 2]}, cv=2).fit(X, y)
        cross_validate(LogisticRegression(max_iter=2), X, y)
        if xgboost is not None:
            xgboost.XGBClassifier(n_estimators=2, n_jobs=1).fit(X, y)
            xgboost.train({"nthread": 1}, xgboost.DMatrix(X, y), 2)
        try:
            LogisticRegression().fit(X, y[:-1])
        except ValueError:
            pass

    def umask():
        found = os.umask(0o22)
        os.umask(found)
        return found

    def loggers():
        known = logging.root.manager.loggerDict
        return {
            name: (logger.level, logger.handlers[:], logger.filters[:], logger.propagate, logger.disabled)
            for name, logger in known.items()
            if isinstance(logger, logging.Logger) and name.partition(".")[0] not in ("fitprint", "packaging")
        }

    def state():
        return {
            "root logger": (logging.root.handlers[:], logging.root.level, logging.root.filters[:]),
            "loggers": loggers(),
            "logging": (logging.lastResort, logging.root.manager.disable, logging.getLoggerClass()),
            "records": (logging.getLogRecordFactory(), logging.raiseExceptions),
            "warnings": (id(warnings.filters), list(warnings.filters), warnings.showwarning, warnings.formatwarning),
            "shown once": dict(warnings.onceregistry),
            "place": (os.getcwd(), umask(), dict(os.environ), list(sys.path), sys.argv),
            "locale": locale.setlocale(locale.LC_ALL),
            "signals": {number: signal.getsignal(number) for number in signal.valid_signals()},
            "wakeup": signal.set_wakeup_fd(-1),
            "hooks": (sys.excepthook, sys.displayhook, sys.unraisablehook, sys.breakpointhook, threading.excepthook),
            "tracing": (sys.gettrace(), sys.getprofile(), threading.gettrace(), threading.getprofile()),
            "gc": (gc.isenabled(), gc.get_threshold(), gc.get_debug(), gc.callbacks[:], gc.get_freeze_count()),
            "decimal": repr(decimal.getcontext()),
            "numpy": (np.get_printoptions(), np.geterr(), np.geterrcall(), np.getbufsize()),
            "pandas": {name: pd.get_option(name) for name in OPTIONS},
            "sklearn": sklearn.get_config(),
            "xgboost": xgboost.get_config() if xgboost is not None else None,
            "threads of libraries": [pool["num_threads"] for pool in threadpoolctl.threadpool_info()],
            "joblib": joblib.parallel.get_active_backend()[1],
            "limits": (sys.getrecursionlimit(), sys.getswitchinterval(), threading.stack_size()),
            "streams": (sys.stdin, sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__),
            "threads": threading.enumerate(),
            "processes": (multiprocessing.get_start_method(allow_none=True), multiprocessing.active_children()),
            "random": (random.getstate(), str(np.random.get_state())),
            "open files": sorted(os.listdir("/proc/self/fd")),
            "reductions": dict(copyreg.dispatch_table),
            "builtins": sorted(vars(__import__("builtins"))),
            "matplotlib": [name for name in sys.modules if name.startswith(("matplotlib", "mpl_toolkits"))],
            "import": [finder for finder in sys.meta_path if type(finder).__module__ != "wrapt.importer"],
        }

    from pandas._config import config as pandas_config
    OPTIONS = list(pandas_config._registered_options)
    warnings.simplefilter("ignore")

    def same(before, what):
        after = state()
        assert not (changed := {what: (before[what], after[what]) for what in before if before[what] != after[what]}), (
            what, changed)
"""


@pytest.mark.slow
def test_nothing_of_the_process_is_changed(run_python, store):
    run_python(
        STATE
        + """
    train()
    before = state()
    train()
    same(before, "without recording")
    fitprint.autolog(quiet=True)
    same(before, "autolog")
    train()
    same(before, "recorded training")
    fitprint.disable()
    same(before, "disable")
    assert len(fitprint.runs()) >= 4
    """
    )


@pytest.mark.slow
def test_nothing_that_the_user_has_set_is_changed(run_python, store):
    run_python(
        STATE
        + """
    train()
    locale.setlocale(locale.LC_ALL, "C")
    os.umask(0o27)
    os.environ["MINE"] = "1"
    signal.signal(signal.SIGTERM, lambda *_: None)
    sys.excepthook = threading.excepthook = print
    gc.set_threshold(123, 4, 5)
    gc.disable()
    decimal.getcontext().prec = 7
    np.set_printoptions(precision=2)
    np.seterr(all="raise", under="ignore")
    pd.set_option("display.max_rows", 7)
    pd.set_option("mode.copy_on_write", True) if pd.__version__ < "3" else None
    sklearn.set_config(transform_output="pandas", print_changed_only=False)
    sys.setrecursionlimit(2345)
    logging.basicConfig(level="ERROR")
    logging.disable(logging.INFO)
    fitprint.autolog(quiet=True)
    train()
    before = state()
    train()
    same(before, "recorded training")
    fitprint.disable()
    same(before, "disable")
    assert len(fitprint.runs()) >= 4
    """
    )


LOGGING = """
    import sys
    before, recorded = sys.argv[1] == "before", sys.argv[2] == "recorded"
    import io, logging, logging.config
    if recorded and before:
        import fitprint
        fitprint.autolog(quiet=True)
    if CONFIGURED == "basic":
        logging.basicConfig(level="INFO", format="%(name)s %(message)s %(lineno)d")
    elif CONFIGURED == "dict":
        handlers = {"all": {"class": "logging.StreamHandler", "level": "DEBUG"}}
        logging.config.dictConfig({"version": 1, "handlers": handlers, "root": {"handlers": ["all"], "level": "DEBUG"}})
    if recorded and not before:
        import fitprint
        fitprint.autolog(quiet=True)
    import numpy as np
    from sklearn.base import BaseEstimator

    class Logs(BaseEstimator):
        def fit(self, X, y=None):
            logging.getLogger("mine").info("trained")
            logging.getLogger("mine").warning("trained for your caller", stacklevel=2)
            return self

    Logs().fit(np.zeros((3, 2)))
    print(logging.root.handlers, logging.root.level, logging.getLogger("mine").getEffectiveLevel())
"""


@pytest.mark.parametrize("order", ["before", "after"])
@pytest.mark.parametrize("configured", ["nothing", "basic", "dict"])
def test_a_program_s_logging_is_as_without_recording(run_python, store, configured, order):
    script = f"\n    CONFIGURED = {configured!r}\n" + LOGGING
    plain, recorded = (run_python(script, order, mode, name="program.py") for mode in ("plain", "recorded"))
    assert (recorded.stdout, recorded.stderr) == (plain.stdout, plain.stderr)
    assert "trained for your caller" in plain.stderr
