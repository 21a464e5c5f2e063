"""Loads a network of MXNet, and predicts with it. fitprint copies this file into every package of such a network.

The files are those that MLflow's gluon flavor wrote until it was removed.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import mxnet as mx
import numpy as np
import pandas as pd

SYMBOL, PARAMS = "data/net-symbol.json", "data/net-0000.params"


def _load_pyfunc(path: str) -> _Predictor:
    """Return an object with ``predict`` from the folder of a package."""
    return _Predictor(load(path))


class _Predictor:
    def __init__(self, block: Any) -> None:
        self._block = block

    def predict(self, data: Any, params: Any = None) -> Any:
        return predict(self._block, input_names(self._block), data)


def load(path: str) -> Any:
    """Return the network of a package as a ``SymbolBlock``, on the current device.

    Args:
        path: The folder of the package.
    """
    params = os.path.join(path, *PARAMS.split("/"))
    symbol = mx.sym.load(os.path.join(path, *SYMBOL.split("/")))
    known = {name.partition(":")[2] for name in mx.nd.load(params)}
    names = sorted(name for name in symbol.list_inputs() if name not in known)
    block = mx.gluon.SymbolBlock(symbol, [mx.sym.var(name, dtype="float32") for name in names])
    block.collect_params().load(params, mx.current_context(), cast_dtype=True, dtype_source="saved")
    return block


def input_names(block: Any) -> list[str]:
    """Return the names of the inputs of a ``SymbolBlock``."""
    return [variable.name for variable in block._cached_graph[0]]


def predict(compute: Callable[..., Any], names: list[str], data: Any) -> Any:
    """Predict with a network.

    Args:
        compute: A function of arrays of MXNet.
        names: The names of its inputs.
        data: A DataFrame or an array, or a mapping from the names of the inputs to arrays.

    Returns:
        A DataFrame for a DataFrame, else an array; for several outputs a dict of arrays.

    Raises:
        TypeError: The data is of another kind.
    """
    if isinstance(data, pd.DataFrame):
        inputs = [data.to_numpy()]
    elif isinstance(data, np.ndarray):
        inputs = [data]
    elif isinstance(data, dict):
        inputs = [np.asarray(data[name]) for name in names]
    else:
        raise TypeError(
            f"a network predicts on a DataFrame, an array or a dict of arrays, not on {type(data).__name__}"
        )
    predicted = compute(*(mx.nd.array(values, dtype=_dtype(values)) for values in inputs))
    outputs = [array.asnumpy() for array in _flat(predicted)]
    if len(outputs) > 1:
        return {f"output_{position}": values for position, values in enumerate(outputs)}
    return pd.DataFrame(outputs[0], index=data.index) if isinstance(data, pd.DataFrame) else outputs[0]


def _dtype(values: Any) -> Any:
    """Return the dtype in which MXNet gets values: networks compute in single precision."""
    return np.float32 if values.dtype in (np.float64, object) else values.dtype


def _flat(predicted: Any) -> list[Any]:
    if isinstance(predicted, (list, tuple)):
        return [array for part in predicted for array in _flat(part)]
    return [predicted]
