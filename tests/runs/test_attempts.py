"""What the folder store knows of the attempts at a task."""

from __future__ import annotations

import pytest

from fitprint._core.ids import new_run_id
from fitprint._core.task_scope import CarriedTask
from fitprint._runs.attempts import tags_of_task
from fitprint._runs.record import Record
from fitprint.stores.folder import FolderStore

SENDER = "0" * 32


@pytest.fixture
def folder(tmp_path):
    return FolderStore(str(tmp_path / "store"))


def note(store, attempt, task="a task / with ünusual signs"):
    run_id = new_run_id()
    return run_id, store.note_attempt(SENDER, task, attempt, run_id)


def test_a_run_replaces_the_one_in_its_place_of_the_attempt_before(folder):
    (first, _), (second, _) = note(folder, "1"), note(folder, "1")
    assert note(folder, "2")[1] == first
    assert note(folder, "2")[1] == second
    third, replaced = note(folder, "2")
    assert replaced is None, "the first attempt did not come to it"
    assert note(folder, "3")[1] not in (first, second, third)


def test_a_run_of_which_there_is_nothing_is_not_replaced(folder):
    """A worker may be killed after it has noted a run, and before the run's first file."""
    records = [Record(new_run_id(), "fit") for _ in range(3)]
    for attempt, record in enumerate(records):
        task = CarriedTask(sent_by=SENDER, task="a task", attempt=str(attempt))
        record.tags = tags_of_task(task, folder, record)
        if attempt > 0:
            folder.begin(record.run_id).write_record(record.to_json())
    assert [record.tags.get("replaces") for record in records] == [None, None, records[1].run_id]


def test_other_tasks_and_other_programs_have_nothing_to_do_with_it(folder):
    note(folder, "1")
    assert note(folder, "2", task="another")[1] is None
    assert folder.note_attempt("1" * 32, "a task / with ünusual signs", "2", new_run_id()) is None


def test_the_mark_of_a_program(folder, tmp_path):
    assert not folder.is_prepared_for(SENDER)
    folder.prepare_for(SENDER)
    folder.prepare_for(SENDER)
    assert FolderStore(folder.location).is_prepared_for(SENDER)
    assert not FolderStore(str(tmp_path / "elsewhere")).is_prepared_for(SENDER)
    note(folder, "1")
    folder.forget_attempts(SENDER)
    assert not folder.is_prepared_for(SENDER)
    assert not (tmp_path / "store" / ".tasks").exists()
    assert list(folder.run_ids()) == []


def test_a_store_that_knows_nothing_of_it_is_the_same_everywhere():
    from fitprint.stores import Store

    methods = dict.fromkeys(Store.__abstractmethods__, lambda self: None)
    store = type("Other", (Store,), methods)()
    store.prepare_for(SENDER)
    assert store.is_prepared_for(SENDER)
    assert store.note_attempt(SENDER, "task", "2", new_run_id()) is None
    store.forget_attempts(SENDER)
