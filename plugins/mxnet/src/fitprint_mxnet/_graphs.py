"""From a trained network to its graph for predictions, and its parameters on the CPU."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import mxnet as mx

_LABELLED: Mapping[str, Callable[[Any, Mapping[str, Any]], Any]] = {
    "SoftmaxOutput": lambda scores, options: mx.sym.softmax(
        scores, axis=1 if _is_true(options, "multi_output") else -1
    ),
    "LinearRegressionOutput": lambda scores, _: mx.sym.identity(scores),
    "MAERegressionOutput": lambda scores, _: mx.sym.identity(scores),
    "LogisticRegressionOutput": lambda scores, _: mx.sym.sigmoid(scores),
}
"""The layers at the end of a module that take labels, and what they compute in a prediction."""


class Graph(NamedTuple):
    """What a network computes."""

    symbol: Any
    names: list[str]
    """The names of its inputs, in their order."""
    params: dict[str, Any]
    """Its parameters by name, those of the arguments with `arg:` before the name, the others with `aux:`."""


def graph_of(model: Any) -> Graph:
    """Return the graph of a network or module without changing it: a network need not be hybridized.

    Args:
        model: A ``HybridBlock`` or a ``Module``.

    Raises:
        ValueError: It has no graph, or one that a package cannot contain.
    """
    if mx.util.is_np_array():
        raise ValueError("networks that compute with mx.np arrays cannot be saved: call mx.npx.reset_np() first")
    if isinstance(model, mx.mod.Module):
        return _graph_of_module(model)
    if not isinstance(model, mx.gluon.HybridBlock):
        raise ValueError(f"{type(model).__name__} has no graph: only a HybridBlock or an mx.mod.Module can be saved")
    inputs, symbol = model._cached_graph or _traced(model)
    params = {}
    auxiliary = set(symbol.list_auxiliary_states())
    needed = set(symbol.list_inputs())
    for name, parameter in model.collect_params().items():
        if name in needed:
            params[f"{'aux' if name in auxiliary else 'arg'}:{name}"] = _on_cpu(parameter)
    return Graph(symbol, [variable.name for variable in inputs], params)


def _on_cpu(parameter: Any) -> Any:
    """Return the values of a parameter on the CPU: no copy where they are there alone, else the mean of all devices."""
    [*devices] = parameter.list_ctx()
    return parameter.data() if devices == [mx.cpu()] and parameter._stype == "default" else parameter._reduce()


def _traced(block: Any) -> tuple[list[Any], Any]:
    """Return the inputs and the graph of a network that is not hybridized, named as MXNet's own export names them."""
    count = _count_of_inputs(block)
    inputs = [mx.sym.var(f"data{position}" if count > 1 else "data") for position in range(count)]
    scopes = [(scope, scope._old_scope) for scope in _scopes(block)]
    with mx.name.NameManager():  # so that the names that are made later in the program stay the same
        traced = block.forward(*inputs)
    for scope, before in scopes:
        scope._old_scope = before
    outputs = _flat(traced)
    return inputs, outputs[0] if len(outputs) == 1 else mx.sym.Group(outputs)


def _scopes(block: Any) -> Iterator[Any]:
    """Yield the scopes of a network and of all that is in it: each remembers the one in which it was last entered."""
    yield block._scope
    for child in block._children.values():
        yield from _scopes(child)


def _count_of_inputs(block: Any) -> int:
    is_hybrid = type(block).forward is mx.gluon.HybridBlock.forward
    parameters = list(inspect.signature(block.hybrid_forward if is_hybrid else block.forward).parameters.values())
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    names = [
        parameter.name
        for parameter in parameters[1 if is_hybrid else 0 :]
        if parameter.kind in positional and parameter.default is inspect.Parameter.empty
    ]
    return max(1, len([name for name in names if name not in block._reg_params]))


def _graph_of_module(module: Any) -> Graph:
    arguments, auxiliary = module.get_params()
    symbol = _without_labels(module.symbol)
    needed = set(symbol.list_inputs())
    params = {f"arg:{name}": value for name, value in arguments.items() if name in needed}
    params.update({f"aux:{name}": value for name, value in auxiliary.items() if name in needed})
    unknown = sorted(needed - {name.partition(":")[2] for name in params} - {*module.data_names})
    if unknown:
        raise ValueError(f"the graph needs {', '.join(unknown)}, which is neither data nor a parameter")
    return Graph(symbol, sorted(module.data_names), params)


def _without_labels(symbol: Any) -> Any:
    """Return a graph whose outputs do not need labels."""
    graph = json.loads(symbol.tojson())
    internals = symbol.get_internals()
    outputs = []
    for output, (node, *_) in zip(symbol, graph["heads"], strict=True):
        about = graph["nodes"][node]
        convert = _LABELLED.get(about["op"])
        if convert is None:
            outputs.append(output)
            continue
        before, index, *_ = about["inputs"][0]
        scores = _internal(internals, graph["nodes"], before, index)
        with mx.name.NameManager():
            outputs.append(convert(scores, about.get("attrs", {})))
    return outputs[0] if len(outputs) == 1 else mx.sym.Group(outputs)


def _internal(internals: Any, nodes: list[dict[str, Any]], node: int, index: int) -> Any:
    """Return an output of a node of the graph."""
    name = nodes[node]["name"]
    if nodes[node]["op"] == "null":
        return internals[name]
    names = [known for known in internals.list_outputs() if known.startswith(f"{name}_")]
    return internals[f"{name}_output" if f"{name}_output" in names else names[index]]


def _is_true(options: Mapping[str, Any], name: str) -> bool:
    return str(options.get(name)) in ("True", "1", "true")


def _flat(outputs: Any) -> list[Any]:
    if isinstance(outputs, (list, tuple)):
        return [symbol for part in outputs for symbol in _flat(part)]
    return [outputs]
