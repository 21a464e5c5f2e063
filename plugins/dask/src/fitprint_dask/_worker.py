"""The part that runs in dask's workers: a plugin that turns recording on, also in workers that join later."""

from __future__ import annotations

import pickle
import uuid
from typing import Any

from distributed import Worker, WorkerPlugin

from fitprint.plugin import WorkerReport, WorkerSetup, attempt

NOT_INSTALLED = "fitprint-dask is not installed there"
_UNPICKLE = f"""\
(lambda is_installed: __import__('fitprint_dask').plugin_of(name, setup)
    if is_installed('fitprint') and is_installed('fitprint_dask')
    else type('NotRecording', (__import__('distributed').WorkerPlugin,),
        dict(setup=lambda self, worker: worker.log_event(name, (worker.address, {NOT_INSTALLED!r}, False))))()
)(__import__('importlib.util').util.find_spec)"""
"""An expression that gives the plugin, or one that only says so where fitprint is not installed: there, a pickle that
names fitprint would keep a new worker from starting."""


class RecordingPlugin(WorkerPlugin):
    """Turns recording on in a worker.

    Args:
        setup: Turns it on; None if it could not be unpickled.
        report: What became of that, where it is known already.

    Attributes:
        name: The name of the plugin among those of the workers. Each program has its own.
        report: What became of the setup; None before it was called.
    """

    name = f"fitprint-{uuid.uuid4().hex}"

    def __init__(self, setup: WorkerSetup | None, report: WorkerReport | None = None) -> None:
        self._setup = setup
        self.report = report

    def setup(self, worker: Worker) -> None:
        """Turn recording on. Called by the worker."""
        if self._setup is not None:
            self.report = self._setup()
        if self.report is not None:
            worker.log_event(self.name, (worker.address, self.report.problem, self.report.records))

    def transition(self, key: Any, start: Any, finish: Any, **kwargs: Any) -> None:
        """Take note of each step of a task. Called by the worker."""
        if self._setup is not None and start == "executing":
            self._setup.task_ended()

    def __reduce__(self) -> Any:
        return eval, (_UNPICKLE, {"name": self.name, "setup": pickle.dumps(self._setup)})


def plugin_of(name: str, pickled: bytes) -> RecordingPlugin:
    """Return the plugin in a worker.

    Args:
        name: The name that the program gave to it.
        pickled: The pickle of the setup.
    """
    ok, setup = attempt(pickle.loads, pickled)
    problem = "" if ok else f"another version of fitprint is installed there ({setup})"
    plugin = RecordingPlugin(setup) if ok else RecordingPlugin(None, WorkerReport(problem=problem, records=False))
    plugin.name = name
    return plugin


def report_of(name: str, dask_worker: Worker) -> WorkerReport:
    """Return what became of the setup in a worker.

    Args:
        name: The name of the plugin.
        dask_worker: The worker, which dask passes by this name.
    """
    plugin = dask_worker.plugins.get(name)
    report = plugin.report if isinstance(plugin, RecordingPlugin) else None
    return report or WorkerReport(problem="dask did not start the plugin there", records=False)
