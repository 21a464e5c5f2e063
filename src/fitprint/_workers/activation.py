"""Activating a configuration in this process: patching what it says is to be recorded, and undoing that.

`autolog()` does it, and in a worker process the recording context that arrives with a task.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitprint._console.logger import set_up_logger
from fitprint._core.launch import let_children_record
from fitprint._instrumentation import registry
from fitprint._recorder import loop_registry
from fitprint._recorder.state import recorder_state
from fitprint._settings.layers import Configuration, configure
from fitprint._workers import engine_hooks
from fitprint._workers.hooks import install_hooks, remove_hooks

if TYPE_CHECKING:
    from fitprint._instrumentation.patches import MakeBegin


def activate(configuration: Configuration) -> None:
    """Put a configuration in force: patch the flavors that it wants recorded, restore those that it does not."""
    with registry.lock:
        configure(configuration)
        if configuration.killed or (configuration.settings().disabled and not configuration.by_flavor):
            deactivate()
            return
        set_up_logger()
        let_children_record(True)
        recorder_state.turn_on(configuration)
        for name, instrument in registry.known_flavors().items():
            if not _is_wanted(name, configuration):
                loop_registry.end_all(name)
                instrument.disable()
            elif instrument.state in ("off", "broken"):
                instrument.enable(_make_begin)
        install_hooks()
        engine_hooks.install()


def deactivate() -> None:
    """Turn recording off and put every patched attribute back exactly as it was. Open training loops end with it."""
    with registry.lock:
        loop_registry.end_all()
        let_children_record(False)
        recorder_state.turn_off()
        for instrument in registry.discovered().values():
            instrument.disable()
        remove_hooks()
        engine_hooks.remove()


def _is_wanted(name: str, configuration: Configuration) -> bool:
    settings = configuration.settings(name)
    if settings.disabled:
        return False
    if name in configuration.by_flavor:
        return True
    if not configuration.general_on:
        return False  # `fitprint.<flavor>.autolog()` alone turns on that flavor alone
    return (settings.flavors is None or name in settings.flavors) and name not in settings.exclude_flavors


def _make_begin() -> MakeBegin:
    from fitprint._recorder.dispatch import make_begin  # not before there is a framework to patch
    from fitprint._recorder.rules import installed_rules

    installed_rules.discover(registry.entry_points())
    return make_begin
