"""Write and read a module in the layout of MLflow's pytorch flavor.

It is written in the form that MLflow 2 reads too: as a pickle, ``data/model.pth``. A package of MLflow 3 may instead
have ``data/model.pt2``, an exported program, which is only read.
"""

from __future__ import annotations

import importlib
import pickle
from collections.abc import Mapping
from inspect import Parameter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from torch import nn

from fitprint.plugin import (
    UNPICKLING_ERRORS,
    Package,
    PackageError,
    SaveContext,
    SavedModel,
    Unpickler,
    by_value_pickler,
    load_pickle,
    member,
)
from fitprint_pytorch import loader
from fitprint_pytorch._modules import plain_module

FOLDER = "data"
PICKLE, EXPORTED, PICKLE_MODULE = "model.pth", "model.pt2", "pickle_module_info.txt"
MLFLOW_PICKLE_MODULE = "mlflow.pytorch.pickle_module"
"""cloudpickle in the form that `torch.load` needs. Where there is no MLflow, the pickle is read as any other."""
FORMATS = ("pickle",)
_LOADER = loader.__name__
"""What loads modules with several inputs elsewhere, because MLflow's own loader gives a module one tensor only."""

_ANY_NUMBER = (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)


def save(model: nn.Module, package: Package, context: SaveContext) -> SavedModel:
    """Write a module. Its weights are on the CPU in the package, wherever they are.

    Args:
        model: The module. One that is compiled, or wrapped for training in several processes, is written as it is
            without that.
        package: The package to write into.
        context: The options of the call.

    Returns:
        The flavor's entry in MLmodel.

    Raises:
        ValueError: The option ``serialization_format`` names a form that is not written.
    """
    form = context.options.get("serialization_format") or FORMATS[0]
    if form not in FORMATS:
        raise ValueError(f"serialization_format has to be one of {', '.join(FORMATS)}, not {form!r}")
    module = plain_module(model)
    package.write(f"{FOLDER}/{PICKLE_MODULE}", MLFLOW_PICKLE_MODULE)
    if isinstance(module, torch.jit.ScriptModule):
        torch.jit.save(module, str(package.path(f"{FOLDER}/{PICKLE}")))
    else:
        _save_pickle(module, package)
    return SavedModel(
        keys={"model_data": FOLDER, "pytorch_version": str(torch.__version__)},
        pyfunc={"data": FOLDER, "pickle_module_name": MLFLOW_PICKLE_MODULE, "model_config": {"device": None}},
        loader_module=_LOADER if _needs_several(module) else None,
        loader_of_named_tensors=_LOADER,
        modules=("cloudpickle",),
    )


def _needs_several(module: nn.Module) -> bool:
    """Return whether a module cannot be called with one argument."""
    needed = [p for p in loader.parameters_of(module) if p.default is p.empty and p.kind not in _ANY_NUMBER]
    return len(needed) > 1


def _save_pickle(module: nn.Module, package: Package) -> None:
    with package.open(f"{FOLDER}/{PICKLE}") as file:
        writing = SimpleNamespace(__name__=MLFLOW_PICKLE_MODULE, Pickler=_pickler(file.modules))
        try:
            torch.save(module, file, pickle_module=writing)
        except RuntimeError as error:
            # of an error while the file is written, such as a full disk, PyTorch's writer makes one of its own
            raise error.__context__ or error from None


def _pickler(modules: set[str]) -> type[pickle.Pickler]:
    """Return a class of picklers for `torch.save`, which derives from it to have each storage of weights written.

    Where a storage is on a GPU, `torch.save` copies it to the CPU when it is written, but notes the GPU as the place to
    load it to. The place that is noted here is always the CPU, so that the package loads on any machine; and no second
    copy of the weights is in memory.
    """

    class ToCPU(by_value_pickler(modules)):  # type: ignore[misc]
        def __init_subclass__(cls) -> None:
            note_storage = cls.persistent_id

            def persistent_id(pickler: Any, obj: Any) -> Any:
                noted = note_storage(pickler, obj)
                if isinstance(noted, tuple) and noted[0] == "storage":
                    kind, storage_type, key, _, size = noted
                    return kind, storage_type, key, "cpu", size
                return noted

            cls.persistent_id = persistent_id

    return ToCPU


def load(folder: Path, config: Mapping[str, Any]) -> nn.Module:
    """Read a module that fitprint or MLflow has written, in evaluation mode and on the CPU.

    Args:
        folder: The folder of the package.
        config: The flavor's entry in MLmodel.

    Raises:
        PackageError: The files are missing or damaged.
    """
    data = member(folder, config.get("model_data", FOLDER))
    path = next((data / name for name in (PICKLE, EXPORTED) if (data / name).is_file()), None)
    if path is None:
        raise PackageError(f"{data} holds neither {PICKLE} nor {EXPORTED}")
    try:
        if path.name == EXPORTED:
            return torch.export.load(path).module()  # its mode is that of the time when it was exported
        loaded = _load_pickle(path, data / PICKLE_MODULE)
    except (*UNPICKLING_ERRORS, RuntimeError) as error:
        message = " ".join(str(error).split())[:500]
        raise PackageError(f"{path} cannot be loaded: {type(error).__name__}: {message}") from error
    if not isinstance(loaded, nn.Module):
        raise PackageError(f"{path} holds a {type(loaded).__name__} and no module of torch.nn")
    return loaded.eval()


def _load_pickle(path: Path, named: Path) -> Any:
    if _is_torchscript(path):
        return torch.jit.load(str(path), map_location="cpu")
    return torch.load(path, map_location="cpu", pickle_module=_reading(named), weights_only=False)


def _is_torchscript(path: Path) -> bool:
    """Return whether a file is an archive of `torch.jit.save`, which has code in it."""
    reader = torch._C.PyTorchFileReader(str(path))
    return "constants.pkl" in reader.get_all_records()


def _reading(named: Path) -> Any:
    """Return what takes the part of a pickle module for `torch.load`."""
    name = named.read_text("utf-8").strip() if named.is_file() else MLFLOW_PICKLE_MODULE
    if name.partition(".")[0] in ("mlflow", "cloudpickle", "pickle"):
        return SimpleNamespace(__name__=name, Unpickler=Unpickler, load=load_pickle)
    return importlib.import_module(name)


def size(model: nn.Module) -> int:
    """Estimate the bytes that `save` writes: those of the weights and buffers, each storage once."""
    module = plain_module(model)
    storages = {}
    for tensor in (*module.parameters(), *module.buffers()):
        if not nn.parameter.is_lazy(tensor) and tensor.layout is torch.strided:
            storage = tensor.untyped_storage()
            storages[storage._cdata] = storage.nbytes()
    return sum(storages.values())
