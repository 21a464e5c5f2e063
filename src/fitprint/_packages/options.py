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
from fitprint.plugin.contract import Flavor

Files = Sequence[str | os.PathLike[str]]
Paths = Iterable[str | os.PathLike[str]] | str | os.PathLike[str]
"""One path, or several, as a caller may give them."""
Requirements = Iterable[str] | str
"""Lines of requirements, or the path of a file of them."""

WITHOUT_MEANING = frozenset(
    {
        "registered_model_name", "await_registration_for", "model_type", "model_id", "step", "tags", "params",
        "prompts", "resources", "auth_policy", "env_vars", "infer_code_paths", "streamable",
    }
)  # fmt: skip
"""Options of MLflow's calls that have no effect here: they are reported in one line and ignored."""


@dataclass(frozen=True)
class Options:
    """How a package is made."""

    signature: ModelSignature | bool | None = None
    """None: inferred from the input example or from the training data. False: the package has no signature."""
    input_example: Any = None
    pip_requirements: Iterable[str] | str | None = None
    """Requirements in place of the detected ones: lines, or the path of a file."""
    extra_pip_requirements: Iterable[str] | str | None = None
    """Requirements beside the detected ones."""
    conda_env: Mapping[str, Any] | str | None = None
    """The content of conda.yaml, or the path of a file that has it."""
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
        names = [name for name in environments if getattr(self, name) is not None]
        if len(names) > 1:
            raise ValueError(
                f"give only one of {' and '.join(names)}: each of them defines the environment of the model"
            )
        if not isinstance(self.signature, (ModelSignature, bool, type(None))):
            raise TypeError(
                f"signature must be a ModelSignature, which infer_signature() returns, not {self.signature!r:.80}"
            )
        if self.metadata is not None and not isinstance(self.metadata, Mapping):
            raise TypeError(f"metadata must be a mapping, not {type(self.metadata).__name__}")


_NAMES = tuple(option.name for option in fields(Options) if option.name != "own")


def read_options(flavor: Flavor, arguments: Mapping[str, Any]) -> Options:
    """Read the options of a call.

    Raises:
        TypeError: There is no such option; the message names the most similar one.
        ValueError: The loader module cannot be found, or an option is given under both of its names.
    """
    known: dict[str, Any] = {}
    own: dict[str, Any] = {}
    for name, value in arguments.items():
        if name in ("code_path", "code_paths"):
            if value is not None and known.get("code_paths"):
                raise ValueError("give either code_paths or code_path, MLflow's older name for it, not both")
            known["code_paths"] = _several(value) or known.get("code_paths", ())
        elif name == "extra_files":
            known[name] = _several(value)
        elif name in _NAMES:
            known[name] = value
        elif name in flavor.save_options:
            own[name] = value
        elif name in WITHOUT_MEANING:
            if value is not None:
                warn_once(("log_model", name), f"log_model(): {name} has no effect in fitprint and is ignored")
        else:
            raise TypeError(f"{flavor.name}: there is no option {name!r}{_nearest(name, flavor)}")
    options = Options(**known, own=own)
    _refuse_same_names(options.code_paths)
    if options.loader_module is not None:
        check_loader(options.loader_module, options.code_paths)
    return options


def check_loader(name: str, code_paths: Files) -> None:
    """Import a loader module that is not among the code paths: it is copied if it is the user's own.

    Raises:
        ValueError: It is neither among the code paths nor importable.
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
            f"loader_module {name} is neither in code_paths nor importable: add it to code_paths"
        ) from None


def _refuse_same_names(code_paths: Files) -> None:
    """Raise ValueError if two code paths would have the same place in the package."""
    names: dict[str, str] = {}
    for path in [os.fspath(path) for path in code_paths]:
        name = os.path.basename(os.path.abspath(path))
        other = names.setdefault(name, path)
        if other != path:
            raise ValueError(f"code_paths has two with the name {name!r}, {other} and {path}: rename one of them")


def _several(value: Any) -> Files:
    """Return one path, or a list of them, as a sequence."""
    if value is None:
        return ()
    return (value,) if isinstance(value, (str, os.PathLike)) else tuple(value)


def _nearest(name: str, flavor: Flavor) -> str:
    known = [*_NAMES, "code_path", *flavor.save_options]
    close = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; the options are: {', '.join(known)}"


class Steps(Protocol):
    """How the steps are taken: each under the guard while recording, and without it if a user asked for the package."""

    def step(self, name: str) -> AbstractContextManager[Any]:
        """Surround one step."""

    def skip(self, what: str, rule: str, reason: str) -> None:
        """Keep a reason for what is left out."""


@dataclass(frozen=True)
class Subject:
    """What a package is made of."""

    flavor: Flavor
    model: Any
    options: Options = field(default_factory=Options)
    data: Callable[[], Any] = lambda: None
    """Returns the data that the signature is inferred from if none is given, or None."""
    example: Callable[[Any], Any] = lambda data: None
    """Returns, from that data, the input example if none is given, or None."""
    predicted: Callable[[], tuple[Any, Any] | None] = lambda: None
    """Returns data that the model has predicted, at the latest when `data` was called, and its predictions; or None."""
    run_id: str | None = None
    artifact_path: str | None = None
