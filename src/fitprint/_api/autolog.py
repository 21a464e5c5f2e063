"""Turning recording on and off, and saying what is on."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterable
from importlib import metadata
from typing import TYPE_CHECKING, Any

from fitprint._console.logger import set_up_logger
from fitprint._core.guard import guarded, reset_warned, warn_once, warn_user
from fitprint._core.launch import let_children_record
from fitprint._core.locks import fork_safe_lock
from fitprint._core.process_state import on_reset
from fitprint._instrumentation.entries import Entry, discover, missing_plugins
from fitprint._instrumentation.flavor_state import Instrument
from fitprint._instrumentation.unknown_settings import tell_unknown, tell_unknown_own
from fitprint._recorder import loop_registry as loops
from fitprint._recorder.state import switch
from fitprint._settings.layers import Configuration, configure, current, is_configured
from fitprint._settings.table import TABLE, check_arguments, read_value
from fitprint._workers.hooks import install_hooks, remove_hooks

if TYPE_CHECKING:
    from fitprint._instrumentation.patches import MakeBegin

_lock = fork_safe_lock(threading.RLock)
_instruments: dict[str, Instrument] = {}
_points: Any = None
"""What `importlib.metadata.entry_points()` gave: asked once, for it takes milliseconds."""
_owners: weakref.WeakKeyDictionary[type, str | None] = weakref.WeakKeyDictionary()


def autolog(flavors: str | Iterable[str] | None = None, *, disable: bool = False, **settings: Any) -> None:
    """Turns recording on: from now on every training call of every registered flavor leaves a run and a package.

    ``flavors``: a name or a list of names; None for all that are registered. ``settings``: any setting by its name.
    Each call replaces all arguments of the earlier one. Works before and after the frameworks are imported.

    Raises TypeError for an argument that is no setting, ValueError for an unknown flavor or an unreadable value.
    """
    arguments = check_arguments(settings)
    if flavors is not None:
        arguments["flavors"] = (flavors,) if isinstance(flavors, str) else tuple(flavors)
        _check_flavors(arguments["flavors"])
    if disable:
        arguments["disabled"] = True
    _turn_on_scope(None, arguments)


def autolog_flavor(name: str, *, disable: bool = False, **settings: Any) -> None:
    """`autolog()` of one flavor: wins over the general one, whatever the order; alone it turns this flavor on alone."""
    with _lock:
        flavor = known_flavors()[name].flavor_if_awake()
    arguments = check_arguments(settings, flavor.settings if flavor else None, f"fitprint.{name}.autolog")
    if disable:
        arguments["disabled"] = True
    _turn_on_scope(name, arguments)


def autolog_below_run() -> None:
    """`autolog()` in a process below `fitprint run`, unless its program has said something of its own by now."""
    with guarded("turning it on below `fitprint run`"), _lock:
        if not is_configured():
            turn_on(current().with_scope(None, {}))


def disable() -> None:
    """Turns recording off and puts every patched attribute back exactly as it was. Open training loops end with it."""
    with _lock:
        _restore_all()
        configure(current().off())
        reset_warned()


@on_reset
def _forget() -> None:
    disable()
    _instruments.clear()
    _owners.clear()


def set_tracking_uri(uri: str) -> None:
    """MLflow's name for the setting ``store``: a folder, or a URL that a store plugin serves."""
    _choose(store=read_value(TABLE["store"], uri, "set_tracking_uri()"))


def get_tracking_uri() -> str:
    """Where runs go: an absolute folder, or a URL."""
    return current().settings().store


def set_experiment(experiment_name: str) -> None:
    """MLflow's name for the setting ``experiment``: the label of all runs from now on."""
    _choose(experiment=read_value(TABLE["experiment"], experiment_name, "set_experiment()"))


def entries() -> dict[str, Entry]:
    """The registered flavors."""
    return {name: instrument.entry for name, instrument in known_flavors().items()}


def known_flavors() -> dict[str, Instrument]:
    """The registered flavors, found through their entry points once per process."""
    with _lock:
        if not _instruments:
            global _points
            _points = metadata.entry_points()
            for name, entry in discover(_points).items():
                _instruments[name] = Instrument(entry, _make_begin, _is_ours)
        return _instruments


def turn_on(configuration: Configuration) -> None:
    """Puts a configuration in force: patches what it wants recorded, restores what it does not."""
    with _lock:
        configure(configuration)
        if configuration.killed or (configuration.settings().disabled and not configuration.by_flavor):
            _restore_all()
            return
        set_up_logger()
        let_children_record(True)
        switch.turn_on(configuration)
        for name, instrument in known_flavors().items():
            if not _is_wanted(name, configuration):
                loops.end_all(name)
                instrument.disable()
            elif instrument.state in ("off", "broken"):
                instrument.enable()
        install_hooks()


def owner_of(cls: type) -> str | None:
    """The flavor a model's class belongs to: that of the first class in its MRO whose top-level module has one."""
    if cls not in _owners:
        by_module = {module: name for name, entry in entries().items() for module in entry.modules}
        tops = (base.__module__.partition(".")[0] for base in cls.__mro__)
        _owners[cls] = next((by_module[top] for top in tops if top in by_module), None)
    return _owners[cls]


def say_what_is_missing(named: Iterable[str]) -> None:
    """Tells of each flavor named that nobody knows, and of each framework here whose plugin is not."""
    known = entries()
    for name in named:
        if name not in known:
            warn_once(
                ("flavors", name), f"no flavor is called {name!r}; registered: {', '.join(sorted(known)) or 'none'}"
            )
    if not known:
        warn_user('no flavor is installed, nothing will be recorded: pip install "fitprint[all]"')
    for name, command in missing_plugins(known).items():
        warn_once(("autolog", name), f"{name} is installed and its plugin is not, it is not recorded: {command}")


def _turn_on_scope(flavor: str | None, arguments: dict[str, Any]) -> None:
    with _lock:
        for instrument in known_flavors().values():
            instrument.loaded = tell_unknown_own  # in this process alone: no worker repeats the lines
        turn_on(current().with_scope(flavor, arguments))
        if switch.on:
            settings = current().settings()
            say_what_is_missing((*(settings.flavors or ()), *settings.exclude_flavors))
            tell_unknown(known_flavors().values())


def _choose(**chosen: Any) -> None:
    with _lock:
        configuration = configure(current().choosing(**chosen))
        if switch.on:
            switch.turn_on(configuration)


def _restore_all() -> None:
    loops.end_all()
    let_children_record(False)
    switch.turn_off()
    for instrument in _instruments.values():
        instrument.disable()
    remove_hooks()


def _is_wanted(name: str, configuration: Configuration) -> bool:
    settings = configuration.settings(name)
    if settings.disabled:
        return False
    if name in configuration.by_flavor:
        return True
    if not configuration.general_on:
        return False  # `fitprint.xgboost.autolog()` alone turns on xgboost alone
    return (settings.flavors is None or name in settings.flavors) and name not in settings.exclude_flavors


def _make_begin() -> MakeBegin:
    from fitprint._recorder.dispatch import make_begin  # not before there is a framework to patch
    from fitprint._recorder.rules import installed

    if _points is not None:
        installed.find(_points)
    return make_begin


def _is_ours(flavor: str, cls: type) -> bool:
    """Whether a flavor that patches a class tree has this class: unless it is another flavor's."""
    return owner_of(cls) in (flavor, None)


def _check_flavors(names: tuple[str, ...]) -> None:
    known = entries()
    for name in names:
        if name not in known:
            command = missing_plugins(known).get(name)
            mend = f"install its plugin: {command}" if command else f"registered: {', '.join(sorted(known)) or 'none'}"
            raise ValueError(f"no flavor is called {name!r}; {mend}")


switch.follower = turn_on
