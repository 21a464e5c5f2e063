"""Trainings in several processes: one run, by rank 0, and no process waits for another one because of it.

With ``FITPRINT_KIT=full``, as in `make test-full`, four processes are tested as well as two.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

import fitprint

PROGRAM = Path(__file__).with_name("distributed_loop.py")
RANKS = (2, 4) if os.environ.get("FITPRINT_KIT") == "full" else (2,)
LONGEST = 280
pytestmark = [pytest.mark.slow, pytest.mark.process]


@pytest.fixture(params=RANKS)
def ranks(request):
    return request.param


@pytest.fixture
def start(store, tmp_path, ranks):
    """Starts the program by torchrun; what it prints is in `output.txt`."""
    started = []

    def begin(mode, way, *options):
        torchrun = [sys.executable, "-m", "torch.distributed.run", f"--nproc-per-node={ranks}", "--standalone"]
        with open(tmp_path / "output.txt", "wb") as output:
            # else torchrun keeps its store, and a restarted rank that is early finds addresses from before the restart
            environment = {**os.environ, "OMP_NUM_THREADS": "1", "TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1"}
            command = [*torchrun, *options, str(PROGRAM), mode, way, str(tmp_path)]
            started.append(subprocess.Popen(command, stdout=output, stderr=output, env=environment))
        return started[-1]

    yield begin
    for process in started:
        process.terminate()  # it ends the ranks too, which `kill` would leave behind
        process.wait()


def steps(run):
    return [step for step, _ in run.metric_history("loss_step")]


def test_nothing_differs_and_no_collective_is_added(start, ranks, tmp_path):
    assert start("compare", "all").wait(LONGEST) == 0, (tmp_path / "output.txt").read_text()
    for rank in range(ranks):
        seen = json.loads((tmp_path / f"rank{rank}.json").read_text())
        for way, observed in seen.items():
            for name, (plain, recorded) in observed.items():
                assert recorded == plain, (rank, way, name)
            assert observed["sequence"][0] > 8
    runs = dict(zip(("fsdp2", "fsdp1", "ddp"), fitprint.runs(), strict=True))
    for way, run in runs.items():
        assert (run.name, run.params["model"], run.status) == ("Net", "Net", "FINISHED")
        assert (run.tags["rank"], run.tags["world_size"]) == ("0", str(ranks))
        assert steps(run) == list(range(8))
        (checkpoint,) = run.checkpoints
        assert Path(checkpoint.path).name == ("recorded-ddp-rank0.pt" if way == "ddp" else f"recorded-{way}")
        assert checkpoint.step == 7
    assert runs["ddp"].skipped == []
    trained = fitprint.pytorch.load_model(runs["ddp"].model_path)
    expected = {name: weight.clone() for name, weight in trained.state_dict().items()}
    assert runs["ddp"].params["weights"] == runs["fsdp2"].params["weights"] == 58
    assert "weights" not in runs["fsdp1"].params
    for way in ("fsdp1", "fsdp2"):
        assert runs[way].models == {}
        assert [(skip.what, skip.rule) for skip in runs[way].skipped] == [("model", "is_local")]
        package = fitprint.package_checkpoint(
            runs[way],
            1,
            tmp_path / f"{way}-package",
            model=fitprint.pytorch.load_model(runs["ddp"].model_path),
            trust=True,
        )
        joined = fitprint.pytorch.load_model(package).state_dict()
        assert all(torch.allclose(joined[name], weight, atol=1e-5) for name, weight in expected.items())


# with four ranks, PyTorch 2.13 cannot load what it saved of the first form of FSDP: a rank may have no part of a weight
WAYS_AND_RANKS = [(way, ranks) for way in ("ddp", "fsdp2") for ranks in RANKS] + [("fsdp1", 2)]


@pytest.mark.parametrize(("way", "ranks"), WAYS_AND_RANKS, indirect=["ranks"])
def test_a_killed_rank_and_the_restart(start, way, tmp_path):
    assert start("restart", way, "--max-restarts=1").wait(LONGEST) == 0, (tmp_path / "output.txt").read_text()
    resumed, killed = fitprint.runs()
    assert killed.status in ("FAILED", "KILLED")
    assert steps(killed)[:3] == list(range(3))
    assert resumed.status == "FINISHED"
    assert steps(resumed) == list(range(3, 8)), "it goes on from the checkpoint after the third step"
    assert resumed.tags["resumed_from"] == killed.run_id


def test_sigterm_ends_all_and_the_run(start, ranks, tmp_path):
    launcher = start("wait", "fsdp2")
    deadline = time.monotonic() + LONGEST
    while not all((tmp_path / f"training-{rank}").exists() for rank in range(ranks)):
        assert launcher.poll() is None, (tmp_path / "output.txt").read_text()
        assert time.monotonic() < deadline
        time.sleep(0.2)
    time.sleep(1.0)
    launcher.send_signal(signal.SIGTERM)
    assert launcher.wait(LONGEST) != 0
    (run,) = fitprint.runs()
    assert run.status in ("FAILED", "KILLED")
    assert len(steps(run)) > 1
    assert steps(run) == list(range(len(steps(run))))
