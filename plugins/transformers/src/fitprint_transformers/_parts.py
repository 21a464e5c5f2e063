"""What a package of a model consists of: the model itself, and what prepares its inputs, such as a tokenizer."""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from transformers import (
    FeatureExtractionMixin,
    Pipeline,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    ProcessorMixin,
    Trainer,
)
from transformers.image_processing_utils import BaseImageProcessor

from fitprint_transformers import _tasks

KINDS: Mapping[str, type] = {
    "tokenizer": PreTrainedTokenizerBase,
    "image_processor": BaseImageProcessor,
    "feature_extractor": FeatureExtractionMixin,
    "processor": ProcessorMixin,
}
"""The components of a package, by the names that MLflow gives them. An image processor may be a feature extractor."""


@dataclass(frozen=True)
class Parts:
    """The parts of a package."""

    model: Any
    components: Mapping[str, Any] = field(default_factory=dict)
    """What prepares the inputs, by its name in `KINDS`."""
    task: str | None = None
    """The task of the pipeline that predicts; None if it cannot be told."""


class Preparing:
    """Remembers which tokenizer or processor a trainer had for its model, without keeping either alive."""

    def __init__(self) -> None:
        """Remember nothing yet."""
        self._of_model: weakref.WeakKeyDictionary[Any, weakref.ref[Any]] = weakref.WeakKeyDictionary()

    def remember(self, trainer: Trainer, model: Any = None) -> None:
        """Take note of what prepares the inputs of a trainer's model.

        Args:
            trainer: The trainer.
            model: Another model of the same kind, such as the one of its best checkpoint.
        """
        processing = getattr(trainer, "processing_class", None)
        if processing is None:
            processing = getattr(trainer.data_collator, "tokenizer", None)  # as `Trainer.save_model` does
        if processing is not None:
            self._of_model[model if model is not None else model_of(trainer)] = weakref.ref(processing)

    def parts_of(self, subject: Any) -> Parts:
        """Return the parts of what a user or a training gives as a model.

        Args:
            subject: A model, a trainer, a pipeline, or a dict of parts as MLflow takes it.

        Raises:
            TypeError: It is none of these.
        """
        if isinstance(subject, Pipeline):
            components = {name: getattr(subject, name, None) for name in KINDS if name != "processor"}
            return Parts(subject.model, _present(components), subject.task or None)
        if isinstance(subject, Mapping):
            model = subject.get("model")
            if not isinstance(model, PreTrainedModel):
                raise TypeError(f"the dict has no model of transformers under 'model', but a {type(model).__name__}")
            components = _present({name: subject.get(name) for name in KINDS})
            return Parts(model, components, subject.get("task") or _tasks.task_of(model, components))
        if isinstance(subject, Trainer):
            self.remember(subject)
            subject = model_of(subject)
        if not isinstance(subject, PreTrainedModel):
            raise TypeError(
                f"a {type(subject).__name__} is neither a model, a pipeline nor a trainer of transformers, nor a dict "
                "of the parts of one"
            )
        reference = self._of_model.get(subject)
        processing = reference() if reference is not None else None
        components = _by_kind(processing)
        return Parts(subject, components, _tasks.task_of(subject, components))


def model_of(trainer: Trainer) -> Any:
    """Return the user's own model of a trainer, without what `torch.compile` puts around it."""
    return getattr(trainer.model, "_orig_mod", trainer.model)


@contextmanager
def evaluating(model: Any) -> Iterator[None]:
    """Let a model predict: all its modules are in evaluation mode inside, and in their own modes afterwards."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training


def _by_kind(processing: Any) -> dict[str, Any]:
    name = next((name for name, kind in KINDS.items() if isinstance(processing, kind)), None)
    return {name: processing} if name is not None else {}


def _present(components: Mapping[str, Any]) -> dict[str, Any]:
    return {name: component for name, component in components.items() if component is not None}
