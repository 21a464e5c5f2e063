"""A training that is distributed over two processes, which LightGBM connects by itself: rank 0 records it."""

from __future__ import annotations

import socket
import subprocess
import sys
import textwrap

import pytest

import fitprint
from fitprint_lightgbm import _network

WORKER = textwrap.dedent(
    """
    import sys
    import fitprint
    fitprint.autolog("lightgbm", quiet=True, strict=True)
    import lightgbm, numpy as np

    machines, port = sys.argv[1:]
    rows = np.random.default_rng(int(port)).normal(size=(100, 2))
    network = {"machines": machines, "local_listen_port": int(port), "num_machines": 2}
    params = {**network, "tree_learner": "data", "pre_partition": True, "verbosity": -1}
    lightgbm.train(params, lightgbm.Dataset(rows, rows[:, 0]), 2)
    print("skips", next(flavor.skips for flavor in fitprint.status() if flavor.name == "lightgbm"))
    """
)


def free_ports(number):
    """Ports of this machine that nobody listens on at this moment."""
    sockets = [socket.socket() for _ in range(number)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


@pytest.mark.process
def test_rank_zero_alone_records(store, tmp_path):
    script = tmp_path / "worker.py"
    script.write_text(WORKER)
    ports = free_ports(2)
    machines = ",".join(f"127.0.0.1:{port}" for port in ports)
    workers = [
        subprocess.Popen([sys.executable, str(script), machines, str(port)], stdout=subprocess.PIPE, text=True)
        for port in ports
    ]
    told = [worker.communicate(timeout=120)[0].splitlines()[-1] for worker in workers]
    assert told == ["skips {}", "skips {'rank_zero_only': 1}"]
    (run,) = fitprint.runs()
    assert {name: run.tags[name] for name in ("rank", "world_size")} == {"rank": "0", "world_size": "2"}
    assert list(run.models) == ["model"]


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, (0, 1)),
        ({"num_machines": 1}, (0, 1)),
        ({"machines": "a:1,b:2,c:3", "local_listen_port": 2}, (1, 3)),
        ({"workers": ["a:1", "b:2"], "port": 2, "num_machine": 2}, (1, 2)),
        ({"machines": "a:12400,b:12400", "local_listen_port": 12400, "num_machines": 2}, (0, 1)),  # cannot be told
        ({"machine_list_filename": "machines.txt", "num_machines": 2}, (0, 1)),
    ],
)
def test_the_rank_is_the_place_in_the_list_of_machines(params, expected):
    assert _network.world(params) == expected
