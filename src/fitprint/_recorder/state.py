"""Whether recording is on in this process, with which settings, and what came of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

from fitprint._core.guard import warn_user
from fitprint._core.locks import fork_safe_lock
from fitprint._core.process_state import on_reset
from fitprint._settings.layers import Configuration
from fitprint._settings.table import Settings

if TYPE_CHECKING:
    from fitprint.plugin.flavor import Flavor


class Switch:
    """The state that every wrapper looks at first."""

    def __init__(self) -> None:
        self.on = False
        self.configuration = Configuration()
        self._settings: dict[str, Settings] = {}
        self._lock = fork_safe_lock()
        self.follower: Callable[[Configuration], None] | None = None
        self.runs: Counter[str] = Counter()
        """Recorded runs per flavor."""
        self.skips: dict[str, Counter[str]] = {}
        """Per flavor and rule: training calls that left no run, and runs that something was left out of."""
        self.unreached: set[str] = set()
        """Kinds of workers that were handed work of the user's own while recording was on, and cannot be told so."""

    def turn_on(self, configuration: Configuration) -> None:
        """Recording is on, with the settings of a configuration."""
        self.configuration = configuration
        self._settings = {}
        self.on = True

    def follow(self, configuration: Configuration) -> None:
        """Turns recording on as another process has it: a floor above has said how, in `follower`."""
        if self.follower is not None:
            self.follower(configuration)

    def turn_off(self) -> None:
        """Every wrapper that is still there passes its call through."""
        self.on = False

    def settings(self, flavor: Flavor) -> Settings:
        """The settings of a flavor, decided at its first call after `autolog()`."""
        found = self._settings.get(flavor.name)
        if found is None:
            found = self._settings[flavor.name] = self.configuration.settings(
                flavor.name, flavor.defaults, flavor.settings
            )
        return found

    def count_run(self, flavor: str) -> None:
        with self._lock:
            self.runs[flavor] += 1

    def count_skip(self, flavor: str, rule: str) -> None:
        with self._lock:
            self.skips.setdefault(flavor, Counter())[rule] += 1

    def note_unreached(self, workers: str) -> None:
        """Training in these workers is recorded only where they call `autolog()` themselves."""
        with self._lock:
            if workers in self.unreached:
                return
            self.unreached.add(workers)
        warn_user(
            f"training in the workers of {workers} is recorded only where they call fitprint.autolog() themselves"
        )

    def forget(self) -> None:
        """Nothing was recorded and nothing skipped, as in a new process."""
        self.runs.clear()
        self.skips.clear()
        self.unreached.clear()


switch = Switch()
on_reset(switch.forget)
