"""Predicts with a network of PaddlePaddle. fitprint copies this file into packages that MLflow's loader cannot predict.

MLflow's loader removes every axis of length 1 from the inputs, takes one input, and needs one output with at most two
axes. For such networks this loader predicts the same as MLflow's; it also takes the others.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import paddle
import pandas as pd

PREFIX = "model"
"""What the names of the network's files begin with."""


def _load_pyfunc(path: str) -> _Predictor:
    """Return an object with ``predict`` from the folder of a package."""
    return _Predictor(paddle.jit.load(os.path.join(path, PREFIX)))


class _Predictor:
    def __init__(self, layer: Any) -> None:
        self._layer = layer

    def predict(self, data: Any, params: Any = None) -> Any:
        self._layer.eval()
        return predict(self._layer, [spec.name for spec in self._layer._input_spec()], data)


def predict(layer: Any, names: list[str], data: Any) -> Any:
    """Predict with a network.

    Args:
        layer: The network, in evaluation mode.
        names: The names of its inputs.
        data: A DataFrame or an array, or a mapping from the names of the inputs to arrays.

    Returns:
        A DataFrame for one output with at most two axes, an array for one with more, and a dict of arrays for several.

    Raises:
        TypeError: The data is of another kind.
    """
    if isinstance(data, pd.DataFrame):
        inputs = [data.to_numpy().astype(np.float32)]
    elif isinstance(data, np.ndarray):
        inputs = [data]
    elif isinstance(data, dict):
        inputs = [np.asarray(data[name]) for name in names]
    else:
        raise TypeError(
            f"a network predicts on a DataFrame, an array or a dict of arrays, not on {type(data).__name__}"
        )
    with paddle.no_grad():
        predicted = layer(*(paddle.to_tensor(values) for values in inputs))
    outputs = [tensor.numpy() for tensor in paddle.utils.flatten(predicted)]
    if len(outputs) > 1:
        return {f"output_{position}": values for position, values in enumerate(outputs)}
    return pd.DataFrame(outputs[0]) if outputs[0].ndim <= 2 else outputs[0]
