"""The job that a process is part of: what the scheduler that started it says in the environment."""

from __future__ import annotations

import functools
import os
from typing import NamedTuple

from fitprint._core.process_state import on_reset

_RANK_VARIABLES = ("RANK", "SLURM_PROCID", "OMPI_COMM_WORLD_RANK", "PMI_RANK")
_SIZE_VARIABLES = ("WORLD_SIZE", "SLURM_NTASKS", "OMPI_COMM_WORLD_SIZE", "PMI_SIZE")
"""Where torchrun, Slurm, Open MPI and MPICH, in this order, tell the rank of a process and how many processes there
are. They also start independent trainings, so that these variables decide nothing."""


class Job(NamedTuple):
    """A job, as its scheduler names it."""

    scheduler: str
    """``slurm``, ``kubernetes``, ``azureml`` or ``databricks``."""
    id: str = ""
    """What stays the same when the scheduler stops the job and starts it again; empty if it is not known."""
    name: str = ""
    task: str = ""
    """The number of this part of an array of jobs."""
    attempt: int | None = None
    """How often the scheduler had started the job before; None where it does not say."""
    is_alone: bool = False
    """Whether the scheduler starts no two of these processes at the same time."""
    pod: str = ""

    def tags(self) -> dict[str, str]:
        """Return the tags of a run of this job."""
        tags = {"scheduler": self.scheduler, "job_id": self.id, "job_name": self.name, "job_task": self.task}
        if self.attempt:
            tags["job_attempt"] = str(self.attempt)
        tags["pod"] = self.pod
        return {name: value for name, value in tags.items() if value}


@functools.cache
def current_job() -> Job | None:
    """Return the job that this process is part of; None if no scheduler says so."""
    variable = os.environ.get
    if variable("SLURM_JOB_ID"):
        attempt = variable("SLURM_RESTART_COUNT", "0")
        return Job(
            "slurm",
            variable("SLURM_ARRAY_JOB_ID") or variable("SLURM_JOB_ID", ""),
            variable("SLURM_JOB_NAME", ""),
            variable("SLURM_ARRAY_TASK_ID", ""),
            int(attempt) if attempt.isdecimal() else 0,
        )
    if variable("AZUREML_RUN_ID"):
        return Job("azureml", variable("AZUREML_RUN_ID", ""), variable("AZUREML_ARM_PROJECT_NAME", ""), is_alone=True)
    # these name no job themselves: its definition can give these two variables
    job_id, name = variable("JOB_UID", ""), variable("JOB_NAME", "")
    if variable("DATABRICKS_RUNTIME_VERSION"):
        return Job("databricks", job_id, name)
    if variable("KUBERNETES_SERVICE_HOST"):
        pod, index = variable("POD_NAME") or variable("HOSTNAME", ""), variable("JOB_COMPLETION_INDEX", "")
        return Job("kubernetes", job_id or pod, name, index, is_alone=bool(index) or not job_id, pod=pod)
    return None


on_reset(current_job.cache_clear)


def runs_in_job() -> bool:
    """Return whether this process is part of a job of a scheduler, whose runs are mostly read on other machines."""
    return current_job() is not None


def launcher_rank() -> tuple[str, str]:
    """Return the rank of this process and the number of processes, as its launcher says; empty texts if it does not."""
    for rank_variable, size_variable in zip(_RANK_VARIABLES, _SIZE_VARIABLES, strict=True):
        rank = os.environ.get(rank_variable)
        if rank:
            return rank, os.environ.get(size_variable, "")
    return "", ""
