"""`multiprocessing.util.Finalize(None, function, exitpriority=0)` runs a function when a worker process ends.

If this falls: a training loop that is open at the end of a worker process leaves a run that was never ended.
"""

from __future__ import annotations

import multiprocessing
from multiprocessing.util import Finalize
from pathlib import Path

import pytest


def work(file):
    Finalize(None, Path(file).touch, exitpriority=0)


@pytest.mark.process
def test_a_finalizer_runs_when_the_worker_ends(tmp_path):
    process = multiprocessing.get_context("fork").Process(target=work, args=(str(tmp_path / "ended"),))
    process.start()
    process.join()
    assert (tmp_path / "ended").exists()
