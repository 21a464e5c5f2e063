"""The tags that tell which of several processes a run comes from."""

from __future__ import annotations

from fitprint._core.job import launcher_rank
from fitprint.plugin.contract import TrainingCall


def rank_tags(call: TrainingCall) -> dict[str, str]:
    """Return the tags ``rank`` and ``world_size``: of a distributed training, else of the launcher's variables."""
    rank, size = call.world()
    if size > 1:
        return {"rank": str(rank), "world_size": str(size)}
    tags = dict(zip(("rank", "world_size"), launcher_rank(), strict=True))
    return {name: value for name, value in tags.items() if value}
