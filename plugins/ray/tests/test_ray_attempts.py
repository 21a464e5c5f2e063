"""Tasks that Ray executes again, because they failed or their worker died, and those that are cancelled."""

from __future__ import annotations

import pytest


def test_a_second_attempt_says_what_it_replaces(run_program):
    told = run_program(
        """
        @ray.remote(max_retries=2, retry_exceptions=True)
        def fails_once(folder):
            train(1.0)
            if not os.path.exists(folder + "/failed"):
                open(folder + "/failed", "w").close()
                raise ValueError("the first attempt")

        @ray.remote(max_retries=2)
        def dies_once(folder):
            train(2.0)
            if not os.path.exists(folder + "/died"):
                open(folder + "/died", "w").close()
                os.kill(os.getpid(), signal.SIGKILL)

        fitprint.autolog(log_models=False, quiet=True)
        start()
        for task in (fails_once, dies_once):
            get(task.remote(os.getcwd()))
        get(fails_once.remote(os.getcwd()))
        """
    )
    assert [run["C"] for run in told.runs] == [1.0, 1.0, 2.0, 2.0, 1.0]
    for first, second in (told.runs[:2], told.runs[2:4]):
        assert second["tags"]["replaces"] == first["id"]
        assert first["tags"]["replaced_by"] == second["id"]
        assert (first["tags"]["attempt"], second["tags"]["attempt"]) == ("0", "1")
    assert "replaces" not in told.runs[4]["tags"], "what the user sends again is no second attempt"


def test_a_cancelled_task_leaves_one_run(run_program):
    told = run_program(
        """
        @ray.remote
        def slow(C):
            train(C)
            for _ in range(1200):  # Ray interrupts between two lines
                time.sleep(0.1)

        fitprint.autolog(log_models=False, quiet=True)
        start()
        sent = slow.remote(1.0)
        wait_for(1)
        ray.cancel(sent)
        try:
            get(sent)
        except ray.exceptions.RayError:
            pass
        get(fit.remote(2.0))
        """
    )
    assert [run["C"] for run in told.runs] == [1.0, 2.0]
    assert not [run for run in told.runs if "replaces" in run["tags"]]


@pytest.mark.slow
def test_a_thousand_tasks_and_a_killed_worker(run_program):
    told = run_program(
        """
        @ray.remote
        def dies_once(C, folder):
            train(C)
            if C == 500 and not os.path.exists(folder + "/died"):
                open(folder + "/died", "w").close()
                os.kill(os.getpid(), signal.SIGKILL)

        fitprint.autolog(log_models=False, log_training_metrics=False, quiet=True)
        start()
        ray.get([dies_once.remote(C, os.getcwd()) for C in range(1, 1001)], timeout=500)
        """
    )
    left = [run for run in told.runs if "replaced_by" not in run["tags"]]
    assert sorted(run["C"] for run in left) == list(range(1, 1001)), "none lost, none doubled"
    assert {run["status"] for run in left} == {"FINISHED"}
    replaced = {run["id"]: run["C"] for run in told.runs if "replaced_by" in run["tags"]}
    assert 500 in replaced.values()
    assert replaced.keys() == {run["tags"]["replaces"] for run in told.runs if "replaces" in run["tags"]}
