"""Trainings in several processes: one run of all, no process waits for another because of it, however it ends.

With ``FITPRINT_KIT=full``, as in `make test-full`, four processes are tested as well as two.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import fitprint

PROGRAM = Path(__file__).with_name("distributed_training.py")
LONGEST = 600
RANKS = (2, 4) if os.environ.get("FITPRINT_KIT") == "full" else (2,)
pytestmark = [pytest.mark.process, pytest.mark.slow]


@pytest.fixture(params=RANKS)
def ranks(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture
def start(store: Path, tmp_path: Path, ranks: int) -> Iterator[Callable[..., Any]]:
    """Starts the program with some ranks by torchrun, or alone; what it prints is in `output.txt`."""
    started: list[subprocess.Popen[bytes]] = []

    def begin(mode: str, *options: str, alone: bool = False) -> subprocess.Popen[bytes]:
        torchrun = ["-m", "torch.distributed.run", f"--nproc-per-node={ranks}", "--standalone", *options]
        command = [sys.executable, *([] if alone else torchrun), str(PROGRAM), mode, str(tmp_path), str(ranks)]
        with open(tmp_path / "output.txt", "wb") as output:
            # else torchrun keeps its store, and a restarted rank that is early finds addresses from before the restart
            environment = {**os.environ, "OMP_NUM_THREADS": "1", "TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1"}
            started.append(subprocess.Popen(command, stdout=output, stderr=output, env=environment))
        return started[-1]

    yield begin
    for process in started:
        process.terminate()  # it ends the ranks too, which `kill` would leave behind
        process.wait()


def steps(run: Any) -> list[int]:
    return [step for step, _ in run.metric_history("train_loss_step")]


def test_nothing_differs_and_no_collective_is_added(start, ranks, tmp_path):
    assert start("compare").wait(LONGEST) == 0, (tmp_path / "output.txt").read_text()
    for rank in range(ranks):
        seen = json.loads((tmp_path / f"rank{rank}.json").read_text())
        for kind, observed in seen.items():
            for name, (plain, recorded) in observed.items():
                assert recorded == plain, (rank, kind, name)
            assert sum(observed["calls"][0].values()) > 10
            assert observed["sequence"][0][0] > 10
    sharded, plain = fitprint.runs()
    for run, name in ((plain, "Net"), (sharded, "Sharded")):
        assert (run.name, run.status) == (name, "FINISHED")
        assert {tag: run.tags[tag] for tag in ("rank", "world_size")} == {"rank": "0", "world_size": str(ranks)}
        assert steps(run) == list(range(8))
        kept = {Path(checkpoint.path).name for checkpoint in run.checkpoints if not checkpoint.deleted}
        assert kept == {path.name for path in (tmp_path / f"recorded-{name}").iterdir()}
    assert plain.skipped == []
    assert list(plain.models) == ["model"]
    assert [skip[:2] for skip in sharded.skipped] == [("model", "is_local")]
    assert list(sharded.models) == []


def test_a_killed_rank_and_the_restart(start, tmp_path):
    assert start("restart", "--max-restarts=1").wait(LONGEST) == 0, (tmp_path / "output.txt").read_text()
    resumed, killed = fitprint.runs()
    assert killed.status in ("FAILED", "KILLED")
    assert steps(killed)[:5] == list(range(5))
    assert resumed.status == "FINISHED"
    assert steps(resumed) == list(range(4, 16)), "it goes on from the checkpoint after the first epoch of four steps"
    assert resumed.tags["resumed_from"] == killed.run_id


def test_sigterm_ends_all_and_the_run(start, ranks, tmp_path):
    launcher = start("wait")
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


def test_processes_that_lightning_spawns_make_one_complete_run(start, tmp_path):
    assert start("spawn", alone=True).wait(LONGEST) == 0, (tmp_path / "output.txt").read_text()
    (run,) = fitprint.runs()
    assert (run.name, run.status) == ("Net", "FINISHED")
    assert steps(run) == list(range(8))
    assert [epoch for epoch, _ in run.metric_history("val_loss")] == [0, 1]
    assert run.metrics["best_score"] == min(value for _, value in run.metric_history("val_loss"))
    assert {Path(checkpoint.path).name for checkpoint in run.checkpoints} >= {"last.ckpt"}
    assert list(run.models) == ["model"]


def test_a_forward_that_waits_for_other_processes_is_not_finished_alone(start, tmp_path):
    assert start("alone").wait(LONGEST) == 0, (tmp_path / "output.txt").read_text()
    (run,) = fitprint.runs()
    (skip,) = run.skipped
    assert skip.what == "signature"
    assert "exchanges tensors with other processes" in skip.reason
    assert list(run.models) == ["model"]
