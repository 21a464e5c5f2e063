"""Write and read a learner as ``learn.export`` does, without a change to the user's own one."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from types import FunctionType, SimpleNamespace
from typing import Any

import cloudpickle
import fastai
import torch
from fastai.callback.core import Callback

from fitprint.plugin import UNPICKLING_ERRORS, Listener, Package, PackageError, SavedModel, member

FILE = "model.fastai"
_PROTOCOL = 2
_OF_ONE_BATCH = {"dl": None, "xb": (None,), "yb": (None,), "pred": None, "loss": None, "opt": None}
"""What `learn.export` clears before it writes a learner, and the values that it gets."""
_BROKEN = (*UNPICKLING_ERRORS, RuntimeError, NameError, zipfile.BadZipFile)
"""What reading a damaged file raises. fastai itself raises a NameError where an import has failed."""


def save(learner: Any, package: Package) -> SavedModel:
    """Write a learner: with its transforms, but without its data and the state of its optimizer.

    Args:
        learner: The learner.
        package: The package to write into.

    Returns:
        The flavor's entry in MLmodel, which is the one that MLflow wrote.
    """
    with package.open(FILE) as file:
        writing = SimpleNamespace(__name__="cloudpickle", Pickler=_pickler(learner, file.modules))
        torch.save(learner, file, pickle_module=writing, pickle_protocol=_PROTOCOL)
        file.modules.add("cloudpickle")
    return SavedModel({"data": FILE, "fastai_version": fastai.__version__})


def load(folder: Path, config: Mapping[str, Any]) -> Any:
    """Read a learner that fitprint or MLflow has written, onto the CPU.

    Args:
        folder: The folder of the package.
        config: The flavor's entry in MLmodel.

    Raises:
        PackageError: The file is missing or damaged.
    """
    from fastai.learner import load_learner

    path = member(folder, config.get("data", FILE))
    try:
        return load_learner(path, cpu=True)
    except _BROKEN as error:
        message = " ".join(str(error).split())[:500]
        raise PackageError(f"{path} cannot be loaded: {type(error).__name__}: {message}") from error


def load_weights(path: Path, learner: Any) -> Any:
    """Return a learner with the weights that ``learn.save`` has written.

    Args:
        path: The file.
        learner: A learner of the same architecture, which gets the weights.

    Raises:
        PackageError: There is no such learner, or the weights are others than those of its model.
    """
    if learner is None:
        raise PackageError(f"{path} has weights alone: give a learner, or a package of one, to load them into")
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        learner.model.load_state_dict(state["model"] if set(state) == {"model", "opt"} else state)
    except _BROKEN as error:
        message = " ".join(str(error).split())[:500]
        raise PackageError(f"{path} cannot be loaded: {type(error).__name__}: {message}") from error
    return learner


def _without_data(loaders: Any) -> Any:
    """Return data loaders without their data, which may also be a plain list, although fastai cannot export one."""
    if all(hasattr(loader.dataset, "new_empty") for loader in loaders.loaders):
        return loaders.new_empty()
    return type(loaders)(*(loader.new([]) for loader in loaders.loaders), path=loaders.path, device=loaders.device)


def _pickler(learner: Any, modules: set[str]) -> type[Any]:
    """Return the class of picklers that writes a learner as `learn.export` leaves it, wherever something refers to it.

    Args:
        learner: The learner.
        modules: Gets the modules that the stream names.
    """
    empty = _without_data(learner.dls)

    class Exporting(cloudpickle.Pickler):  # type: ignore[misc]
        def reducer_override(self, obj: Any) -> Any:
            if obj is learner:
                function, arguments, state, *more = obj.__reduce_ex__(_PROTOCOL)
                modules.add(type(obj).__module__)
                return function, arguments, {**state, **_OF_ONE_BATCH, "dls": empty}, *more
            if isinstance(obj, Listener):
                return Callback, ()  # a reader of the package needs nothing of fitprint
            named = obj if isinstance(obj, (type, FunctionType)) else type(obj)
            module = getattr(named, "__module__", None)
            if module and module != "__main__" and "<locals>" not in getattr(named, "__qualname__", ""):
                modules.add(module)
            return super().reducer_override(obj)

    return Exporting
