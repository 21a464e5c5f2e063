"""Give each test a state of its own: what fitprint knows in this process is forgotten."""

from __future__ import annotations

import sys

import fitprint
from fitprint._api import autolog as _autolog
from fitprint._core import call_scope as _session
from fitprint._core import guard as _guard
from fitprint._core import isolation as _quiet
from fitprint._recorder.state import switch
from fitprint._runs import active
from fitprint._runs import index as remembered
from fitprint._runs import open as opening
from fitprint._settings import layers as _configuration


def forget_everything() -> None:
    """Reset this process to one in which fitprint has done nothing yet."""
    _session._current.set(None)
    while fitprint.active_run() is not None:
        fitprint.end_run("KILLED")
    active._in_context.set(())
    active.inherit(None)
    fitprint.disable()
    _autolog._instruments.clear()
    _autolog._owners.clear()
    switch.runs.clear()
    switch.skips.clear()
    switch.unreached.clear()
    _configuration._current = None
    remembered._in_context.set(None)
    remembered._in_thread.__dict__.clear()
    remembered._in_process.clear()
    remembered._by_model.clear()
    remembered._by_identity.clear()
    opening._resting.clear()
    _quiet._depth.set(0)
    if "fitprint._runs.summary_line" in sys.modules:
        sys.modules["fitprint._runs.summary_line"].pace.forget()
    _guard.log.handlers.clear()
    _guard.log.filters.clear()
    _guard.log.setLevel("NOTSET")
