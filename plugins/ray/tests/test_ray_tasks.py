"""What is sent to the workers of Ray: tasks, the methods of actors, and the batches of joblib's backend."""

from __future__ import annotations


def test_what_a_program_sends_is_recorded_once_and_where_it_belongs(run_program):
    told = run_program(
        """
        class Trainer:
            def __init__(self):
                train(10.0)

            def fit(self, C):
                return train(C)

            def several(self, C):
                yield train(C)

        class Concurrent:
            async def fit(self, C):
                return train(C)

        @ray.remote
        def several(C):
            yield train(C)
            yield train(C + 0.5)

        fitprint.autolog(tags={"team": "x"}, log_models=False, quiet=True, experiment="strengths")
        start()
        assert get(fit.remote(1.0)) == 1.0
        trainer, concurrent = ray.remote(Trainer).remote(), ray.remote(Concurrent).remote()
        assert get([trainer.fit.remote(2.0), concurrent.fit.remote(3.0)]) == [2.0, 3.0]
        assert [get(part) for part in several.remote(4.0)] == [4.0, 4.5]
        with fitprint.start_run("mine"):
            assert get([fit.remote(21.0), fit.options(name="named").remote(22.0)]) == [21.0, 22.0]
            assert get([trainer.fit.remote(23.0), concurrent.fit.remote(24.0)]) == [23.0, 24.0]
            assert [get(part) for part in several.remote(25.0)] == [25.0, 25.5]
            assert [get(part) for part in trainer.several.remote(26.0)] == [26.0]
        with fitprint.suppress():
            get([fit.remote(30.0), trainer.fit.remote(31.0), concurrent.fit.remote(32.0)])
        assert get([fit.remote(5.0), trainer.fit.remote(6.0), concurrent.fit.remote(7.0)]) == [5.0, 6.0, 7.0]
        """
    )
    (mine,) = (run for run in told.runs if run["name"] == "mine")
    outside, inside = [1.0, 2.0, 3.0, 4.0, 4.5, 5.0, 6.0, 7.0, 10.0], [21.0, 22.0, 23.0, 24.0, 25.0, 25.5, 26.0]
    sent = told.of_tasks()
    assert sorted((run["C"], run["parent"]) for run in sent) == [
        *((C, None) for C in outside), *((C, mine["id"]) for C in inside),
    ]  # fmt: skip
    assert len(told.runs) == 1 + len(sent)
    for run in sent:
        assert (run["tags"]["team"], run["experiment"], run["status"]) == ("x", "strengths", "FINISHED")
        assert run["tags"]["worker"]
        assert run["tags"]["attempt"] == "0"
        assert ("actor" in run["tags"]) == (run["C"] in (2.0, 3.0, 6.0, 7.0, 10.0, 23.0, 24.0, 26.0))
    assert next(run for run in sent if run["C"] == 22.0)["tags"]["task"].startswith("named ")
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
    (search,) = (run for run in told.runs if run["name"] == "GridSearchCV")
    assert sorted(run["C"] for run in told.runs if run["parent"] == search["id"]) == [0.1, 1.0, 10.0]
    assert sorted(run["C"] for run in told.of_tasks()) == [4.0, 5.0]
    assert len(told.runs) == 1 + 3 + 2
    assert told.unreached == []


def test_tasks_that_a_task_sends_belong_where_it_belongs(run_program):
    told = run_program(
        """
        @ray.remote
        def outer(C):
            train(C)
            return ray.get([fit.remote(C + 1), fit.remote(C + 2)])

        start()
        fitprint.autolog(log_models=False, quiet=True)  # after ray.init
        get(outer.options(num_cpus=0).remote(1.0))
        with fitprint.start_run("mine"):
            get(outer.options(num_cpus=0).remote(4.0))
        """
    )
    (mine,) = (run for run in told.runs if run["name"] == "mine")
    assert sorted((run["C"], run["parent"]) for run in told.of_tasks()) == [
        *((C, None) for C in (1.0, 2.0, 3.0)), *((C, mine["id"]) for C in (4.0, 5.0, 6.0)),
    ]  # fmt: skip


def test_the_environment_the_results_and_the_errors_of_the_user_are_as_without(run_program):
    told = run_program(
        """
        @ray.remote(runtime_env={"env_vars": {"MINE": "1"}})
        def task():
            assert (os.environ["MINE"], os.environ["OF_ALL"]) == ("1", "2")
            train(1.0)
            raise KeyError("mine")

        @ray.remote(runtime_env={"env_vars": {"MINE": "3"}})
        class Actor:
            def read(self):
                return os.environ["MINE"], os.environ["OF_ALL"], os.environ["HOOK_OF_THE_USER"]

        @ray.remote(num_returns=2)
        def two():
            return 1, 2

        def hook():
            os.environ["HOOK_OF_THE_USER"] = "called"

        fitprint.autolog(log_models=False, quiet=True)
        start(runtime_env={"env_vars": {"OF_ALL": "2"}, "worker_process_setup_hook": hook})
        try:
            get(task.remote())
        except KeyError as error:
            assert "mine" in str(error)
        else:
            raise AssertionError
        assert get(list(two.remote())) == [1, 2]
        assert get(Actor.remote().read.remote()) == ("3", "2", "called")
        assert task._default_options["runtime_env"]["env_vars"] == {"MINE": "1"}
        """
    )
    assert [(run["C"], run["tags"]["engine"]) for run in told.runs] == [(1.0, "ray")]
    assert told.unreached == []
