"""Opening and ending runs: with and without a `with` block, nested, reopened, and which one is active where."""

from __future__ import annotations

import asyncio
import threading
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

import fitprint
from fitprint.stores import StoreError


def status(run):
    return fitprint.get_run(run.run_id).status


def test_a_block_ends_its_run_and_gives_it(store):
    with fitprint.start_run("named") as run:
        assert fitprint.active_run() is run
        assert (run.status, run.name) == ("RUNNING", "named")
    assert fitprint.active_run() is None
    assert (run.status, status(run)) == ("FINISHED", "FINISHED")
    assert run.end_time is not None


@pytest.mark.parametrize("name", [7, 0, np.int64(3), 1.5, Path("a/b")])
def test_a_name_that_is_no_text_becomes_one(store, name):
    with fitprint.start_run(run_name=name, description=name) as run:
        pass
    read = fitprint.get_run(run.run_id)
    assert (read.name, read.tags["description"]) == (str(name), str(name))
    with fitprint.start_run(run_id=run.run_id, name=np.int32(8)):
        pass
    assert fitprint.get_run(run.run_id).name == "8"


def test_without_a_block_end_run_ends_it(store):
    run = fitprint.start_run(name="other word")
    assert fitprint.active_run() is run
    assert run.name == "other word"
    fitprint.end_run()
    assert fitprint.active_run() is None
    assert status(run) == "FINISHED"
    fitprint.end_run()  # does nothing


@pytest.mark.parametrize("ended", ["FINISHED", "FAILED", "KILLED"])
def test_a_run_ends_with_the_status_given(store, ended):
    run = fitprint.start_run()
    fitprint.end_run(ended)
    assert status(run) == ended


def test_other_statuses_are_refused_and_the_run_stays_open(store):
    run = fitprint.start_run()
    with pytest.raises(ValueError, match="FINISHED, FAILED or KILLED, not as 'DONE'"):
        fitprint.end_run("DONE")
    assert fitprint.active_run() is run


@pytest.mark.parametrize(
    ("error", "ended"),
    [
        (ValueError("mine"), "FAILED"),
        (KeyboardInterrupt("mine"), "KILLED"),
        (SystemExit("mine"), "FAILED"),
        (SystemExit(1), "FAILED"),
        (SystemExit(0), "FINISHED"),
        (SystemExit(), "FINISHED"),
    ],
)
def test_an_exception_inside_ends_the_run_and_passes(store, error, ended):
    with pytest.raises(type(error)) as caught, fitprint.start_run() as run:
        raise error
    assert caught.value is error
    assert status(run) == ended
    assert fitprint.active_run() is None


def test_a_run_ended_inside_its_block_keeps_its_status(store):
    with fitprint.start_run() as run:
        fitprint.end_run("FAILED")
        assert fitprint.active_run() is None
    assert status(run) == "FAILED"


def test_a_run_inside_another_is_its_child(store):
    with fitprint.start_run("outer") as outer:
        with fitprint.start_run("first", nested=True) as first:
            assert fitprint.active_run() is first
            with fitprint.start_run("deep") as deep:
                pass
        assert fitprint.active_run() is outer
        with fitprint.start_run("second") as second:
            pass
    assert (outer.parent_id, first.parent_id, second.parent_id) == (None, outer.run_id, outer.run_id)
    assert deep.parent_id == first.run_id
    assert [child.run_id for child in fitprint.get_run(outer.run_id).children] == [first.run_id, second.run_id]
    assert [child.name for child in first.children] == ["deep"]
    assert second.children == []


def test_a_run_is_reopened_by_its_id_and_added_to(store):
    with fitprint.start_run("first") as run:
        run.log_params({"a": 1, "b": 1})
        run.log_metric("m", 1.0, step=0)
        run.log_text("x", "x.txt")
    with fitprint.start_run(run_id=run.run_id) as again:
        assert again.run_id == run.run_id
        assert fitprint.get_run(run.run_id).status == "RUNNING"
        again.log_param("b", 2)
        again.log_metric("m", 2.0, step=1)
    found = fitprint.get_run(run.run_id)
    assert (found.name, found.status) == ("first", "FINISHED")
    assert found.params == {"a": 1, "b": 2}
    assert found.metric_history("m") == [(0, 1.0), (1, 2.0)]
    assert found.artifacts == ["x.txt"]
    assert found.start_time == run.start_time
    assert len(fitprint.runs()) == 1


def test_an_unknown_run_is_not_reopened(store):
    with pytest.raises(StoreError, match="no run"):
        fitprint.start_run(run_id="0" * 32)
    assert fitprint.active_run() is None


def test_a_run_that_is_being_written_can_be_joined_and_the_inner_block_ends_alone(store):
    with fitprint.start_run() as run:
        with fitprint.start_run(run_id=run.run_id) as again:
            assert fitprint.active_run() is again
            again.log_param("inner", 1)
        assert fitprint.active_run() is run
        assert (run.status, status(run)) == ("RUNNING", "RUNNING")
        run.log_param("outer", 2)
    assert fitprint.get_run(run.run_id).params == {"inner": 1, "outer": 2}
    assert status(run) == "FINISHED"
    assert not (run.path / "also").exists(), "one process has one writer"


def test_a_run_is_given_another_name_tags_and_description_when_it_is_opened_again(store):
    with fitprint.start_run("first", tags={"a": 1}, description="before") as run:
        pass
    with fitprint.start_run(run_id=run.run_id, run_name="second", tags={"b": 2}, description="after"):
        pass
    found = fitprint.get_run(run.run_id)
    assert found.name == "second"
    assert {"a": "1", "b": "2", "description": "after"}.items() <= found.tags.items()


def test_tags_description_and_experiment(store):
    with fitprint.start_run(tags={"team": "x", "n": 3}, description="what for", experiment_id="churn") as run:
        fitprint.set_tag("late", True)
    found = fitprint.get_run(run.run_id)
    assert {"team": "x", "n": "3", "description": "what for", "late": "True"}.items() <= found.tags.items()
    assert found.experiment == "churn"
    assert {"python", "host", "pid"} <= {*found.tags}
    assert [run.run_id for run in fitprint.runs(experiment="churn")] == [run.run_id]
    assert fitprint.runs(experiment="default") == []


def test_asyncio_tasks_do_not_see_each_other_s_runs(store):
    async def work(name, opened, other_opened):
        assert fitprint.active_run() is None
        with fitprint.start_run(name) as run:
            opened.set()
            await other_opened.wait()
            await asyncio.sleep(0)
            assert fitprint.active_run() is run
            fitprint.log_param("name", name)
            inner = await asyncio.create_task(below())
            assert inner == run.run_id, "a task started inside sees it"
        assert fitprint.active_run() is None
        return run

    async def below():
        return fitprint.active_run().run_id

    async def both():
        one, two = asyncio.Event(), asyncio.Event()
        return await asyncio.gather(work("a", one, two), work("b", two, one))

    runs = asyncio.run(both())
    assert [run.params for run in runs] == [{"name": "a"}, {"name": "b"}]
    assert [run.parent_id for run in runs] == [None, None]


def test_threads_do_not_see_each_other_s_runs(store):
    both_open = threading.Barrier(2)
    seen = {}

    def work(name, block):
        before = fitprint.active_run()
        run = fitprint.start_run(name)
        if block:
            run.__enter__()
        both_open.wait()
        seen[name] = (before, fitprint.active_run() is run, run.parent_id)
        both_open.wait()
        run.__exit__(None, None, None) if block else fitprint.end_run()

    threads = [threading.Thread(target=work, args=arguments) for arguments in (("a", True), ("b", False))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == {"a": (None, True, None), "b": (None, True, None)}


def test_a_run_opened_in_one_context_is_open_in_the_next_of_its_thread(store):
    """A notebook gives each cell a context of its own."""
    import contextvars

    run = contextvars.copy_context().run(fitprint.start_run)
    assert fitprint.active_run() is run
    contextvars.copy_context().run(fitprint.end_run)
    assert fitprint.active_run() is None
    assert status(run) == "FINISHED"


def test_a_block_belongs_to_its_own_context(store):
    import contextvars

    context = contextvars.copy_context()
    run = context.run(lambda: fitprint.start_run().__enter__())
    assert fitprint.active_run() is None
    assert context.run(fitprint.active_run) is run
    context.run(fitprint.end_run)


def test_a_store_that_cannot_be_written_raises_for_the_user_s_own_run(tmp_path):
    (tmp_path / "file").write_text("in the way")
    fitprint.set_tracking_uri(tmp_path / "file" / "store")
    with pytest.raises(OSError, match="Not a directory"):
        fitprint.start_run()
    assert fitprint.active_run() is None


def test_one_run_told_from_another_in_mlflow_s_words(store):
    with fitprint.start_run("m") as run:
        fitprint.log_param("p", 1)
        fitprint.log_metric("m", 2)
    assert (run.info.run_id, run.info.run_name, run.info.status) == (run.run_id, "m", "FINISHED")
    assert run.info.artifact_uri == str(store / run.run_id / "artifacts")
    assert (run.data.params, run.data.metrics) == ({"p": 1}, {"m": 2.0})
    assert (run.info.experiment_id, run.info.lifecycle_stage, run.info.user_id) == (
        "default",
        "active",
        run.tags["user"],
    )
    assert run.info.start_time == round(datetime.fromisoformat(run.start_time).timestamp() * 1000)
    assert run.info.end_time >= run.info.start_time


def test_tags_have_mlflow_s_names_too(store):
    with fitprint.start_run("outer"), fitprint.start_run("m", description="why") as run:
        assert run.info.end_time is None
        fitprint.set_tag("mlflow.runName", "n")
    names = {"mlflow.runName": "n", "mlflow.note.content": "why", "mlflow.parentRunId": run.parent_id}
    ours = {"mlflow.user": "user", "mlflow.source.name": "source"}  # no source in a process that runs no script
    names |= {theirs: run.tags[name] for theirs, name in ours.items() if name in run.tags}
    assert names.items() <= run.data.tags.items()
    assert run.tags.items() <= run.data.tags.items()
    assert (run.name, run.tags["description"]) == ("n", "why")
    assert not [name for name in run.tags if name.startswith("mlflow.")]
    run.set_tags({"mlflow.note.content": "because", "mlflow.other": "kept"})
    found = fitprint.get_run(run.run_id)
    assert (found.tags["description"], found.tags["mlflow.other"]) == ("because", "kept")


def test_a_run_is_opened_by_its_id_where_mlflow_has_it(store):
    with fitprint.start_run("first") as run:
        pass
    with fitprint.start_run(run.run_id, tags={"mlflow.runName": "second"}) as again:
        assert again.run_id == run.run_id
    assert [(run.name, run.status) for run in fitprint.runs()] == [("second", "FINISHED")]


def test_a_run_gets_a_parent_by_its_id(store):
    with fitprint.start_run("parent") as parent:
        pass
    with fitprint.start_run("child", parent_run_id=parent.run_id, log_system_metrics=True) as run:
        pass
    assert run.parent_id == parent.run_id


def test_the_last_active_run(store, toy):
    assert fitprint.last_active_run() is None
    fitprint.autolog("toy", quiet=True)
    toy.imported().Mean().fit([1], [2])
    assert fitprint.last_active_run().run_id == fitprint.last_run().run_id
    with fitprint.start_run() as run:
        assert fitprint.last_active_run() is run
    assert fitprint.last_active_run() is run
    toy.imported().Mean().fit([1], [2])
    assert fitprint.last_active_run().run_id == fitprint.last_run().run_id > run.run_id
