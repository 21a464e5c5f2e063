"""Workers that are not attached: it is said, and the user's tasks are as without."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.slow


def test_an_engine_that_the_setting_leaves_out(run_program):
    told = run_program(
        """
        fitprint.autolog(engines="none", log_models=False, quiet=True)
        start()
        ray.get([fit.remote(1.0), fit.remote(2.0)])
        assert not fitprint.runs()
        attachment = fitprint.engines.attach(ray)
        assert attachment.records, attachment
        assert fitprint.engines.attach(ray) is attachment
        ray.get(fit.remote(3.0))
        """
    )
    assert [run["C"] for run in told.runs] == [3.0]
    (unreached,) = told.unreached
    assert unreached.startswith("ray at ")
    assert "the setting engines leaves it out" in told.log


def test_a_hook_of_the_user_is_called_and_ours_is_not(run_program):
    told = run_program(
        """
        def hook():
            os.environ["HOOK_OF_THE_USER"] = "called"

        @ray.remote
        def task(C):
            train(C)
            return os.environ.get("HOOK_OF_THE_USER")

        fitprint.autolog(log_models=False, quiet=True)
        start(runtime_env={"worker_process_setup_hook": hook})
        assert ray.get(task.remote(1.0)) == "called"
        """
    )
    assert told.runs == []
    (unreached,) = told.unreached
    assert unreached.startswith("ray at ")
    assert "has a worker_process_setup_hook of its own" in told.log


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
        @ray.remote
        def task(C):
            train(C)
            return "fitprint.plugin" in sys.modules

        fitprint.autolog(log_models=False, quiet=True)
        start(runtime_env={"env_vars": {"WITHOUT": "1", "PYTHONPATH": os.getcwd() + "/without"}})
        train(9.0)
        assert ray.get(task.remote(1.0)) is False
        """
    )
    assert [run["C"] for run in told.runs] == [9.0]
    (unreached,) = told.unreached
    assert unreached.startswith("ray at ")
    assert "fitprint-ray is not installed there" in told.log


def test_the_environment_and_the_errors_of_the_user_are_as_without(run_program):
    run_program(
        """
        @ray.remote(runtime_env={"env_vars": {"MINE": "1"}})
        def task():
            assert os.environ["MINE"] == "1"
            train(1.0)
            raise KeyError("mine")

        @ray.remote(num_returns=2)
        def two():
            return 1, 2

        @ray.remote
        def several():
            yield train(2.0)
            yield 3

        fitprint.autolog(log_models=False, quiet=True)
        start()
        try:
            ray.get(task.remote())
        except KeyError as error:
            assert "mine" in str(error)
        else:
            raise AssertionError
        assert ray.get(list(two.remote())) == [1, 2]
        assert [ray.get(part) for part in several.remote()] == [2.0, 3]
        assert sorted(run.params["C"] for run in fitprint.runs()) == [1.0], "generators are left alone"
        assert task._default_options["runtime_env"]["env_vars"] == {"MINE": "1"}
        """
    )
