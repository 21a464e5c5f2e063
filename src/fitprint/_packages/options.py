"""What a package is made of: the model, and the options of `log_model` and `save_model` under MLflow's names."""

from __future__ import annotations

import difflib
import importlib
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Protocol

from fitprint._core.guard import warn_once
from fitprint.models.signature import ModelSignature
from fitprint.plugin.flavor import Flavor

Files = Sequence[str | os.PathLike[str]]

WITHOUT_MEANING = frozenset(
    {
        "registered_model_name", "await_registration_for", "model_type", "model_id", "step", "tags", "params",
        "prompts", "resources", "auth_policy", "env_vars", "infer_code_paths", "streamable",
    }
)  # fmt: skip
"""Options of MLflow's calls that change nothing here: named in one line and ignored."""


@dataclass(frozen=True)
class Options:
    """How a package is made."""

    signature: ModelSignature | bool | None = None
    """None: inferred from the input example, or from the training data; False: none."""
    input_example: Any = None
    pip_requirements: Iterable[str] | str | None = None
    """In place of the detected ones: lines, or the path of a file."""
    extra_pip_requirements: Iterable[str] | str | None = None
    """Beside the detected ones."""
    conda_env: Mapping[str, Any] | str | None = None
    """In place of conda.yaml: its content, or the path of a file."""
    code_paths: Files = ()
    loader_module: str | None = None
    """A module with ``_load_pyfunc(data_path)`` that decides how the model predicts, in place of the flavor's."""
    extra_files: Files = ()
    metadata: Mapping[str, Any] | None = None
    model_config: Mapping[str, Any] | None = None
    own: Mapping[str, Any] = field(default_factory=dict)
    """The flavor's own options, by name: see `Flavor.save_options`."""

    def __post_init__(self) -> None:
        environments = ("pip_requirements", "extra_pip_requirements", "conda_env")
        given = [name for name in environments if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError(f"give one of {' and '.join(given)}: each says what the environment of the model is")
        if not isinstance(self.signature, (ModelSignature, bool, type(None))):
            raise TypeError(f"signature is a ModelSignature, as infer_signature() gives it, not {self.signature!r:.80}")
        if self.metadata is not None and not isinstance(self.metadata, Mapping):
            raise TypeError(f"metadata is a mapping, not {type(self.metadata).__name__}")


_NAMES = tuple(each.name for each in fields(Options) if each.name != "own")


def read_options(flavor: Flavor, given: Mapping[str, Any]) -> Options:
    """The options of a call.

    Raises TypeError for an unknown one, naming the nearest that there is, and ValueError for a loader that is nowhere.
    """
    known: dict[str, Any] = {}
    own: dict[str, Any] = {}
    for name, value in given.items():
        if name in ("code_path", "code_paths"):
            known["code_paths"] = _several(value)
        elif name == "extra_files":
            known[name] = _several(value)
        elif name in _NAMES:
            known[name] = value
        elif name in flavor.save_options:
            own[name] = value
        elif name in WITHOUT_MEANING:
            if value is not None:
                warn_once(("log_model", name), f"log_model(): {name} has no meaning here and is ignored")
        else:
            raise TypeError(f"{flavor.name}: there is no option {name!r}{_nearest(name, flavor)}")
    options = Options(**known, own=own)
    if options.loader_module is not None:
        check_loader(options.loader_module, options.code_paths)
    return options


def check_loader(name: str, code_paths: Files) -> None:
    """Imports a loader module that is not among the code paths: it is then copied, if it is the user's own.

    Raises ValueError for one that is in neither place.
    """
    top = name.partition(".")[0]
    if any(Path(path).name.removesuffix(".py") == top for path in code_paths):
        return
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise
        raise ValueError(
            f"loader_module {name} is neither in code_paths nor to be imported here: name it in code_paths"
        ) from None


def _several(value: Any) -> Files:
    """One path, or a list of them."""
    if value is None:
        return ()
    return (value,) if isinstance(value, (str, os.PathLike)) else tuple(value)


def _nearest(name: str, flavor: Flavor) -> str:
    known = [*_NAMES, "code_path", *flavor.save_options]
    close = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; the options are: {', '.join(known)}"


class Steps(Protocol):
    """How the steps are taken: each under the guard while recording, bare where a user asked for the package."""

    def step(self, name: str) -> AbstractContextManager[Any]:
        """Surrounds one step."""

    def skip(self, what: str, rule: str, reason: str) -> None:
        """Keeps a reason for what is left out."""


@dataclass(frozen=True)
class Subject:
    """What a package is made of."""

    flavor: Flavor
    model: Any
    options: Options = field(default_factory=Options)
    data: Callable[[], Any] = lambda: None
    """The data that the signature is inferred from where none is given, or None."""
    example: Callable[[Any], Any] = lambda data: None
    """From that data to the input example where none is given, or None."""
    run_id: str | None = None
    artifact_path: str | None = None
