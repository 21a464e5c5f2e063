"""What is known about a pipeline and its training: params, and the files that contain all of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fitprint.plugin import TrainingCall

_LISTS_OF_STEP = ("exclude", "annotates")
_OF_OPTIMIZER = ("learn_rate", "L2", "grad_clip", "b1", "b2", "use_averages")


def of_pipeline(nlp: Any) -> dict[str, Any]:
    """Return the language, the components, and the vectors that they may use."""
    vectors = nlp.vocab.vectors
    return {
        "lang": nlp.lang,
        "pipeline": list(nlp.pipe_names),
        "trainable": [name for name, pipe in nlp.pipeline if getattr(pipe, "is_trainable", False)],
        "vectors.name": vectors.name,
        "vectors.rows": int(vectors.shape[0]),
        "vectors.width": int(vectors.shape[1]),
        **_architectures(nlp.config.get("components", {})),
    }


def of_training(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of ``[training]``, with dots between the names of sections and settings."""
    return dict(_flat("training", config.get("training", {})))


def of_step(call: TrainingCall) -> dict[str, Any]:
    """Return those arguments of the first step that say how it trains."""
    params: dict[str, Any] = {"drop": call.argument("drop", 0.0)}
    for name in _LISTS_OF_STEP:
        if call.argument(name):
            params[name] = list(call.argument(name))
    if call.argument("component_cfg"):
        params["component_cfg"] = call.argument("component_cfg")
    optimizer = call.argument("sgd")
    if optimizer is not None:
        call.cache["optimizer"] = True
        params.update(of_optimizer(optimizer))
    return params


def of_optimizer(optimizer: Any) -> dict[str, Any]:
    """Return the class and settings of an optimizer; for a setting with a schedule, its current value."""
    if not optimizer:  # False means that there is none
        return {}
    params: dict[str, Any] = {"optimizer": type(optimizer).__name__}
    for name in _OF_OPTIMIZER:
        value = getattr(optimizer, name, None)
        if isinstance(value, (bool, int, float)):
            params[f"optimizer.{name}"] = value
    return params


def files(nlp: Any) -> dict[str, Any]:
    """Return the whole configuration, and the pipeline's description of itself."""
    return {"config.cfg": nlp.config.to_str(), "meta.json": _plain(nlp.meta)}


def _architectures(components: Mapping[str, Any]) -> dict[str, Any]:
    params = {}
    for name, settings in components.items():
        factory = settings.get("factory") or settings.get("source")
        if factory is not None:
            params[f"components.{name}.factory"] = factory
        model = settings.get("model")
        if isinstance(model, Mapping) and "@architectures" in model:
            params[f"components.{name}.model"] = model["@architectures"]
    return params


def _flat(name: str, value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, Mapping) and value:
        return [pair for key, inner in value.items() for pair in _flat(f"{name}.{key}", inner)]
    return [(name, value)]


def _plain(value: Any) -> Any:
    """Return a value without NumPy's numbers, which are among the scores that spaCy keeps in a pipeline's meta."""
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    return value.item() if hasattr(value, "item") else value
