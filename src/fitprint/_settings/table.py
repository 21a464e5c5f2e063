"""The one table of settings: each field of `Settings` is a setting with its reader, its default and its help.

Where a value comes from is decided in `_configuration`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, field, fields
from typing import Any

from fitprint._core.guard import warn_once
from fitprint._settings import parsers as read
from fitprint._settings.parsers import Reader


def setting(default: Any, reader: Reader, help: str, *, argument_only: bool = False) -> Any:
    """Declares one setting, a field of a dataclass."""
    metadata = {"read": reader, "help": help, "argument_only": argument_only}
    return field(default=default, metadata=metadata)


@dataclass(frozen=True)
class Settings:
    """What holds for one flavor, decided once per `autolog()`."""

    disabled: bool = setting(False, read.boolean, "the kill switch: nothing is patched, nothing written")
    flavors: tuple[str, ...] | None = setting(None, read.names, "record only these flavors")
    exclude_flavors: tuple[str, ...] = setting((), read.names, "never record these flavors")
    store: str = setting("fitprint-runs", read.text, "where runs go: a folder, or a URL that a store plugin serves")
    experiment: str = setting("default", read.text, "the label that groups runs")
    run_name: str | None = setting(None, read.text, "the name of each run; by default the model's class")
    tags: Mapping[str, str] | None = setting(None, read.tags, "tags of each run, as team=x,job=y")
    log_models: bool = setting(True, read.boolean, "write a package of each trained model")
    log_signatures: bool = setting(True, read.boolean, "infer the signature of each package")
    log_input_examples: bool = setting(False, read.boolean, "keep the first rows of the training data in the package")
    log_training_metrics: bool = setting(True, read.boolean, "predict the training data and record how well it fits")
    max_model_size: int | None = setting(None, read.size, "no package over this size: 100MB, 1.5GiB, bytes")
    include_estimators: tuple[str, ...] = setting((), read.names, "globs on qualified class names to record")
    exclude_estimators: tuple[str, ...] = setting((), read.names, "globs on qualified class names to leave out")
    min_fit_seconds: float = setting(0.0, read.seconds, "shorter training calls are not recorded")
    max_metric_seconds: float = setting(1.0, read.seconds, "above this projected cost, metrics are taken on a sample")
    max_child_runs: int = setting(5, read.whole_number, "searches: how many of the best candidates become child runs")
    exclude_params: tuple[str, ...] = setting((), read.names, "globs on names of params to leave out")
    redact: tuple[str, ...] = setting(
        (), read.patterns, "also shown as ***: globs on names, or value:<regular expression>; beside the built-in ones"
    )
    redact_allow: tuple[str, ...] = setting((), read.patterns, "never shown as ***: globs on names, or value:<...>")
    redact_models: bool = setting(
        False, read.boolean, "no package of a model that holds a param which is shown as *** in the run"
    )
    trust: str = setting(
        "all",
        read.one_of("all", "verified", "no-pickle"),
        "what load_model may load: all; verified, by its checksums; no-pickle, only formats that hold no code",
    )
    rules: tuple[Callable[..., str | None], ...] = setting(
        (),
        read.callables,
        "the caller's own rules: from a training call to a reason, or None",
        argument_only=True,
    )
    strict: bool = setting(False, read.boolean, "errors in recording are raised (for tests)")
    quiet: bool = setting(False, read.boolean, "no line per recorded run")

    own: Mapping[str, Any] = field(default_factory=dict)
    """The values of the flavor's own settings, those that it declares in `Flavor.settings`."""


_NONE: Mapping[str, Field[Any]] = {}
_CLOSE = 0.85
"""From this likeness on (difflib's) a name is a slip of the pen for the other."""

TABLE: Mapping[str, Field[Any]] = {each.name: each for each in fields(Settings) if "read" in each.metadata}

MLFLOW_NAMES = {
    "silent": "quiet",
    "log_model_signatures": "log_signatures",
    "extra_tags": "tags",
    "max_tuning_runs": "max_child_runs",
}
"""Arguments of MLflow's autologging under which fitprint has a setting of its own."""

MLFLOW_WITHOUT_MEANING = frozenset(
    {
        "checkpoint", "checkpoint_mode", "checkpoint_monitor", "checkpoint_save_best_only",
        "checkpoint_save_freq", "checkpoint_save_weights_only", "disable_for_unsupported_versions", "exclusive",
        "importance_types", "keras_model_kwargs", "log_datasets", "log_every_epoch", "log_every_n_epoch",
        "log_every_n_step", "log_every_n_steps", "log_model_allowlist", "log_post_training_metrics", "log_traces",
        "model_format", "pos_label", "registered_model_name", "save_exported_model", "save_model_kwargs",
        "saved_model_kwargs", "serialization_format",
    }
)  # fmt: skip
"""Arguments of MLflow's autologging that change nothing here: named in one line and ignored."""


def check_arguments(
    arguments: Mapping[str, Any], own: Mapping[str, Field[Any]] | None = _NONE, caller: str = "autolog"
) -> dict[str, Any]:
    """Reads the settings among the arguments of an `autolog()` call.

    ``own``: the flavor's own settings; what is given for them is looked at, and returned as it is. None while the
    plugin is not imported: then names that are no general setting are returned to be looked at later.
    Raises TypeError for an argument that is no setting, ValueError for a value that cannot be read.
    """
    known = {MLFLOW_NAMES.get(name, name): value for name, value in arguments.items()}
    ignored = sorted(name for name in known if name in MLFLOW_WITHOUT_MEANING and name not in (own or ()))
    if ignored and own is not None:
        warn_once((caller, " ".join(ignored)), f"{caller}(): no meaning here, ignored: {', '.join(ignored)}")
    found = {}
    for name, value in known.items():
        each = TABLE.get(name) or (own or {}).get(name)
        if each is not None:
            read = read_value(each, value, f"{caller}({name}=...)")
            found[name] = read if name in TABLE else value
        elif own is None and not slip_of(name):
            found[name] = value
        elif name not in ignored:
            raise TypeError(f"{caller}() has no argument {name!r}{_nearest(name, (*TABLE, *(own or ())))}")
    return found


def slip_of(name: str) -> str | None:
    """The general setting that a name is, or is a slip of the pen for."""
    import difflib

    return next(iter(difflib.get_close_matches(name.lower(), TABLE, 1, _CLOSE)), None)


def read_value(each: Field[Any], value: Any, source: str) -> Any:
    """A setting's value, read. Raises ValueError that names the source, the value and what is accepted."""
    try:
        return each.metadata["read"](value)
    except ValueError as error:
        raise ValueError(f"{source}: {value!r} cannot be read; accepted: {error}") from None


def value_text(value: Any) -> str:
    """A value as it is written in a variable; `none` for none."""
    if value is None or (isinstance(value, (tuple, Mapping)) and not value):
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, Mapping):
        return ",".join(f"{name}={each}" for name, each in value.items())
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _nearest(name: str, known: tuple[str, ...]) -> str:
    import difflib

    close = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; the settings are: {', '.join(known)}"
