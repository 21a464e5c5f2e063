"""Tasks that dask executes again: after an error, or because the worker with their results is gone."""

from __future__ import annotations

import pytest


def test_a_second_attempt_says_what_it_replaces(run_program):
    told = run_program(
        """
        def fails_once(C):
            fit(C)
            fit(C + 1)
            if not os.path.exists("failed"):
                open("failed", "w").close()
                raise ValueError("the first attempt")

        fitprint.autolog(log_models=False, quiet=True)
        with cluster("processes", workers=1) as client:
            known = client.submit(fails_once, 1.0, retries=1)
            known.result()
            client.submit(fails_once, 1.0).result()  # not executed: its result is known
            del known
            while client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.tasks)):
                time.sleep(0.05)
            client.submit(fails_once, 1.0).result()
        """
    )
    first, second = told.runs[:2], told.runs[2:4]
    assert [run["C"] for run in told.runs] == [1.0, 2.0] * 3, "what the user sends again is no second attempt"
    assert [run["tags"].get("replaces") for run in second] == [run["id"] for run in first]
    assert [run["tags"].get("replaced_by") for run in first] == [run["id"] for run in second]
    assert not [run for run in told.runs[4:] if "replaces" in run["tags"]]


def test_a_cancelled_task_leaves_one_run(run_program):
    told = run_program(
        """
        def slow(C):
            fit(C)
            time.sleep(1)

        fitprint.autolog(log_models=False, quiet=True)
        with cluster("processes", workers=1) as client:
            future = client.submit(slow, 1.0)
            while not fitprint.runs():
                time.sleep(0.05)
            client.cancel(future)
            client.submit(fit, 2.0).result()
        """
    )
    assert [run["C"] for run in told.runs] == [1.0, 2.0]
    assert not [run for run in told.runs if "replaces" in run["tags"]]


def test_each_call_of_an_actor_is_a_run_of_its_own(run_program):
    told = run_program(
        """
        class Trainer:
            def fit(self, C):
                return fit(C)

        fitprint.autolog(log_models=False, quiet=True)
        with cluster("processes", workers=1) as client:
            trainer = client.submit(Trainer, actor=True).result()
            for C in (1.0, 2.0):
                trainer.fit(C).result()
        """
    )
    assert [(run["C"], "replaces" in run["tags"]) for run in told.runs] == [(1.0, False), (2.0, False)]
    assert {run["tags"]["engine"] for run in told.runs} == {"dask"}


def kill_one_worker(run_program, tasks):
    return run_program(
        f"""
        fitprint.autolog(log_models=False, log_training_metrics=False, quiet=True)
        with cluster("processes") as client:
            futures = client.map(fit, range(1, {tasks} + 1))
            while sum(future.done() for future in futures) < {tasks} // 2:
                time.sleep(0.02)
            os.kill(next(future for future in futures if future.done()).result(), signal.SIGKILL)
            client.gather(futures)
        """
    )


def check_each_task_once(told, tasks):
    left = [run for run in told.runs if "replaced_by" not in run["tags"]]
    assert sorted(run["C"] for run in left) == list(range(1, tasks + 1)), "none lost, none doubled"
    assert {run["status"] for run in left} == {"FINISHED"}
    replaced = {run["id"] for run in told.runs if "replaced_by" in run["tags"]}
    assert replaced, "dask has computed again what the killed worker had"
    assert replaced == {run["tags"]["replaces"] for run in told.runs if "replaces" in run["tags"]}


def test_the_tasks_of_a_killed_worker(run_program):
    check_each_task_once(kill_one_worker(run_program, 40), 40)


@pytest.mark.slow
def test_a_thousand_tasks_and_a_killed_worker(run_program):
    check_each_task_once(kill_one_worker(run_program, 1000), 1000)
