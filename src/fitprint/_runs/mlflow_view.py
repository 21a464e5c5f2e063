"""A run as MLflow shows it: ``run.info``, the names of its tags in ``run.data.tags``, and times in milliseconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

NAME_TAG, NOTE_TAG = "mlflow.runName", "mlflow.note.content"
DESCRIPTION = "description"
"""The tag that holds the text about a run."""
_TAGS = {
    DESCRIPTION: NOTE_TAG,
    "user": "mlflow.user",
    "source": "mlflow.source.name",
    "git_commit": "mlflow.source.git.commit",
    "flavor": "mlflow.autologging",
    "class": "estimator_class",
}
"""MLflow's names for tags that runs have under a shorter one."""


@dataclass(frozen=True)
class RunInfo:
    """What MLflow's ``run.info`` says of a run."""

    run_id: str
    """The id of the run."""
    run_name: str
    """The name of the run."""
    status: str
    """``RUNNING``, ``FINISHED``, ``FAILED`` or ``KILLED``."""
    artifact_uri: str
    """The folder of the run's artifacts."""
    experiment_id: str
    """The label of the experiment: experiments have no ids."""
    start_time: int
    """When the run started, in milliseconds since the epoch."""
    end_time: int | None
    """When the run ended, in milliseconds since the epoch, or None."""
    user_id: str
    """The user who started the run, or an empty text."""
    lifecycle_stage: str = "active"
    """Always ``active``: a run that is deleted is gone."""


def milliseconds(time: str | None) -> int | None:
    """Return an ISO 8601 time in milliseconds since the epoch; None if it is None or cannot be read."""
    try:
        return round(datetime.fromisoformat(time).timestamp() * 1000) if time else None
    except ValueError:
        return None


def with_mlflow_names(tags: Mapping[str, str], name: str, parent_id: str | None) -> dict[str, str]:
    """Return the tags of a run, and MLflow's names for what they and the run say."""
    added = {NAME_TAG: name, "mlflow.source.type": "LOCAL", **({"mlflow.parentRunId": parent_id} if parent_id else {})}
    added |= {mlflow_name: tags[own] for own, mlflow_name in _TAGS.items() if own in tags}
    if "class" in tags:
        added["estimator_name"] = tags["class"].rpartition(".")[2]
    return {**added, **tags}


def own_tags(tags: Mapping[str, str]) -> tuple[str | None, dict[str, str]]:
    """Take MLflow's names out of tags that a user sets.

    Returns:
        The name of the run if the tags set it, or None; and the tags, with the note under the name that it has here.
    """
    others = {DESCRIPTION if name == NOTE_TAG else name: text for name, text in tags.items() if name != NAME_TAG}
    return tags.get(NAME_TAG), others
