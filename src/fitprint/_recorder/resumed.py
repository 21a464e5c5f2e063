"""What a training continues: a model that an earlier run trained, or a checkpoint that an earlier run wrote."""

from __future__ import annotations

import os
from typing import Any

from fitprint._packages.run_of_package import run_id_of_package
from fitprint._recorder.steps import Recording
from fitprint._runs.checkpoints import find_checkpoint
from fitprint._runs.index import trained_by
from fitprint.stores import open_store

RESUMED_FROM = "resumed_from"


def note_resumed(recording: Recording) -> bool:
    """Add the tags of what a training goes on with, as the flavor says.

    Returns:
        Whether it goes on with something.
    """
    source = recording.call.flavor.resumes(recording.call)
    if source is None:
        return False
    if isinstance(source, (str, bytes, os.PathLike)):
        recording.writer.add_tags(_tags_of_checkpoint(recording, os.fsdecode(source)))
    else:
        _note_model(recording, source)
    return True


def _note_model(recording: Recording, model: Any) -> None:
    run, writer = trained_by(model), recording.writer
    run_id = run.run_id if run is not None else run_id_of_package(model)
    if run_id is None:
        reason = (
            "this process has neither recorded a training of the model that it continues nor loaded it from a package"
        )
        writer.skip("the run that the training goes on from", "flavor", reason)
    elif run_id != writer.run_id:
        writer.add_tags({RESUMED_FROM: run_id})


def _tags_of_checkpoint(recording: Recording, path: str) -> dict[str, str]:
    writer = recording.writer
    known = find_checkpoint(open_store(writer.address()[0]), path, writer.run_id)
    tags = {RESUMED_FROM: path, "resumed_checkpoint": path}
    if known is not None:
        run_id, checkpoint = known
        tags[RESUMED_FROM] = run_id
        if checkpoint.step is not None:
            tags["resumed_step"] = str(checkpoint.step)
    return tags
