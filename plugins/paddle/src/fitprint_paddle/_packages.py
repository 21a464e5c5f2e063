"""Write and read a network as ``paddle.jit.save`` does, in the layout of MLflow's paddle flavor."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import paddle
from paddle.static import InputSpec

from fitprint.plugin import UNPICKLING_ERRORS, Package, PackageError, SaveContext, SavedModel, member, quietly
from fitprint_paddle._threads import REASON, other_thread
from fitprint_paddle.loader import PREFIX

_MLFLOW = "mlflow.paddle"
_MLFLOW_AXES = 2
_PROGRAMS = (".json", ".pdmodel")
"""What the file with the network ends in: in PaddlePaddle 3, and before."""


def save(model: Any, package: Package, context: SaveContext) -> SavedModel:
    """Write a network for predictions. The axis of the batch is left open.

    Args:
        model: A ``paddle.Model`` or a ``paddle.nn.Layer``.
        package: The package to write into.
        context: The options of the call.

    Returns:
        The flavor's entry in MLmodel.

    Raises:
        ValueError: The shapes of the inputs are not known, the network is in a static graph, or another thread may
            be computing.
    """
    if name := other_thread():
        raise ValueError(REASON.format(name=name))
    if not paddle.in_dynamic_mode():
        raise ValueError("only networks in dynamic mode can be saved: call paddle.disable_static() before the training")
    network = network_of(model)
    specs = list(context.options.get("input_spec") or ()) or input_specs(model)
    program, _ = package.path(f"{PREFIX}.json"), package.path(f"{PREFIX}.pdiparams")
    with quietly(), evaluating(network):
        paddle.jit.save(network, str(program.with_suffix("")), input_spec=specs or None)
    return SavedModel(
        keys={"pickled_model": PREFIX, "paddle_version": paddle.__version__},
        pyfunc={"model_path": PREFIX},
        loader_module=_MLFLOW if _mlflow_predicts(program) else None,
    )


def network_of(model: Any) -> paddle.nn.Layer:
    """Return the network of a model, which may be a network itself."""
    network = model.network if isinstance(model, paddle.Model) else model
    return network._layers if isinstance(network, paddle.DataParallel) else network


def input_specs(model: Any) -> list[InputSpec]:
    """Return the inputs of a model with an open first axis: those that the user has declared, else those it was given.

    Args:
        model: A ``paddle.Model``, or a network. The inputs of a network are known if it is a loaded one, or if
            ``paddle.jit.to_static`` has declared them, which is the case of an empty list.

    Raises:
        ValueError: They are not known.
    """
    if isinstance(model, paddle.Model):
        if model._input_info is None:
            raise ValueError(
                "the shapes of the inputs are not known: train the model first, or declare them, as in"
                " paddle.Model(network, inputs=[paddle.static.InputSpec([None, 4], 'float32', 'x')])"
            )
        return [InputSpec(_open(spec.shape), spec.dtype, spec.name) for spec in model._inputs]
    if hasattr(model, "_input_spec"):
        return list(model._input_spec())
    if getattr(model.forward, "_input_spec", None):
        return []
    raise ValueError(
        "the shapes of the inputs are not known: pass input_spec=[paddle.static.InputSpec([None, 4], 'float32', 'x')]"
    )


def _open(shape: Sequence[int]) -> list[int | None]:
    return [None, *(length if length is not None and length >= 0 else None for length in shape[1:])]


@contextmanager
def evaluating(network: paddle.nn.Layer) -> Iterator[None]:
    """Put a network into evaluation mode, and afterwards all layers in it back into the modes that they had.

    So is what PaddlePaddle notes in a layer when it is called under a hook, or when its graph is made.
    """
    layers = network.sublayers(include_self=True)
    states = [(layer.training, layer._built, dict(layer._original_funcs)) for layer in layers]
    network.eval()
    try:
        yield
    finally:
        for layer, (training, built, originals) in zip(layers, states, strict=True):
            layer.training, layer._built = training, built
            layer._original_funcs.clear()
            layer._original_funcs.update(originals)


def _mlflow_predicts(program_file: Path) -> bool:
    """Return whether MLflow's own loader predicts right with a network.

    It takes one input, from which it removes every axis of length 1, and one output with at most two axes. For any
    other network, the loader of this plugin is copied into the package.

    Args:
        program_file: The file with the network.
    """
    program = _program(program_file)  # has to live as long as its operations are used
    operations = program.global_block().ops
    inputs = [op.result(0).shape for op in operations if op.name() in ("pd_op.data", "pd_op.feed")]
    outputs = [op.operand_source(0).shape for op in operations if op.name() == "pd_op.fetch"]
    if len(inputs) != 1 or len(outputs) != 1:
        return False
    return len(inputs[0]) > 1 and 1 not in inputs[0][1:] and len(outputs[0]) <= _MLFLOW_AXES


def _program(file: Path) -> paddle.static.Program:
    program = paddle.static.Program()
    paddle.base.core.deserialize_pir_program(str(file), program)
    return program


def _has_parameters(file: Path) -> bool:
    program = _program(file)
    return any(operation.name() == "builtin.parameter" for operation in program.global_block().ops)


def load(folder: Path, config: Mapping[str, Any]) -> Any:
    """Read a network that fitprint or MLflow has written.

    Args:
        folder: The folder of the package.
        config: The flavor's entry in MLmodel.

    Raises:
        PackageError: There is no network, or it is damaged.
    """
    prefix = str(config.get("pickled_model") or config.get("model_path") or PREFIX)
    if (folder / f"{prefix}.pdparams").exists():
        raise PackageError(
            f"{folder} has weights without a network, as MLflow writes them with training=True:"
            f" read them with load({prefix!r}) of a paddle.Model"
        )
    is_program = (folder / f"{prefix}{_PROGRAMS[0]}").exists()
    program = member(folder, prefix + _PROGRAMS[0 if is_program else 1])
    has_weights = (folder / f"{prefix}.pdiparams").exists()
    try:
        if is_program and not has_weights and _has_parameters(program):
            raise PackageError(f"{folder}: the file {prefix}.pdiparams with the weights is missing")
        layer = paddle.jit.load(str(program.with_suffix("")))
    except (RuntimeError, KeyError, OSError, *UNPICKLING_ERRORS) as error:
        message = " ".join(str(error).split())
        raise PackageError(f"{program} cannot be loaded: {type(error).__name__}: {message[:300]}") from error
    layer.eval()
    return layer


def size(model: Any) -> int:
    """Return the bytes of the parameters and buffers; the description of the network is small beside them."""
    return sum(int(tensor.size) * int(tensor.element_size()) for tensor in network_of(model).state_dict().values())
