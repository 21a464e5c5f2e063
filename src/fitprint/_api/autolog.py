"""Turning recording on and off: `autolog()`, `disable()`, and MLflow's name for the setting ``store``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from fitprint._core import launch
from fitprint._core.guard import guarded, reset_warned, warn_once, warn_user
from fitprint._core.process_state import on_reset
from fitprint._core.publish import publish
from fitprint._instrumentation import registry
from fitprint._instrumentation.entries import missing_plugins
from fitprint._instrumentation.unknown_settings import warn_unknown, warn_unknown_of_flavor
from fitprint._recorder.state import recorder_state
from fitprint._runs import code
from fitprint._settings.layers import configure, current, is_configured
from fitprint._settings.signature import names_settings
from fitprint._settings.table import TABLE, check_arguments, read_value
from fitprint._workers.activation import activate, deactivate
from fitprint.stores import open_store

if TYPE_CHECKING:
    from typing import Unpack

    from fitprint._settings.arguments import AutologSettings


@names_settings
def autolog(
    flavors: str | Iterable[str] | None = None, *, disable: bool = False, **settings: Unpack[AutologSettings]
) -> None:
    """Turn recording on: from now on every training call of every registered flavor leaves a run and a model package.

    It works before and after the frameworks are imported. Each call replaces all arguments of the earlier call. An
    argument has priority over the environment variable of the same setting (``FITPRINT_STORE`` for ``store``).

    Args:
        flavors: The name of a flavor, or a list of names, to record only these. None means all registered flavors.
        disable: Turn recording off instead, as MLflow's argument of this name does.
        **settings: Any of the settings below, by name. MLflow's names for them are accepted too; MLflow's arguments
            that have no meaning here are named in one line of the log and ignored.

    Settings:
        disabled: Turn everything off: no framework is patched, and nothing is written. Default: false.
        exclude_flavors: Never record these flavors. Default: none.
        store: Where runs are written: a folder, or a URL that a store plugin serves. Default: fitprint-runs.
        experiment: The label that groups runs. Default: default.
        run_name: The name of each run; by default the name of the model's class. Default: none.
        tags: Tags of each run, for example team=x,job=y. Default: none.
        log_models: Write a package of each trained model. Default: true.
        log_signatures: Infer the signature of each package. Default: true.
        log_input_examples: Keep the first rows of the training data in the package as an input example. Default: false.
        log_training_metrics: Predict the training data and record how well the model fits it. Default: true.
        log_post_training_metrics: Add metrics that you compute of a recorded model's predictions to the model's run.
            Default: true.
        log_system_metrics: Record every ten seconds how busy the processors, the memory and the GPUs are. Default:
            false.
        log_code: Keep the script or the notebook's cells, and uncommitted changes: auto, code of up to 100 kB; true;
            false. Default: auto.
        max_model_size: Write no package larger than this: 100MB, 1.5GiB, or a number of bytes. Default: none.
        keep_incomplete: Write a package, marked as incomplete, when a training fails or is interrupted, if the flavor
            can. Default: false.
        package_of: Which model is packaged: last, as it is when the training ends; best, the best model that the flavor
            finds. Default: last.
        save_in_background: Write packages of more than 16 MB in a thread, after the training call has returned.
            Default: false.
        resume: Continue the run that an earlier start of this job left unfinished: auto, by the scheduler's id; or an
            id. Default: none.
        engines: Record in the workers of these engines: auto, all that the program sends work to; names of engines;
            none. Default: auto.
        include_estimators: Record only classes whose qualified names match one of these globs. Default: none.
        exclude_estimators: Do not record classes whose qualified names match one of these globs. Default: none.
        min_fit_seconds: Do not record training calls that took less time than this. Default: 0.
        rank_zero_only: Record a distributed training only in the process of rank 0; the other processes make no run.
            Default: true.
        max_metric_seconds: If training metrics would take longer than this, compute them on a sample of the rows.
            Default: 0.2.
        max_child_runs: How many of the best candidates of a search become child runs. Default: 5.
        exclude_params: Do not record params whose names match one of these globs. Default: none.
        redact: Show these as *** too, in addition to the built-in patterns: globs on names, or value:<regular
            expression>. Default: none.
        redact_allow: Never show these as ***: globs on names, or value:<regular expression>. Default: none.
        redact_models: Write no package of a model that contains the value of a param which the run shows as ***.
            Default: false.
        trust: Which packages load_model may load: all; verified, if the checksums match; no-pickle, formats without
            code. Default: all.
        rules: Your own rules: callables that take a training call and return the reason not to record it, or None.
            Default: none.
        strict: Raise errors that occur while recording, instead of logging them. Default: false.
        quiet: Log no line for each recorded run. Default: false.

    Raises:
        TypeError: An argument is not a setting.
        ValueError: A flavor is not registered, or the value of a setting cannot be read.
    """
    arguments = check_arguments(settings)
    if flavors is not None:
        arguments["flavors"] = (flavors,) if isinstance(flavors, str) else tuple(flavors)
        _check_flavors(arguments["flavors"])
    if disable:
        arguments["disabled"] = True
    _turn_on_scope(None, arguments)


def autolog_flavor(name: str, settings: AutologSettings, disable: bool = False) -> None:
    """Turn recording on for one flavor, for `fitprint.<flavor>.autolog()`.

    Its settings have priority over those of the general `autolog()`, whichever was called first. Without a general
    call, only this flavor is recorded.
    """
    with registry.lock:
        flavor = registry.known_flavors()[name].flavor_if_awake()
    arguments = check_arguments(settings, flavor.settings if flavor else None, f"fitprint.{name}.autolog")
    if disable:
        arguments["disabled"] = True
    _turn_on_scope(name, arguments)


def autolog_below_run() -> None:
    """Turn recording on in a process below `fitprint run`, unless its program has turned it on or off already."""
    with guarded("turning it on below `fitprint run`"), registry.lock:
        if not is_configured():
            activate(current().with_scope(None, {}))
            if launch.is_launched():
                code.find_out(current().settings())


def disable() -> None:
    """Turn recording off and restore every patched attribute exactly. Open training loops end."""
    with registry.lock:
        deactivate()
        configure(current().off())
        reset_warned()


@on_reset
def _forget() -> None:
    disable()
    registry.forget()


def set_tracking_uri(uri: str) -> None:
    """Choose where runs are written, under MLflow's name for the setting ``store``.

    Args:
        uri: A folder, or a URL that a store plugin serves.

    Raises:
        ValueError: The value is neither a text nor a path, or there is no store at such a place: a tracking server or
            a database. The text says what to give instead.
    """
    location = read_value(TABLE["store"], uri, "set_tracking_uri()")
    if location is not None:
        open_store(location)  # which touches nothing
    choose(store=location)


def get_tracking_uri() -> str:
    """Return where runs are written: the absolute path of a folder, or a URL."""
    return current().settings().store


def say_what_is_missing(names: Iterable[str]) -> None:
    """Log, once each, the unknown flavors among the names, and the installed frameworks whose plugin is missing."""
    known = registry.entries()
    for name in names:
        if name not in known:
            warn_once(("flavors", name), _unknown_flavor(name, known))
    if not known:
        warn_user('no flavor is installed, so nothing will be recorded; install one: pip install "fitprint[all]"')
    for name, command in missing_plugins(known).items():
        warn_once(
            ("autolog", name),
            f"{name} is installed but its plugin is not, so it is not recorded; install it: {command}",
        )


def _turn_on_scope(flavor: str | None, arguments: dict[str, Any]) -> None:
    with registry.lock:
        for instrument in registry.known_flavors().values():
            instrument.loaded = warn_unknown_of_flavor  # in this process alone: no worker repeats the lines
        activate(current().with_scope(flavor, arguments))
        if recorder_state.on:
            settings = current().settings()
            with guarded("the state of the code"):
                code.find_out(settings)  # here, so that no training call has to wait for it
            say_what_is_missing((*(settings.flavors or ()), *settings.exclude_flavors))
            warn_unknown(registry.known_flavors().values())


def choose(**chosen: Any) -> None:
    """Choose values of settings for the whole process, as `set_tracking_uri` and `set_experiment` do."""
    with registry.lock:
        configuration = configure(current().choosing(**chosen))
        if recorder_state.on:
            recorder_state.turn_on(configuration)


def _check_flavors(names: tuple[str, ...]) -> None:
    known = registry.entries()
    for name in names:
        if name not in known:
            command = missing_plugins(known).get(name)
            raise ValueError(
                f"no flavor is called {name!r}; install its plugin: {command}"
                if command
                else _unknown_flavor(name, known)
            )


def _unknown_flavor(name: str, known: Iterable[str]) -> str:
    return f"no flavor is called {name!r}; registered: {', '.join(sorted(known)) or 'none'}"


publish("fitprint", autolog, disable, get_tracking_uri, set_tracking_uri)
