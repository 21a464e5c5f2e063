"""A process whose working directory has been deleted, as may happen to a worker: it records all the same."""

from __future__ import annotations

import os

START = """
import os
import fitprint
from toylearn.scoring import Line

os.mkdir("gone")
os.chdir("gone")
os.rmdir("../gone")
"""


def test_a_training_is_recorded(toy, store, run_python):
    printed = run_python(
        f"{START}\nfitprint.autolog('toy')\nLine().fit([1, 2], [0.5, 0.5])\nprint(fitprint.last_run().path)"
    )
    assert os.path.dirname(printed.stdout.strip()) == str(store)
    assert printed.stderr.startswith("fitprint: Line")


def test_a_relative_store_is_refused_with_the_reason(toy, run_python):
    failed = run_python(f"{START}\nfitprint.autolog('toy')", check=False)
    assert failed.stderr.splitlines()[-1].endswith(
        "cannot be found, because the working directory, which it starts from, has been deleted: give an absolute path"
    )
