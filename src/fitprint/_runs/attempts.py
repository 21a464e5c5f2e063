"""The runs of tasks that an engine has executed: their tags, and which run of an earlier attempt each one replaces."""

from __future__ import annotations

from fitprint._core.guard import attempt, guarded
from fitprint._core.task_scope import CarriedTask
from fitprint._runs.record import Record
from fitprint._runs.side_writer import side_writer
from fitprint.stores import Store, UnknownRunError

REPLACES, REPLACED_BY = "replaces", "replaced_by"
"""The tags of a run that a second attempt at a task has made, and of the run that the first one has left."""


def tags_of_task(task: CarriedTask, store: Store, record: Record) -> dict[str, str]:
    """Return the tags of a run that is beginning in a task, and tell the run of an earlier attempt that it is replaced.

    An engine executes a task again after an error, if it is asked to, and when a worker is gone with the results. The
    runs of a task are matched in the order in which they begin; those below them are not.

    Args:
        task: The task.
        store: The store of the run.
        record: The record of the run.
    """
    tags = dict(task.tags)
    if not task.task or record.parent_id != task.parent_id:
        return tags
    replaced = store.note_attempt(task.sent_by, task.task, task.attempt, record.run_id)
    if replaced is not None and _is_there(store, replaced):
        tags[REPLACES] = replaced
        with guarded(f"the tag {REPLACED_BY} of run {replaced}"):  # it may have been removed meanwhile
            writer = side_writer(store.location, replaced)
            writer.add_tags({REPLACED_BY: record.run_id})
            writer.write()
    return tags


def _is_there(store: Store, run_id: str) -> bool:
    """Return whether a run has a record: a worker may be killed before the first file of a run that it has noted."""
    has_record, error = attempt(store.read_record, run_id)
    return has_record or not isinstance(error, UnknownRunError)
