"""The part that runs in Ray's workers: a function that turns recording on."""

from __future__ import annotations

import pickle
from collections.abc import Callable

import ray

from fitprint.plugin import WorkerReport, WorkerSetup, attempt
from fitprint_ray import _tokens

NOT_INSTALLED = "fitprint-ray is not installed there"

_report = WorkerReport(problem="Ray did not call the function that turns recording on", records=False)


def hook_of(setup: WorkerSetup, before: str) -> Callable[[], None]:
    """Return the function that each worker calls when it starts. It is harmless where fitprint is not installed.

    Args:
        setup: Turns recording on.
        before: What Ray knows a function of the user's by, which is called first; or an empty text.
    """
    pickled = pickle.dumps(setup)

    def fitprint() -> None:  # a local function: it is pickled by its code, and not by the name of a module
        if before:
            from ray._private.runtime_env.setup_hook import load_and_execute_setup_hook

            error = load_and_execute_setup_hook(before)
            if error is not None:
                raise RuntimeError(error)  # as without us, the worker ends with it
        try:
            from fitprint_ray import turn_on
        except ImportError:
            return
        turn_on(pickled)

    return fitprint


def probe_of(not_installed: str) -> Callable[[], tuple[str, str, bool]]:
    """Return a task that says what became of the setup in its worker.

    Args:
        not_installed: What it says where fitprint is not installed.
    """

    def fitprint() -> tuple[str, str, bool]:
        try:
            from fitprint_ray import what_became
        except ImportError:
            return "", not_installed, False
        return what_became()

    return fitprint


def turn_on(pickled: bytes) -> None:
    """Turn recording on in this worker.

    Args:
        pickled: The pickle of the setup.
    """
    global _report
    ok, setup = attempt(pickle.loads, pickled)
    if not ok:
        _report = WorkerReport(problem=f"another version of fitprint is installed there ({setup})", records=False)
        return
    _report = setup()
    _tokens.usual = setup.token


def what_became() -> tuple[str, str, bool]:
    """Return the name of this worker, what is wrong there, and whether it records."""
    return ray.get_runtime_context().get_worker_id(), _report.problem, _report.records
