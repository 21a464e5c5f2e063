"""The processes over which LightGBM distributes a training: it gets them in its params, and connects them itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

_NUMBER = ("num_machines", "num_machine")
_MACHINES = ("machines", "workers", "nodes")
_PORT = ("local_listen_port", "local_port", "port")
"""The names of LightGBM's params, each with its aliases."""


def world(params: Mapping[str, Any]) -> tuple[int, int]:
    """Return the rank of this process and the number of processes of a training.

    LightGBM does not tell its rank. It is the place of this process in the list of machines, which is found by its port
    where no two machines have the same one.

    Args:
        params: The params of the training.

    Returns:
        (0, 1) for a training in one process, and for one whose rank cannot be told, so that each process records it.
    """
    machines = _value(params, _MACHINES) or ()
    machines = machines.split(",") if isinstance(machines, str) else list(machines)
    size = int(_value(params, _NUMBER) or len(machines) or 1)
    port = str(_value(params, _PORT) or "")
    ranks = [rank for rank, machine in enumerate(machines) if str(machine).strip().rpartition(":")[2] == port]
    return (ranks[0], size) if size > 1 and len(ranks) == 1 else (0, 1)


def _value(params: Mapping[str, Any], names: Iterable[str]) -> Any:
    """Return the value of a param that may have several names, or None."""
    return next((params[name] for name in names if params.get(name) is not None), None)
