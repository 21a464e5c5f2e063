"""The settings as keyword arguments with their types. Written by docs/make_settings.py from the table of settings."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, TypedDict

from fitprint._core.publish import publish


class AutologSettings(TypedDict, total=False):
    """The settings that `fitprint.autolog()` takes as keyword arguments: annotates functions that pass them on."""

    disabled: bool
    """Turn everything off: no framework is patched, and nothing is written."""
    exclude_flavors: str | Iterable[str] | None
    """Never record these flavors."""
    store: str | os.PathLike[str] | None
    """Where runs are written: a folder, or a URL that a store plugin serves."""
    experiment: str | os.PathLike[str] | None
    """The label that groups runs."""
    run_name: str | os.PathLike[str] | None
    """The name of each run; by default the name of the model's class."""
    tags: str | Mapping[str, Any] | None
    """Tags of each run, for example team=x,job=y."""
    log_models: bool
    """Write a package of each trained model."""
    log_signatures: bool
    """Infer the signature of each package."""
    log_input_examples: bool
    """Keep the first rows of the training data in the package as an input example."""
    log_training_metrics: bool
    """Predict the training data and record how well the model fits it."""
    log_post_training_metrics: bool
    """Add metrics that you compute of a recorded model's predictions to the model's run."""
    log_system_metrics: bool
    """Record every ten seconds how busy the processors, the memory and the GPUs are."""
    log_code: bool | Literal["auto"]
    """Keep the script or the notebook's cells, and uncommitted changes: auto, code of up to 100 kB; true; false."""
    max_model_size: str | int | None
    """Write no package larger than this: 100MB, 1.5GiB, or a number of bytes."""
    keep_incomplete: bool
    """Write a package, marked as incomplete, when a training fails or is interrupted, if the flavor can."""
    package_of: Literal["last", "best"] | None
    """Which model is packaged: last, as it is when the training ends; best, the best model that the flavor finds."""
    save_in_background: bool
    """Write packages of more than 16 MB in a thread, after the training call has returned."""
    resume: str | os.PathLike[str] | None
    """Continue the run that an earlier start of this job left unfinished: auto, by the scheduler's id; or an id."""
    engines: str | Iterable[str] | None
    """Record in the workers of these engines: auto, all that the program sends work to; names of engines; none."""
    include_estimators: str | Iterable[str] | None
    """Record only classes whose qualified names match one of these globs."""
    exclude_estimators: str | Iterable[str] | None
    """Do not record classes whose qualified names match one of these globs."""
    min_fit_seconds: float
    """Do not record training calls that took less time than this."""
    rank_zero_only: bool
    """Record a distributed training only in the process of rank 0; the other processes make no run."""
    max_metric_seconds: float
    """If training metrics would take longer than this, compute them on a sample of the rows."""
    max_child_runs: int | None
    """How many of the best candidates of a search become child runs."""
    exclude_params: str | Iterable[str] | None
    """Do not record params whose names match one of these globs."""
    redact: str | Iterable[str] | None
    """Show these as *** too, in addition to the built-in patterns: globs on names, or value:<regular expression>."""
    redact_allow: str | Iterable[str] | None
    """Never show these as ***: globs on names, or value:<regular expression>."""
    redact_models: bool
    """Write no package of a model that contains the value of a param which the run shows as ***."""
    trust: Literal["all", "verified", "no-pickle"] | None
    """Which packages load_model may load: all; verified, if the checksums match; no-pickle, formats without code."""
    rules: Callable[..., str | None] | Iterable[Callable[..., str | None]] | None
    """Your own rules: callables that take a training call and return the reason not to record it, or None."""
    strict: bool
    """Raise errors that occur while recording, instead of logging them."""
    quiet: bool
    """Log no line for each recorded run."""
    silent: bool
    """MLflow's name for `quiet`."""
    log_model_signatures: bool
    """MLflow's name for `log_signatures`."""
    extra_tags: str | Mapping[str, Any] | None
    """MLflow's name for `tags`."""
    max_tuning_runs: int | None
    """MLflow's name for `max_child_runs`."""


publish("fitprint", AutologSettings)
