"""What `fitprint serve --env package` shows while the environment is made."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import time
from fitprint.cli.serve_elsewhere import _InstallerProgress

with _InstallerProgress() as progress:
    progress.tell("making the environment")
    for line in ("Collecting numpy", "Downloading \\x1b[31mred " + 300 * "x"):
        progress.installer_says(line)
        time.sleep(0.3)  # the line is drawn some times a second
    progress.tell("the environment is there")
"""


def test_a_terminal_shows_the_latest_line_of_the_installer(terminal, without_colours):
    shown = without_colours(terminal(60, program=PROGRAM))
    assert "Collecting numpy" in shown
    assert "Downloading " in shown
    assert 60 * "x" not in shown, "a long line is cut"
    assert shown.startswith("making the environment\n")
    assert shown.endswith("the environment is there\n")


def test_elsewhere_only_lines_that_stay_are_printed(starts_processes):
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert done.stdout == ""
    assert done.stderr == "making the environment\nthe environment is there\n"
