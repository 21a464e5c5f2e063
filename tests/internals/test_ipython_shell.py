"""In a notebook, IPython's shell has `kernel`, `get_parent`, `execution_count` and the event `post_run_cell`.

If this falls: lines of runs go to standard error as red boxes, or to the display of another cell.
"""

from __future__ import annotations

import pytest


def test_the_shell_of_a_notebook_has_what_a_display_needs():
    shell = pytest.importorskip("ipykernel.zmqshell").ZMQInteractiveShell
    assert callable(shell.get_parent)
    assert {"kernel", "execution_count"} <= {*shell.class_trait_names()}
    assert "post_run_cell" in pytest.importorskip("IPython.core.events").available_events
