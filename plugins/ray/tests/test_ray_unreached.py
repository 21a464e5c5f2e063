"""Workers that are not attached: it is said, and the user's tasks are as without."""

from __future__ import annotations

import pytest


def test_an_engine_that_the_setting_leaves_out(run_program):
    told = run_program(
        """
        fitprint.autolog(engines="none", log_models=False, quiet=True)
        start()
        get([fit.remote(1.0), fit.remote(2.0)])
        assert not fitprint.runs()
        attachment = fitprint.engines.attach(ray)
        assert attachment.records, attachment
        assert fitprint.engines.attach(ray) is attachment
        get(fit.remote(3.0))
        """
    )
    assert [run["C"] for run in told.runs] == [3.0]
    (unreached,) = told.unreached
    assert unreached.startswith("ray at ")
    (line,) = [line for line in told.log.splitlines() if "training in the workers of" in line]
    assert line.endswith("themselves: the setting engines leaves it out")


def test_workers_without_fitprint_work_and_are_told_of(run_program, tmp_path):
    hiding = tmp_path / "without" / "sitecustomize.py"
    hiding.parent.mkdir()
    hiding.write_text(
        "import os, sys\n"
        "if os.environ.get('WITHOUT'):\n"
        "    sys.modules['fitprint'] = sys.modules['fitprint_ray'] = None  # neither is installed there\n"
    )
    told = run_program(
        """
        from ray.util.joblib import register_ray

        @ray.remote
        def task(C):
            train(C)
            return "fitprint.plugin" in sys.modules

        register_ray()
        fitprint.autolog(log_models=False, quiet=True)
        start(runtime_env={"env_vars": {"WITHOUT": "1", "PYTHONPATH": os.getcwd() + "/without"}})
        assert get(task.remote(1.0)) is False
        with joblib.parallel_backend("ray"):
            GridSearchCV(LogisticRegression(), {"C": [0.1, 1.0]}, cv=2).fit(X, y)
        """
    )
    (search,) = (run for run in told.runs if run["parent"] is None)
    assert search["name"] == "GridSearchCV"
    assert len(told.runs) == 1 + 2
    (unreached,) = told.unreached
    assert unreached.startswith("ray at ")
    assert "themselves: fitprint-ray is not installed there" in told.log


@pytest.mark.slow
def test_a_cluster_that_starts_when_the_program_sends_something(run_program):
    told = run_program(
        """
        fitprint.autolog(log_models=False, quiet=True)
        assert not ray.is_initialized()
        get(fit.remote(1.0))
        """,
        local=True,
    )
    assert [(run["C"], run["tags"]["engine"]) for run in told.runs] == [(1.0, "ray")]
    assert told.unreached == []
