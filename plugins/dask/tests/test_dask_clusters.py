"""What is sent to a cluster of dask: in threads, in processes, and to one that was started by commands."""

from __future__ import annotations

import pytest

KINDS = ["threads", "processes", "commands"]

EVERYTHING = """
fitprint.autolog(tags={"team": "x"}, log_models=False, quiet=True)
with cluster(sys.argv[1]) as client:
    with joblib.parallel_backend("dask"):
        search()
    with fitprint.start_run("mine"):
        client.gather(client.map(fit, [1.0, 2.0]))
    client.submit(fit, 3.0, key="of its own").result()
    with joblib.parallel_backend("dask"):
        joblib.Parallel()([joblib.delayed(fit)(4.0)])
    dask.compute(dask.delayed(fit)(5.0))
    with fitprint.suppress():
        client.submit(fit, 6.0).result()
"""


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_program_sends_is_recorded_once_and_where_it_belongs(run_program, kind):
    told = run_program(EVERYTHING, kind)
    search, *candidates = [run for run in told.runs if "engine" not in run["tags"] and run["name"] != "mine"]
    assert search["name"] == "GridSearchCV"
    assert [run["parent"] for run in candidates] == [search["id"]] * 3, "as if it had searched here"
    mine = next(run for run in told.runs if run["name"] == "mine")
    sent = [run for run in told.runs if run["tags"].get("engine") == "dask"]
    assert {run["C"]: run["parent"] for run in sent} == {
        1.0: mine["id"], 2.0: mine["id"], 3.0: None, 4.0: None, 5.0: None,
    }  # fmt: skip
    assert len(told.runs) == 1 + 3 + 1 + 5
    for run in sent:
        assert run["tags"]["team"] == "x"
        assert run["tags"]["worker"].startswith("inproc://" if kind == "threads" else "tcp://")
        assert run["status"] == "FINISHED"
    assert next(run for run in sent if run["C"] == 3.0)["tags"]["task"] == "of its own"
    assert not [run for run in told.runs if "replaces" in run["tags"]]
    assert told.unreached == []
    assert "2 of 2 workers record" in told.status


def test_tasks_that_a_task_sends_belong_where_it_belongs(run_program):
    told = run_program(
        """
        def outer(C):
            client = get_client()
            return client.gather(client.map(fit, [C, C + 1]))

        class Meta(GridSearchCV):
            def fit(self, X, y):
                self.sent = get_client().submit(outer, 5.0).result()
                return super().fit(X, y)

        fitprint.autolog(log_models=False, max_child_runs=0, quiet=True)
        with cluster("processes") as client:
            with fitprint.start_run("mine"):
                client.submit(outer, 1.0).result()
            Meta(LogisticRegression(), {"C": [1.0]}).fit(X, y)
        """
    )
    assert sorted((run["name"], run["C"]) for run in told.runs if run["name"] == "LogisticRegression") == [
        ("LogisticRegression", 1.0), ("LogisticRegression", 2.0),
    ]  # fmt: skip
    mine = next(run for run in told.runs if run["name"] == "mine")
    assert {run["parent"] for run in told.runs if run["name"] == "LogisticRegression"} == {mine["id"]}
    assert [run["name"] for run in told.top()] == ["mine", "Meta"]


def test_threads_and_processes_that_a_task_starts_belong_to_it(run_program):
    told = run_program(
        """
        import threading
        from concurrent.futures import ProcessPoolExecutor

        def task(C):
            thread = threading.Thread(target=fit, args=(C,))
            thread.start()
            thread.join()
            joblib.Parallel(2)(joblib.delayed(fit)(C + number) for number in (1, 2))

        fitprint.autolog(log_models=False, quiet=True)
        with cluster("commands", workers=1) as client, fitprint.start_run("mine", group=True):
            client.submit(task, 1.0).result()
        """
    )
    mine = next(run for run in told.runs if run["name"] == "mine")
    assert sorted(run["C"] for run in told.runs if run["parent"] == mine["id"]) == [1.0, 2.0, 3.0]
    assert next(run for run in told.runs if run["C"] == 1.0)["tags"]["engine"] == "dask"


def test_what_others_send_to_the_same_workers_is_not_recorded(run_program):
    told = run_program(
        """
        fitprint.autolog(log_models=False, quiet=True)
        with cluster("commands", workers=1) as client:
            client.submit(fit, 1.0).result()
            fitprint.disable()
            client.submit(fit, 2.0).result()
            client.run(fit, 3.0)
            fitprint.autolog(log_models=False, quiet=True, experiment="second")
            client.submit(fit, 4.0).result()
        print([run.experiment for run in fitprint.runs()], file=sys.stderr)
        """
    )
    assert [run["C"] for run in told.runs] == [1.0, 4.0]
    assert "['second', 'default']" in told.log, "the workers have the settings of the latest autolog()"


def test_a_run_of_a_worker_has_a_lease_from_its_first_moment(run_program):
    run_program(
        """
        def leased():
            with fitprint.start_run("in a task") as run:
                return os.path.exists(run.path / "alive")

        fitprint.autolog(log_models=False, quiet=True)
        with cluster("processes", workers=1) as client:
            assert client.submit(leased).result(), "a killed worker is seen as such from other hosts"
        """
    )
