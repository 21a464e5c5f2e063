"""The tags that tell which of several processes a run comes from."""

from __future__ import annotations

import os

from fitprint.plugin.contract import TrainingCall

_RANK_VARIABLES = ("RANK", "SLURM_PROCID", "OMPI_COMM_WORLD_RANK", "PMI_RANK")
_SIZE_VARIABLES = ("WORLD_SIZE", "SLURM_NTASKS", "OMPI_COMM_WORLD_SIZE", "PMI_SIZE")
"""Where torchrun, Slurm, Open MPI and MPICH, in this order, tell the rank of a process and how many processes there
are. They also start independent trainings, so that these variables decide nothing."""


def rank_tags(call: TrainingCall) -> dict[str, str]:
    """Return the tags ``rank`` and ``world_size``: of a distributed training, else of the launcher's variables."""
    rank, size = call.world()
    if size > 1:
        return {"rank": str(rank), "world_size": str(size)}
    for rank_variable, size_variable in zip(_RANK_VARIABLES, _SIZE_VARIABLES, strict=True):
        rank_text = os.environ.get(rank_variable)
        if rank_text:
            size_text = os.environ.get(size_variable)
            return {"rank": rank_text, "world_size": size_text} if size_text else {"rank": rank_text}
    return {}
