"""A state of its own for each test: what fitprint knows in this process is forgotten."""

from __future__ import annotations

import sys

import fitprint
from fitprint._api import autolog as _autolog
from fitprint._core import call_scope as _session
from fitprint._core import guard as _guard
from fitprint._core import isolation as _quiet
from fitprint._recorder.state import switch
from fitprint._runs import active, store_breaker
from fitprint._runs import index as run_index
from fitprint._runs.run import active_runs
from fitprint._settings import layers as _configuration


def forget_everything() -> None:
    """Makes this process one in which fitprint has done nothing yet."""
    _session._current.set(None)
    while fitprint.active_run() is not None:
        fitprint.end_run("KILLED")
    active_runs.clear()
    active.inherit(None)
    fitprint.disable()
    _autolog._instruments.clear()
    _autolog._owners.clear()
    switch.runs.clear()
    switch.skips.clear()
    switch.unreached.clear()
    _configuration._current = None
    run_index._in_context.set(None)
    run_index._in_thread.__dict__.clear()
    run_index._in_process.clear()
    run_index._by_model.clear()
    run_index._by_identity.clear()
    store_breaker.breakers.clear()
    _quiet._depth.set(0)
    if "fitprint._runs.summary_line" in sys.modules:
        sys.modules["fitprint._runs.summary_line"].pace.forget()
    _guard.log.handlers.clear()
    _guard.log.filters.clear()
    _guard.log.setLevel("NOTSET")
