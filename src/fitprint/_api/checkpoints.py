"""`package_checkpoint`: a package of a checkpoint that a recorded training has written."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fitprint._core.call_scope import suppress
from fitprint._core.publish import publish
from fitprint._packages.load import load, signature_of
from fitprint._packages.options import Options, read_options
from fitprint._packages.resolve import registered
from fitprint._packages.save import log_into_run, save_model
from fitprint._runs.checkpoints import Checkpoint, digest_of, files_of, size_of
from fitprint._runs.open import run_to_add_to
from fitprint._runs.read import get_run
from fitprint._runs.run import Run, store_of
from fitprint.models import mlmodel
from fitprint.models.errors import PackageError
from fitprint.plugin.contract import Flavor


def package_checkpoint(
    run: Run | str,
    checkpoint: int | None = None,
    path: str | os.PathLike[str] | None = None,
    *,
    step: int | None = None,
    model: Any = None,
    data: Any = None,
    trust: bool = False,
    **options: Any,
) -> Path:
    """Make a package of a checkpoint of a run: `fitprint package RUN --checkpoint 3` in Python.

    Args:
        run: The run, or its id.
        checkpoint: The number of the checkpoint in `Run.checkpoints`, counted from 1.
        path: A new or an empty folder for the package. By default it is written into the run, as ``checkpoint-3``.
        step: The step of the checkpoint, in place of its number.
        model: A model of the same architecture, for checkpoints that hold weights alone: the model itself, or a package
            of it as `fitprint.load_model` takes it. By default the one in the package of the run.
        data: Rows that the model predicts: the signature is inferred from them. By default the package gets the
            signature of the run's own package.
        trust: Allow to read a checkpoint that may hold a pickle, which runs any code that its author put into it.
        **options: The options of `fitprint.log_model`.

    Returns:
        The folder of the package.

    Raises:
        PackageError: The run has no such checkpoint, it was deleted or changed or may not be read, or its flavor cannot
            load it.
        TypeError: Neither a number nor a step is given, or both are, or an option is unknown.
        FileExistsError: The folder holds something.
    """
    if (checkpoint is None) == (step is None):
        raise TypeError("package_checkpoint() needs either the number of a checkpoint or its step")
    source = get_run(run) if isinstance(run, str) else run
    if source.flavor is None:
        raise PackageError(
            f"run {source.run_id} has recorded no training, so it is not known which flavor can load its checkpoints"
        )
    number = _number_of_step(source, step) if step is not None else checkpoint
    chosen = _checked(source, int(number or 0))
    flavor = registered(source.flavor)
    native = _load(flavor, chosen, source, model, trust)
    about = {name: value for name, value in asdict(chosen).items() if value not in (None, False)}
    options["metadata"] = {"checkpoint": about, **(options.get("metadata") or {})}
    if "signature" not in options and data is None and options.get("input_example") is None:
        options["signature"] = _signature(source)
    read = read_options(flavor, options)
    if path is not None:
        save_model(flavor, native, path, read, data)
        return Path(path)
    return _into_run(source, flavor, native, f"checkpoint-{number}", read, data)


def _into_run(run: Run, flavor: Flavor, model: Any, name: str, options: Options, data: Any) -> Path:
    opened = run_to_add_to(store_of(run).location, run.run_id)
    return log_into_run(opened, flavor, model, name, options, data).path


def _number_of_step(run: Run, step: int) -> int:
    """Return the number of the checkpoint of a step: of several ones, the last."""
    numbers = [number for number, checkpoint in enumerate(run.checkpoints, 1) if checkpoint.step == step]
    if not numbers:
        steps = sorted({checkpoint.step for checkpoint in run.checkpoints if checkpoint.step is not None})
        known = f"it has checkpoints of the steps {_some(steps)}" if steps else _count(run)
        raise PackageError(f"run {run.run_id} has no checkpoint of step {step}: {known}")
    return numbers[-1]


def _checked(run: Run, number: int) -> Checkpoint:
    """Return a checkpoint that is still what it was at the end of the training.

    Raises:
        PackageError: The run has no checkpoint of this number, or it was deleted or changed.
    """
    known = run.checkpoints
    if not 1 <= number <= len(known):
        raise PackageError(f"run {run.run_id} has no checkpoint {number}: {_count(run)}")
    checkpoint = known[number - 1]
    what = f"checkpoint {number} of run {run.run_id}, {checkpoint.path},"
    if "://" in checkpoint.path:
        raise PackageError(
            f"{what} is not on this machine: download it, and make a package of the file with `fitprint package`"
        )
    files = files_of(checkpoint.path)
    if not files:
        raise PackageError(f"{what} does not exist any more, or lies on another machine")
    if checkpoint.sha256 is not None:
        is_same = digest_of(checkpoint.path, files) == checkpoint.sha256
    else:
        is_same = checkpoint.size in (None, size_of(files))
    if not is_same:
        raise PackageError(f"{what} was written again or changed after the training")
    return checkpoint


def _load(flavor: Flavor, checkpoint: Checkpoint, run: Run, model: Any, trust: bool) -> Any:
    path = Path(checkpoint.path)
    reason = flavor.checkpoint_needs_trust(path)
    if reason is not None and not trust:
        raise PackageError(
            f"{path} is not read: {reason}, and reading one runs any code that its author put into it; "
            "if you trust the author, pass trust=True, or --trust"
        )
    if isinstance(model, (str, os.PathLike, Run)):
        model = load(model).model
    elif model is None and run.model_path is not None:
        model = load(run).model
    with suppress():
        return flavor.load_checkpoint(path, model)


def _signature(run: Run) -> Any:
    if run.model_path is None:
        return None
    document: Mapping[str, Any] = mlmodel.read(run.model_path)
    return signature_of(document, run.model_path)


def _count(run: Run) -> str:
    count = len(run.checkpoints)
    return "none is known" if not count else f"it has {count}, numbered from 1"


def _some(steps: list[int]) -> str:
    texts = [str(step) for step in steps]
    return ", ".join(texts if len(texts) <= 10 else [*texts[:5], "...", *texts[-4:]])


publish("fitprint", package_checkpoint)
