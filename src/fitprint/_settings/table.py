"""The one table of settings: each field of `Settings` is a setting with its reader, its default and its meaning.

The module `layers` decides where the value of a setting comes from. The tables in the documentation, the typed keyword
arguments and the docstring of `autolog()` are written from this table by docs/make_settings.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, field, fields
from typing import Any

from fitprint._core.guard import warn_once
from fitprint._settings import parsers as read
from fitprint._settings.parsers import Reader


def setting(default: Any, reader: Reader, help: str, *, argument_only: bool = False, unset: str = "none") -> Any:
    """Declare a setting: a field of a dataclass, or a setting that only one flavor has.

    Args:
        default: The value where nothing else gives one.
        reader: Reads a value from a text or a Python argument.
        help: What the setting does, in a sentence.
        argument_only: Whether only an argument of `autolog()` can give it, and no environment variable.
        unset: What no value means, in a word.

    Returns:
        The field.
    """
    metadata = {"read": reader, "help": help, "argument_only": argument_only, "unset": unset}
    return field(default=default, metadata=metadata)


@dataclass(frozen=True)
class Settings:
    """The settings that hold for one flavor, decided once per `autolog()`."""

    disabled: bool = setting(
        False, read.boolean, "Turn everything off: no framework is patched, and nothing is written."
    )
    flavors: tuple[str, ...] | None = setting(None, read.names, "Record only these flavors.", unset="all")
    exclude_flavors: tuple[str, ...] = setting((), read.names, "Never record these flavors.")
    store: str = setting(
        "fitprint-runs", read.location, "Where runs are written: a folder, or a URL that a store plugin serves."
    )
    experiment: str = setting("default", read.text, "The label that groups runs.")
    run_name: str | None = setting(None, read.text, "The name of each run; by default the name of the model's class.")
    tags: Mapping[str, str] | None = setting(None, read.tags, "Tags of each run, for example team=x,job=y.")
    log_models: bool = setting(True, read.boolean, "Write a package of each trained model.")
    log_signatures: bool = setting(True, read.boolean, "Infer the signature of each package.")
    log_input_examples: bool = setting(
        False, read.boolean, "Keep the first rows of the training data in the package as an input example."
    )
    log_training_metrics: bool = setting(
        True, read.boolean, "Predict the training data and record how well the model fits it."
    )
    log_post_training_metrics: bool = setting(
        True,
        read.boolean,
        "Add metrics that you compute of a recorded model's predictions to the model's run.",
    )
    log_system_metrics: bool = setting(
        False, read.boolean, "Record every ten seconds how busy the processors, the memory and the GPUs are."
    )
    log_code: bool | str = setting(
        read.AUTO,
        read.boolean_or_auto,
        "Keep the script or the notebook's cells, and uncommitted changes: auto, code of up to 100 kB; true; false.",
    )
    max_model_size: int | None = setting(
        None, read.size, "Write no package larger than this: 100MB, 1.5GiB, or a number of bytes."
    )
    keep_incomplete: bool = setting(
        False,
        read.boolean,
        "Write a package, marked as incomplete, when a training fails or is interrupted, if the flavor can.",
    )
    package_of: str = setting(
        "last",
        read.one_of("last", "best"),
        "Which model is packaged: last, as it is when the training ends; best, the best model that the flavor finds.",
    )
    save_in_background: bool = setting(
        False,
        read.boolean,
        "Write packages of more than 16 MB in a thread, after the training call has returned.",
    )
    resume: str | None = setting(
        None,
        read.text,
        "Continue the run that an earlier start of this job left unfinished: auto, by the scheduler's id; or an id.",
    )
    engines: str | tuple[str, ...] = setting(
        read.AUTO,
        read.names_or_auto,
        "Record in the workers of these engines: auto, all that the program sends work to; names of engines; none.",
    )
    include_estimators: tuple[str, ...] = setting(
        (), read.names, "Record only classes whose qualified names match one of these globs."
    )
    exclude_estimators: tuple[str, ...] = setting(
        (), read.names, "Do not record classes whose qualified names match one of these globs."
    )
    min_fit_seconds: float = setting(0.0, read.seconds, "Do not record training calls that took less time than this.")
    rank_zero_only: bool = setting(
        True,
        read.boolean,
        "Record a distributed training only in the process of rank 0; the other processes make no run.",
    )
    max_metric_seconds: float = setting(
        0.2, read.seconds, "If training metrics would take longer than this, compute them on a sample of the rows."
    )
    max_child_runs: int = setting(
        5, read.whole_number, "How many of the best candidates of a search become child runs."
    )
    exclude_params: tuple[str, ...] = setting(
        (), read.names, "Do not record params whose names match one of these globs."
    )
    redact: tuple[str, ...] = setting(
        (),
        read.patterns,
        "Show these as *** too, in addition to the built-in patterns: globs on names, or value:<regular expression>.",
    )
    redact_allow: tuple[str, ...] = setting(
        (), read.patterns, "Never show these as ***: globs on names, or value:<regular expression>."
    )
    redact_models: bool = setting(
        False,
        read.boolean,
        "Write no package of a model that contains the value of a param which the run shows as ***.",
    )
    trust: str = setting(
        "all",
        read.one_of("all", "verified", "no-pickle"),
        "Which packages load_model may load: all; verified, if the checksums match; no-pickle, formats without code.",
    )
    rules: tuple[Callable[..., str | None], ...] = setting(
        (),
        read.callables,
        "Your own rules: callables that take a training call and return the reason not to record it, or None.",
        argument_only=True,
    )
    strict: bool = setting(False, read.boolean, "Raise errors that occur while recording, instead of logging them.")
    quiet: bool = setting(False, read.boolean, "Log no line for each recorded run.")

    own: Mapping[str, Any] = field(default_factory=dict)
    """The values of the settings that only this flavor has, which it declares in `Flavor.settings`."""


_NONE: Mapping[str, Field[Any]] = {}
_CLOSE = 0.85
"""Two names of at least this similarity, as difflib measures it, count as one name and its misspelling."""

TABLE: Mapping[str, Field[Any]] = {
    declared.name: declared for declared in fields(Settings) if "read" in declared.metadata
}

MLFLOW_NAMES = {
    "silent": "quiet",
    "log_model_signatures": "log_signatures",
    "extra_tags": "tags",
    "max_tuning_runs": "max_child_runs",
}
"""Arguments of MLflow's autologging, and the settings of fitprint that they mean."""

MLFLOW_WITHOUT_MEANING = frozenset(
    {
        "checkpoint", "checkpoint_mode", "checkpoint_monitor", "checkpoint_save_best_only",
        "checkpoint_save_freq", "checkpoint_save_weights_only", "disable_for_unsupported_versions", "exclusive",
        "importance_types", "keras_model_kwargs", "log_datasets", "log_every_epoch", "log_every_n_epoch",
        "log_every_n_step", "log_every_n_steps", "log_model_allowlist", "log_traces",
        "model_format", "pos_label", "registered_model_name", "save_exported_model", "save_model_kwargs",
        "saved_model_kwargs", "serialization_format",
    }
)  # fmt: skip
"""Arguments of MLflow's autologging that have no meaning here: they are named in one line of the log and ignored."""


def check_arguments(
    arguments: Mapping[str, Any], own: Mapping[str, Field[Any]] | None = _NONE, caller: str = "autolog"
) -> dict[str, Any]:
    """Read the settings among the arguments of an `autolog()` call.

    Args:
        arguments: The keyword arguments of the call.
        own: The settings that only this flavor has; their values are checked, and returned as they were given. None
            while the plugin is not imported: then unknown names are returned too, to be checked later.
        caller: The name of the call, for messages.

    Returns:
        The settings by name, with their values as read.

    Raises:
        TypeError: An argument is not a setting.
        ValueError: The value of a setting cannot be read.
    """
    known = {MLFLOW_NAMES.get(name, name): value for name, value in arguments.items()}
    ignored = sorted(name for name in known if name in MLFLOW_WITHOUT_MEANING and name not in (own or ()))
    if ignored and own is not None:
        names = ", ".join(ignored)
        warn_once((caller, names), f"{caller}() ignores arguments of MLflow that have no meaning here: {names}")
    settings = {}
    for name, value in known.items():
        setting = TABLE.get(name) or (own or {}).get(name)
        if setting is not None:
            checked = read_value(setting, value, f"{caller}({name}=...)")
            settings[name] = checked if name in TABLE else value
        elif own is None and not slip_of(name):
            settings[name] = value
        elif name not in ignored:
            raise TypeError(f"{caller}() has no argument {name!r}{_nearest(name, (*TABLE, *(own or ())))}")
    return settings


def slip_of(name: str) -> str | None:
    """Return the general setting that a name is, or is a misspelling of; None if there is no such setting."""
    import difflib

    return next(iter(difflib.get_close_matches(name.lower(), TABLE, 1, _CLOSE)), None)


def read_value(setting: Field[Any], value: Any, source: str) -> Any:
    """Read the value of a setting.

    Raises:
        ValueError: It cannot be read. The text names the source, the value and what is accepted.
    """
    try:
        return setting.metadata["read"](value)
    except ValueError as error:
        raise ValueError(f"{source}: {value!r} cannot be read; accepted: {error}") from None


def value_text(value: Any, setting: Field[Any]) -> str:
    """Return a value as it is written in a variable; the word that the setting has for no value, mostly ``none``."""
    if value is None or (isinstance(value, (tuple, Mapping)) and not value):
        return str(setting.metadata["unset"])
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, Mapping):
        return ",".join(f"{name}={item}" for name, item in value.items())
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _nearest(name: str, known: tuple[str, ...]) -> str:
    import difflib

    close = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; the settings are: {', '.join(known)}"
