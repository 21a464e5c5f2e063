"""A pytest plugin: writes what came of every test as a line of JSON, with recording on or without.

    TRANSPARENCY_RESULTS=results.jsonl TRANSPARENCY_SETTINGS='{"log_models": false}' pytest -p probe ...

Without TRANSPARENCY_SETTINGS fitprint is not even imported. Every test starts from the same random numbers.

Which filters of warnings a test leaves is a matter of chance where several of its threads save and restore them, as
scikit-learn's own do for each task of a `Parallel`: the filters are of the whole process. They are not compared then.
"""

from __future__ import annotations

import json
import os
import random
import re
import threading
import warnings
import zlib
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

MOST = 2_000
"""Characters that are kept of what a failed or skipped test says."""


def pytest_configure(config: pytest.Config) -> None:
    settings = os.environ.get("TRANSPARENCY_SETTINGS")
    if settings:
        import fitprint

        fitprint.autolog(**json.loads(settings))
    watch_threads()
    config.pluginmanager.register(Probe(Path(os.environ["TRANSPARENCY_RESULTS"])))


threads_that_saved_filters: set[int] = set()
"""Other than the main one, in the test that is running."""


def watch_threads() -> None:
    enter = warnings.catch_warnings.__enter__

    def watched(self: Any) -> Any:
        if threading.current_thread() is not threading.main_thread():
            threads_that_saved_filters.add(threading.get_ident())
        return enter(self)

    warnings.catch_warnings.__enter__ = watched  # type: ignore[method-assign]


class Probe:
    """Collects what pytest tells of each test until its end."""

    def __init__(self, results: Path) -> None:
        self._results = results
        self._found: dict[str, dict[str, Any]] = {}
        self._warned: dict[str, Counter[tuple[str, str, str, int]]] = {}

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        seed = zlib.crc32(item.nodeid.encode())
        random.seed(seed)
        np.random.seed(seed)
        threads_that_saved_filters.clear()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
        report = yield
        found = self._found.setdefault(item.nodeid, {"outcome": "passed", "said": "", "left": ""})
        if call.when == "call":
            found["left"] = state_left()
        if report.outcome != "passed" or hasattr(report, "wasxfail"):
            found["outcome"], found["said"] = outcome(report), said(report)
        return report

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if not report.passed:
            self._found[report.nodeid] = {"outcome": f"{report.outcome} to collect", "said": said(report), "left": ""}

    def pytest_warning_recorded(
        self, warning_message: warnings.WarningMessage, when: str, nodeid: str, location: Any
    ) -> None:
        category = warning_message.category
        told = (
            f"{category.__module__}.{category.__qualname__}",
            steady(str(warning_message.message)),
            warning_message.filename,
            warning_message.lineno,
        )
        self._warned.setdefault(nodeid or f"({when})", Counter())[told] += 1

    def pytest_unconfigure(self) -> None:
        """Only now: pytest tells a test's warnings after its end."""
        nothing = {"outcome": "", "said": "", "left": ""}  # warnings that are no test's: while collecting, say
        with open(self._results, "w", encoding="utf-8") as file:
            for name in {**self._found, **self._warned}:
                warned = sorted([*told, times] for told, times in self._warned.get(name, Counter()).items())
                line = {"name": name, **self._found.get(name, nothing), "warnings": warned}
                file.write(json.dumps(line) + "\n")


def outcome(report: pytest.TestReport) -> str:
    """pytest's own words: passed, failed, skipped, xfailed, xpassed, or error for what is around the test."""
    if hasattr(report, "wasxfail"):
        return "xfailed" if report.skipped else "xpassed"
    return "error" if report.failed and report.when != "call" else report.outcome


def said(report: pytest.TestReport | pytest.CollectReport) -> str:
    """Why a test failed or was skipped, without what differs from process to process."""
    told = getattr(getattr(report.longrepr, "reprcrash", None), "message", None)
    if told is None:
        told = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return steady(told)[:MOST]


def steady(text: str) -> str:
    """A text without addresses in memory."""
    return re.sub(r"\b0x[0-9a-f]+", "0x...", text)


def state_left() -> str:
    """Digests of the global states that a test leaves behind."""
    numbers = np.random.get_state(legacy=False)["state"]
    states: dict[str, object] = {
        "random": random.getstate(),
        "numpy.random": (numbers["pos"], numbers["key"].tobytes()),
        "filters of warnings": warnings.filters if not threads_that_saved_filters else "several threads' affair",
    }
    return ", ".join(f"{name} {zlib.crc32(steady(repr(state)).encode()):08x}" for name, state in states.items())
