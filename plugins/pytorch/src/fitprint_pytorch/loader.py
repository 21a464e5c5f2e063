"""Loads a module with named inputs where only PyTorch is installed: fitprint copies this file into its package."""

import inspect
import itertools
import os
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import torch


def _load_pyfunc(path: str, model_config: Any = None) -> "_Predictor":
    """Return an object with `predict` for the module in a folder, on the device that MLflow's own loader chooses."""
    device = (model_config or {}).get("device") or os.environ.get("MLFLOW_DEFAULT_PREDICTION_DEVICE")
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    module = torch.load(os.path.join(path, "model.pth"), map_location=device, weights_only=False)
    return _Predictor(module.to(device).eval())


class _Predictor:
    def __init__(self, module: Any) -> None:
        self.module = module

    def predict(self, data: Any, params: Any = None) -> Any:
        return predict(self.module, data, params)


def predict(module: Any, data: Any, params: Any = None) -> Any:
    """Predict with a module in evaluation mode, without gradients.

    Args:
        module: The module.
        data: A DataFrame, whose columns become one float32 tensor, or an array or a tensor, whose dtype stays; or a
            dict of these by the names of the inputs, see `call`.
        params: Keyword arguments of the module's ``forward``.

    Returns:
        An array, or for a DataFrame another one with the same index.

    Raises:
        TypeError: The data is something else, or the module returns something else than one tensor.
    """
    device = device_of(module)
    with torch.no_grad():
        if isinstance(data, Mapping):
            named = {str(name): _tensor(part).to(device) for name, part in data.items()}
            predicted = call(module, named, params or {})
        else:
            predicted = module(_tensor(data).to(device), **(params or {}))
    if not isinstance(predicted, torch.Tensor):
        raise TypeError(f"a package of PyTorch predicts one tensor, and the model returns a {type(predicted).__name__}")
    values = predicted.detach().cpu().numpy()
    return pd.DataFrame(values, index=data.index) if isinstance(data, pd.DataFrame) else values


def call(module: Any, named: Mapping[str, torch.Tensor], params: Mapping[str, Any]) -> Any:
    """Call a module with several tensors, as its ``forward`` takes them.

    Args:
        module: The module.
        named: The tensors: by the names of the arguments; by ``0``, ``1`` and so on if it takes them by position or in
            a tuple; or by the keys of the one dict that it takes.
        params: Further keyword arguments.
    """
    parameters = parameters_of(module)
    names = {p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)}
    takes_others = any(p.kind is p.VAR_KEYWORD for p in parameters)
    required = {p.name for p in parameters if p.name in names and p.default is p.empty}
    if set(named) <= names or not parameters or (takes_others and required <= set(named)):
        return module(**named, **params)
    if set(named) != {str(position) for position in range(len(named))}:
        return module(dict(named), **params)
    in_order = tuple(named[str(position)] for position in range(len(named)))
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return module(*in_order, **params)
    return module(in_order, **params)


def parameters_of(module: Any) -> list[inspect.Parameter]:
    """Return the parameters of a module's ``forward``; none where they are not known, as for TorchScript."""
    try:
        return list(inspect.signature(module.forward).parameters.values())
    except (TypeError, ValueError):
        return []


def device_of(module: Any) -> torch.device:
    """Return the device of a module's weights."""
    tensor = next(itertools.chain(module.parameters(), module.buffers()), None)
    return tensor.device if tensor is not None else torch.device("cpu")


def _tensor(data: Any) -> torch.Tensor:
    if isinstance(data, torch.Tensor):
        return data
    if isinstance(data, pd.DataFrame):
        data = data.to_numpy(dtype=np.float32)
    if isinstance(data, np.ndarray):
        return torch.from_numpy(np.array(data))  # a copy: an array may be read-only, which a tensor cannot be
    raise TypeError(
        f"a package of PyTorch predicts on a DataFrame, an array or a tensor, not on a {type(data).__name__}"
    )
