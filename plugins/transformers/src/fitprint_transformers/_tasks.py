"""The task of a model, found by its head, and its predictions, which are those of MLflow's transformers flavor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from fitprint.plugin import ModelSignature, to_json

_OF_TEXTS = {
    "ForSequenceClassification": "text-classification",
    "ForTokenClassification": "token-classification",
    "ForMaskedLM": "fill-mask",
    "ForCausalLM": "text-generation",
    "LMHeadModel": "text-generation",
}
"""The tasks of models that read texts, by the end of the name of their class."""
_OF_IMAGES = {"ForImageClassification": "image-classification"}
PREDICTED = frozenset(_OF_TEXTS.values())
"""The tasks for which a package can predict."""

_TEXT = [{"type": "string", "required": True}]
_CLASSES = [
    {"type": "string", "name": "label", "required": True},
    {"type": "double", "name": "score", "required": True},
]


def task_of(model: Any, components: Mapping[str, Any]) -> str | None:
    """Return the task of a pipeline, as the head of the model tells it; None if it cannot be told.

    Args:
        model: The model.
        components: What prepares its inputs, by name: there is no pipeline without it.
    """
    name = type(model).__name__
    for needed, tasks in (("tokenizer", _OF_TEXTS), ("image_processor", _OF_IMAGES)):
        task = next((task for head, task in tasks.items() if name.endswith(head)), None)
        if task is not None and needed in components:
            return task
    return None


def signature_of(task: str | None) -> ModelSignature | None:
    """Return the signature of a package for a task: the one that MLflow gives to such packages."""
    if task not in PREDICTED:
        return None
    outputs = _CLASSES if task == "text-classification" else _TEXT
    return ModelSignature.from_dict({"inputs": to_json(_TEXT), "outputs": to_json(outputs)})


def predict(pipeline: Any, data: Any, params: Mapping[str, Any] | None = None) -> Any:
    """Predict for texts, as MLflow's reader of the package does.

    Args:
        pipeline: The pipeline.
        data: A text, a list of texts, or a table with one column of texts; for text classification also dicts, or a
            table, with ``text`` and ``text_pair``.
        params: Further arguments of the pipeline.

    Returns:
        For text classification a table with ``label`` and ``score``; for other tasks a list of texts.

    Raises:
        NotImplementedError: Packages with this task have no generic ``predict``.
    """
    if pipeline.task not in PREDICTED:
        raise NotImplementedError(
            f"fitprint predicts for the tasks {', '.join(sorted(PREDICTED))}, and this package is for "
            f"{pipeline.task}: fitprint.transformers.load_model returns its pipeline, which can be called"
        )
    texts = _texts(data)
    returned = pipeline(texts, **(params or {}))
    if pipeline.task == "text-classification":
        return pd.DataFrame([returned] if isinstance(returned, dict) else returned)
    if isinstance(texts, str) or (returned and isinstance(returned[0], dict)):
        returned = [returned]  # of a single text, some pipelines leave out the outer list
    return [_text_of(pipeline.task, answers).strip() for answers in returned]


def _text_of(task: str, answers: Any) -> str:
    """Return the text that stands for all answers of a pipeline to one text."""
    if task == "fill-mask":
        best = answers[0]
        return str((best[0] if isinstance(best, list) else best)["token_str"])
    if task == "text-generation":
        return str(answers[0]["generated_text"])
    return ",".join(str(answer.get("entity_group") or answer.get("entity")) for answer in answers)


def _texts(data: Any) -> Any:
    """Return data as a pipeline takes it: a table with one column becomes the texts in it."""
    if isinstance(data, pd.DataFrame):
        if data.shape[1] == 1 and list(data.columns) != ["text_pair"]:
            return data.iloc[:, 0].tolist()
        return data.to_dict(orient="records")
    return data.tolist() if hasattr(data, "tolist") else data
