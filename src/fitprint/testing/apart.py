"""A state of its own for each test: what fitprint knows in this process is forgotten."""

from __future__ import annotations

import fitprint
from fitprint import _autolog, _configuration, _guard, _quiet, _session
from fitprint._recorder.switch import switch
from fitprint._run import active, opening, remembered


def forget_everything() -> None:
    """Makes this process one in which fitprint has done nothing yet."""
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
    opening._resting.clear()
    _quiet._depth.set(0)
    _guard.log.handlers.clear()
    _guard.log.filters.clear()
    _guard.log.setLevel("NOTSET")
