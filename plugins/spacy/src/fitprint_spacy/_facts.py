"""What is known of a pipeline and its training: params, and the files that say all of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fitprint.plugin import TrainingCall

_NAMES_OF_STEP = ("exclude", "annotates")
_OF_OPTIMIZER = ("learn_rate", "L2", "grad_clip", "b1", "b2", "use_averages")


def of_pipeline(nlp: Any) -> dict[str, Any]:
    """Language, components, and the vectors that they may use."""
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
    """The settings of ``[training]``, with dots between the names of sections and settings."""
    return dict(_flat("training", config.get("training", {})))


def of_step(call: TrainingCall) -> dict[str, Any]:
    """The arguments of a step that say how it trains, of the first step."""
    found: dict[str, Any] = {"drop": call.argument("drop", 0.0)}
    for name in _NAMES_OF_STEP:
        if call.argument(name):
            found[name] = list(call.argument(name))
    if call.argument("component_cfg"):
        found["component_cfg"] = call.argument("component_cfg")
    optimizer = call.argument("sgd")
    if optimizer is not None:
        call.cache["optimizer"] = True
        found.update(of_optimizer(optimizer))
    return found


def of_optimizer(optimizer: Any) -> dict[str, Any]:
    """Class and settings of an optimizer; of a setting with a schedule, its value of now."""
    if not optimizer:  # False stands for none
        return {}
    found: dict[str, Any] = {"optimizer": type(optimizer).__name__}
    for name in _OF_OPTIMIZER:
        value = getattr(optimizer, name, None)
        if isinstance(value, (bool, int, float)):
            found[f"optimizer.{name}"] = value
    return found


def files(nlp: Any) -> dict[str, Any]:
    """The whole configuration and what the pipeline says of itself."""
    return {"config.cfg": nlp.config.to_str(), "meta.json": _plain(nlp.meta)}


def _architectures(components: Mapping[str, Any]) -> dict[str, Any]:
    found = {}
    for name, settings in components.items():
        factory = settings.get("factory") or settings.get("source")
        if factory is not None:
            found[f"components.{name}.factory"] = factory
        model = settings.get("model")
        if isinstance(model, Mapping) and "@architectures" in model:
            found[f"components.{name}.model"] = model["@architectures"]
    return found


def _flat(name: str, value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, Mapping) and value:
        return [pair for key, each in value.items() for pair in _flat(f"{name}.{key}", each)]
    return [(name, value)]


def _plain(value: Any) -> Any:
    """Numbers of numpy are among the scores that spaCy keeps in a pipeline's meta."""
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    return value.item() if hasattr(value, "item") else value
