"""What is sent to the workers of Ray: tasks, the methods of actors, and the batches of joblib's backend."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.slow


def test_what_a_program_sends_is_recorded_once_and_where_it_belongs(run_program):
    told = run_program(
        """
        class Trainer:
            def __init__(self):
                train(10.0)

            def fit(self, C):
                return train(C)

        fitprint.autolog(tags={"team": "x"}, log_models=False, quiet=True, experiment="strengths")
        start()
        with fitprint.start_run("mine"):
            assert ray.get([fit.remote(1.0), fit.options(name="named").remote(2.0)]) == [1.0, 2.0]
        ray.get(fit.remote(3.0))
        trainer = ray.remote(Trainer).remote()
        assert ray.get([trainer.fit.remote(4.0), trainer.fit.remote(5.0)]) == [4.0, 5.0]
        with fitprint.suppress():
            ray.get(fit.remote(6.0))
        """
    )
    mine = next(run for run in told.runs if run["name"] == "mine")
    sent = [run for run in told.runs if run["tags"].get("engine") == "ray"]
    assert {run["C"]: run["parent"] for run in sent} == {
        1.0: mine["id"], 2.0: mine["id"], 3.0: None, 4.0: None, 5.0: None, 10.0: None,
    }  # fmt: skip
    assert len(told.runs) == 1 + 6
    for run in sent:
        assert (run["tags"]["team"], run["experiment"], run["status"]) == ("x", "strengths", "FINISHED")
        assert run["tags"]["worker"]
        assert run["tags"]["attempt"] == "0"
        assert ("actor" in run["tags"]) == (run["C"] in (4.0, 5.0, 10.0))
    assert next(run for run in sent if run["C"] == 2.0)["tags"]["task"].startswith("named ")
    assert not [run for run in told.runs if "replaces" in run["tags"]]
    assert told.unreached == []
    assert "1 of 1 workers record" in told.status


def test_a_search_through_the_backend_of_joblib_is_one_run(run_program):
    told = run_program(
        """
        from ray.util.joblib import register_ray

        register_ray()
        fitprint.autolog(log_models=False, quiet=True)
        start()
        with joblib.parallel_backend("ray"):
            # more batches than joblib sends at once: the others are sent from a thread of Ray's
            GridSearchCV(LogisticRegression(), {"C": [0.1, 1.0, 10.0]}, cv=5).fit(X, y)
            joblib.Parallel()([joblib.delayed(train)(C) for C in (4.0, 5.0)])
        """
    )
    search = next(run for run in told.runs if run["name"] == "GridSearchCV")
    candidates = [run for run in told.runs if run["parent"] == search["id"]]
    assert sorted(run["C"] for run in candidates) == [0.1, 1.0, 10.0]
    mine = [run for run in told.runs if run["tags"].get("engine") == "ray"]
    assert sorted(run["C"] for run in mine) == [4.0, 5.0]
    assert len(told.runs) == 1 + 3 + 2
    assert told.unreached == []


def test_tasks_that_a_task_sends_belong_where_it_belongs(run_program):
    told = run_program(
        """
        @ray.remote
        def outer(C):
            return ray.get([fit.remote(C), fit.remote(C + 1)])

        fitprint.autolog(log_models=False, quiet=True)
        start()
        with fitprint.start_run("mine"):
            ray.get(outer.remote(1.0))
        """
    )
    mine = next(run for run in told.runs if run["name"] == "mine")
    assert sorted((run["C"], run["parent"]) for run in told.runs if run is not mine) == [
        (1.0, mine["id"]), (2.0, mine["id"]),
    ]  # fmt: skip


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
                os._exit(1)

        fitprint.autolog(log_models=False, quiet=True)
        start()
        for task in (fails_once, dies_once):
            ray.get(task.remote(os.getcwd()))
        ray.get(fails_once.remote(os.getcwd()))
        """
    )
    assert [run["C"] for run in told.runs] == [1.0, 1.0, 2.0, 2.0, 1.0]
    for first, second in (told.runs[:2], told.runs[2:4]):
        assert second["tags"]["replaces"] == first["id"]
        assert first["tags"]["replaced_by"] == second["id"]
        assert (first["tags"]["attempt"], second["tags"]["attempt"]) == ("0", "1")
    assert "replaces" not in told.runs[4]["tags"], "what the user sends again is no second attempt"
