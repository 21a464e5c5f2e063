"""Write and read a network in the layout of MLflow's former gluon flavor."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import mxnet as mx
import numpy as np

from fitprint.plugin import Package, PackageError, SaveContext, SavedModel, member
from fitprint_mxnet import _graphs, loader


def save(model: Any, package: Package, context: SaveContext) -> SavedModel:
    """Write the graph of a network and its parameters.

    Args:
        model: A ``HybridBlock`` or a ``Module``.
        package: The package to write into.
        context: The options of the call.

    Returns:
        The flavor's entry in MLmodel.

    Raises:
        ValueError: The model has no graph.
    """
    graph = _graphs.graph_of(model)
    graph.symbol.save(str(package.path(loader.SYMBOL)))
    mx.nd.save(str(package.path(loader.PARAMS)), graph.params)
    return SavedModel(keys={"mxnet_version": mx.__version__}, pyfunc={})


def load(folder: Path, config: Mapping[str, Any]) -> Any:
    """Read a network that fitprint or MLflow 1 has written.

    Args:
        folder: The folder of the package.
        config: The flavor's entry in MLmodel.

    Raises:
        PackageError: A file is missing or damaged.
    """
    for name in (loader.SYMBOL, loader.PARAMS):
        member(folder, name)
    try:
        return loader.load(str(folder))
    except (mx.base.MXNetError, ValueError, AssertionError, RuntimeError, TypeError, KeyError) as error:
        message = " ".join(str(error).split())
        raise PackageError(f"{folder / 'data'} cannot be loaded: {type(error).__name__}: {message[:300]}") from error


def predict(model: Any, data: Any) -> Any:
    """Predict as the package does.

    Args:
        model: A block, or a module, which keeps the outputs and the batch size that it has.
        data: What `loader.predict` takes.
    """
    if isinstance(model, mx.gluon.SymbolBlock):
        return loader.predict(model, loader.input_names(model), data)
    if isinstance(model, mx.gluon.Block):
        return loader.predict(model, [f"data{position}" for position in range(len(data))], data)
    graph = _graphs.graph_of(model)
    params = {name.partition(":")[2]: value for name, value in graph.params.items()}
    names = graph.symbol.list_inputs()
    operator = mx.nd.CachedOp(graph.symbol)

    def compute(*inputs: Any) -> Any:
        values = {**params, **dict(zip(graph.names, inputs, strict=True))}
        return operator(*(values[name] for name in names))

    return loader.predict(compute, graph.names, data)


def size(model: Any) -> int | None:
    """Return the bytes of the parameters; None of a module that has none yet."""
    if isinstance(model, mx.gluon.Block):
        shapes: list[tuple[tuple[int, ...], Any]] = [
            (one.shape, one.dtype) for one in model.collect_params().values() if one.shape
        ]
    elif getattr(model, "params_initialized", False):
        shapes = [(array.shape, array.dtype) for part in model.get_params() for array in part.values()]
    else:
        return None
    return sum(math.prod(shape) * int(np.dtype(dtype).itemsize) for shape, dtype in shapes)
