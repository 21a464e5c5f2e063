"""Whether recording is on in this process, with which settings, and how much has been recorded."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from fitprint._core.guard import warn_user
from fitprint._core.locks import fork_safe_lock
from fitprint._core.process_state import on_reset
from fitprint._settings.layers import Configuration
from fitprint._settings.table import Settings

if TYPE_CHECKING:
    from fitprint.plugin.contract import Flavor


class RecorderState:
    """The state of recording in this process. Every wrapper looks at `on` first.

    Attributes:
        on: Whether training calls are recorded.
        configuration: What the user has set, for all flavors and for single ones.
        runs: How many runs were recorded, for each flavor.
        skips: For each flavor and rule, how many training calls left no run, and how many runs lack something.
        unreached: Kinds of workers that got tasks of the user, but cannot learn that recording is on.
    """

    def __init__(self) -> None:
        self.on = False
        self.configuration = Configuration()
        self._settings: dict[str, Settings] = {}
        self._lock = fork_safe_lock()
        self.runs: Counter[str] = Counter()
        self.skips: dict[str, Counter[str]] = {}
        self.unreached: set[str] = set()

    def turn_on(self, configuration: Configuration) -> None:
        """Record from now on, with these settings."""
        self.configuration = configuration
        self._settings = {}
        self.on = True

    def turn_off(self) -> None:
        """Record nothing from now on: every wrapper that is still in place passes its calls through."""
        self.on = False

    def settings(self, flavor: Flavor) -> Settings:
        """Return the settings of a flavor. They are decided at its first call after `autolog()`."""
        settings = self._settings.get(flavor.name)
        if settings is None:
            settings = self.configuration.settings(flavor.name, flavor.defaults, flavor.settings)
            self._settings[flavor.name] = settings
        return settings

    def count_run(self, flavor: str) -> None:
        """Count one run."""
        with self._lock:
            self.runs[flavor] += 1

    def count_skip(self, flavor: str, rule: str) -> None:
        """Count one thing that a rule or a setting left out."""
        with self._lock:
            self.skips.setdefault(flavor, Counter())[rule] += 1

    def note_unreached(self, workers: str, problem: str = "") -> None:
        """Warn, once for each kind of workers, that training in them is recorded only if they call `autolog()`.

        Args:
            workers: The workers, for the user.
            problem: Why they cannot learn that recording is on, if that is known.
        """
        with self._lock:
            if workers in self.unreached:
                return
            self.unreached.add(workers)
        warn_user(
            f"training in the workers of {workers} is recorded only where they call fitprint.autolog() themselves"
            f"{problem and f': {problem}'}"
        )

    def reset_counts(self) -> None:
        """Forget what has been recorded and skipped, as in a new process."""
        self.runs.clear()
        self.skips.clear()
        self.unreached.clear()


recorder_state = RecorderState()
on_reset(recorder_state.reset_counts)
