"""Making a package because a user asks for one, in a folder or in a run. Errors are raised for the user to see."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fitprint._core import html as _html
from fitprint._core.call_scope import suppress
from fitprint._core.guard import warn_user
from fitprint._packages.build import make
from fitprint._packages.load import signature_of
from fitprint._packages.options import Options, Subject
from fitprint._runs.active import active_run
from fitprint._runs.adder import RunAdder
from fitprint._runs.index import run_of
from fitprint._runs.open import begin_run
from fitprint._runs.record import FAILED, FINISHED
from fitprint._runs.run import Run, adder_of
from fitprint._settings.layers import current
from fitprint.models.package import Package
from fitprint.models.signature import ModelSignature
from fitprint.plugin.contract import Flavor

NAME = "model"


@dataclass(frozen=True, repr=False)
class ModelInfo:
    """A package that was logged."""

    model_uri: str
    """``runs:/<run_id>/<name>``, as `load_model` takes it."""
    run: Run
    """The run that the package belongs to."""
    artifact_path: str
    """The name of the package in its run."""
    signature: ModelSignature | None
    """The signature in the package, or None if it has none."""
    flavors: dict[str, Any]
    """The flavors in the MLmodel file: the name and the entry of each."""
    model_uuid: str
    """The identifier of the package: 32 hexadecimal digits."""
    utc_time_created: str
    """When the package was written."""
    metadata: dict[str, Any] | None = None
    """The values that the caller of `log_model` passed as `metadata`."""
    saved_input_example_info: dict[str, Any] | None = None
    """What the MLmodel file says of the input example, or None if the package has none."""
    mlflow_version: str | None = None
    """Always None: MLflow did not write the package."""
    env_vars: list[str] | None = None
    """Always None: fitprint does not watch which environment variables a model reads."""

    @property
    def run_id(self) -> str:
        """The id of the run that the package belongs to."""
        return self.run.run_id

    @property
    def model_id(self) -> str:
        """The identifier of the package, under the name that it has in MLflow 3."""
        return self.model_uuid

    @property
    def name(self) -> str:
        """The name of the package in its run."""
        return self.artifact_path

    @property
    def path(self) -> Path:
        """The folder of the package, which moves with its run when the run ends."""
        return self.run.path / self.artifact_path

    def __repr__(self) -> str:
        return f"<ModelInfo {self.model_uri} {', '.join(self.flavors)} {self.signature!r}>"

    def _repr_html_(self) -> str:
        rows = {"model": self.model_uri, "path": self.path, "flavors": ", ".join(self.flavors)}
        signature = self.signature._repr_html_() if self.signature is not None else ""
        return _html.table(("", "logged model"), rows.items()) + signature


def save_model(flavor: Flavor, model: Any, path: str | os.PathLike[str], options: Options, data: Any = None) -> None:
    """Write a package into a new or an empty folder.

    Args:
        flavor: The flavor of the model.
        model: The model.
        path: The folder.
        options: How the package is made.
        data: Rows that the signature is inferred from.

    Raises:
        FileExistsError: The folder is not empty. Whatever prevents the model from being saved is raised too.
    """
    target = Path(os.path.abspath(path))
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise FileExistsError(f"{target} exists already: a package is saved into a new or an empty folder")
    target.parent.mkdir(parents=True, exist_ok=True)
    package = Package(target.with_name(f".{target.name}.{os.getpid()}.partial"))
    try:
        with suppress():  # calls that the framework makes in order to save the model are not the user's
            make(Subject(flavor, model, options, data=lambda: data), package, _Asked(None))
        package.seal(target)
    except BaseException:
        package.discard()
        raise


def log_model(flavor: Flavor, model: Any, name: str, options: Options, run_name: str | None = None) -> ModelInfo:
    """Write a package into the active run, else into the run that trained this object, else into a new run.

    Args:
        flavor: The flavor of the model.
        model: The model.
        name: The name of the package in the run.
        options: How the package is made.
        run_name: The name of a new run, by default the class of the model.

    Returns:
        Where the package is, and what is in it.

    Raises:
        Exception: Whatever prevents the model from being saved; a run that was started for it then ends as FAILED.
    """
    run = active_run() or run_of(model)
    if run is not None:
        return log_into_run(run, flavor, model, name, options)
    settings = current().settings(flavor.name, flavor.defaults, flavor.settings)
    run = begin_run(settings, run_name or type(model).__name__, flavor.name)
    try:
        info = log_into_run(run, flavor, model, name, options)
    except BaseException:
        run.end(FAILED)
        raise
    run.end(FINISHED)
    return info


def log_into_run(run: Run, flavor: Flavor, model: Any, name: str, options: Options, data: Any = None) -> ModelInfo:
    """Write a package into a run that can be added to; the arguments are those of `log_model` and `save_model`."""
    writer = adder_of(run)
    package = writer.begin_package(None)
    try:
        subject = Subject(flavor, model, options, data=lambda: data, run_id=run.run_id, artifact_path=name)
        with suppress():
            document = make(subject, package, _Asked(writer))
        taken_name = writer.keep_package(package, name, {"flavor": flavor.name, "size": package.size})
    except BaseException:
        package.discard()
        raise
    writer.write()
    return ModelInfo(
        model_uri=f"runs:/{run.run_id}/{taken_name}",
        run=run,
        artifact_path=taken_name,
        signature=signature_of(document, taken_name),
        flavors=document["flavors"],
        model_uuid=document["model_uuid"],
        utc_time_created=document["utc_time_created"],
        metadata=document.get("metadata"),
        saved_input_example_info=document.get("saved_input_example_info"),
    )


class _Asked:
    """The steps of a package that a user asked for: errors are raised, and what is left out is reported."""

    def __init__(self, writer: RunAdder | None) -> None:
        self._writer = writer

    def step(self, name: str) -> AbstractContextManager[Any]:
        return nullcontext()

    def skip(self, what: str, rule: str, reason: str) -> None:
        if self._writer is not None:
            self._writer.skip(what, rule, reason)
        warn_user(f"{what} is not in the package: {reason}")
