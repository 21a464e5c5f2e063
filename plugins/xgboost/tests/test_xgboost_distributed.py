"""A training that is distributed over two processes: rank 0 records it, and makes no process wait for another."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap

import pytest
from xgboost.tracker import RabitTracker

import fitprint

WORKER = textwrap.dedent(
    """
    import json, sys, time
    import fitprint
    fitprint.autolog("xgboost", quiet=True, strict=True, **json.loads(sys.argv[2]))
    import numpy as np, xgboost
    from xgboost import collective

    with collective.CommunicatorContext(**json.loads(sys.argv[1])):
        rows = np.random.default_rng(collective.get_rank()).normal(size=(50, 2))
        xgboost.train({}, xgboost.DMatrix(rows, label=rows[:, 0]), 2)
        xgboost.XGBRegressor(n_estimators=2).fit(rows, rows[:, 0])
        skips = next(flavor.skips for flavor in fitprint.status() if flavor.name == "xgboost")
        print(collective.get_rank(), json.dumps(skips))
    """
)


@pytest.fixture
def distributed(store, tmp_path):
    """Runs two workers of one training with some settings; returns what each counted, by its rank."""
    script = tmp_path / "worker.py"
    script.write_text(WORKER)

    def run(**settings):
        tracker = RabitTracker(host_ip="127.0.0.1", n_workers=2)
        tracker.start()
        arguments = [json.dumps(tracker.worker_args()), json.dumps(settings)]
        workers = [
            subprocess.Popen([sys.executable, str(script), *arguments], stdout=subprocess.PIPE, text=True)
            for _ in range(2)
        ]
        lines = [line for worker in workers for line in worker.communicate(timeout=120)[0].splitlines()]
        assert [worker.returncode for worker in workers] == [0, 0]
        return {line[0]: json.loads(line[2:]) for line in lines if line[:2] in ("0 ", "1 ")}

    return run


@pytest.mark.process
def test_rank_zero_alone_records_and_no_rank_waits(distributed):
    counted = distributed()
    assert counted["1"] == {"rank_zero_only": 2}
    estimator, booster = fitprint.runs()
    assert (booster.name, estimator.name) == ("Booster", "XGBRegressor")
    for run in (booster, estimator):
        assert {name: run.tags[name] for name in ("rank", "world_size")} == {"rank": "0", "world_size": "2"}
        assert list(run.models) == ["model"]
    assert [skip[:2] for skip in booster.skipped] == [("signature", "distributed")]
    assert [skip[:2] for skip in estimator.skipped] == [
        ("training metrics", "distributed"),
        ("signature", "distributed"),
    ]


@pytest.mark.process
def test_all_ranks_record_where_that_is_asked_for(distributed):
    distributed(rank_zero_only=False)
    assert sorted((run.name, run.tags["rank"]) for run in fitprint.runs()) == [
        ("Booster", "0"),
        ("Booster", "1"),
        ("XGBRegressor", "0"),
        ("XGBRegressor", "1"),
    ]
