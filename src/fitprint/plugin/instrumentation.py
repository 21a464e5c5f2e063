"""What a flavor says before there is a call: how trainings of its framework are noticed, and its settings."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import Field
from typing import TYPE_CHECKING, Any

from fitprint.plugin.entry_points import Patch
from fitprint.plugin.model_format import ModelFormat

if TYPE_CHECKING:
    from fitprint.plugin.by_callback import CallbackRecording

API_VERSION = (2, 1)
"""The version of this contract: (major, minor).

A flavor is accepted if it was written for the same major version, and for this minor version or an earlier one.
"""


class Instrumentation(ModelFormat):
    """The part of a `Flavor` that is asked before there is a call: what to patch, what to turn on, which settings."""

    api_version: tuple[int, int] = (2, 0)
    """The version of the contract that the flavor is written for, as numbers: `API_VERSION` of its fitprint.

    A flavor without it counts as written for the first version that this fitprint accepts.
    """
    defaults: Mapping[str, Any] = {}
    """Defaults of fitprint's settings that are different for this flavor."""
    settings: Mapping[str, Field[Any]] = {}
    """The flavor's own settings, each declared with `setting`. A call has their values in ``call.settings.own``."""

    def tops(self) -> set[str]:
        """Return the top-level modules of the framework; their distributions are among the requirements."""
        if self._tops is None:  # it is asked for several times in a fit
            self._tops = frozenset(patch.module.partition(".")[0] for patch in self.patches())
        return {*self._tops}

    _tops: frozenset[str] | None = None

    @abstractmethod
    def patches(self) -> Sequence[Patch]:
        """Return the entry points to record."""

    def enable(self) -> None:
        """Register global hooks of the framework, such as a hook of every optimizer, when the flavor is turned on.

        It is called once the framework is imported and patched, and not again before `disable`: neither by a further
        `autolog()` nor in a forked child, which inherits the hooks of its parent. The hooks run inside the user's
        program and must not raise errors: `attempt` helps.
        """
        return

    def disable(self) -> None:
        """Unregister what `enable` registered: called when the flavor is turned off, if `enable` returned."""
        return

    def callback(self, recording: CallbackRecording) -> Any:
        """Return a callback of the framework's own kind, for ``fitprint.<flavor>.callback()``.

        Users who do not want patching pass it to the framework themselves. At the beginning of a training it calls
        ``recording.begin``. From then on, the methods of this flavor are called as for a patched call. By default there
        is no callback, and an error says so.

        Args:
            recording: Begins a run at the beginning of each training, and ends it.

        Raises:
            NotImplementedError: The flavor has no callback.
        """
        raise NotImplementedError(f"the flavor {self.name} has no callback: turn recording on by fitprint.autolog()")

    def logger(self, recording: CallbackRecording) -> Any:
        """Return a logger of the framework's own kind, for ``fitprint.<flavor>.logger()``: see `callback`.

        It is for frameworks that have callbacks and loggers; both record the same run.

        Args:
            recording: Begins a run at the beginning of each training, and ends it.

        Raises:
            NotImplementedError: The flavor has no logger.
        """
        raise NotImplementedError(f"the flavor {self.name} has no logger: fitprint.{self.name}.callback() may be there")
