"""Scores and losses as spaCy itself reports them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fitprint.plugin import TrainingCall


def emit_checkpoint(call: TrainingCall) -> None:
    """Emit what ``spacy train`` prints for an evaluation: losses since the last one, scores, and the weighted score."""
    info = call.argument("info")
    step = int(info["step"])
    for name, value in info["losses"].items():
        call.emit(f"{name}_loss", float(value), step)
    emit_scores(call, info["other_scores"], step)
    score = float(info["score"])
    call.emit("score", score, step)
    if score > call.cache.get("best_score", float("-inf")):
        call.cache.update(best_score=score, best_step=step)


def emit_scores(call: TrainingCall, scores: Mapping[str, Any], step: int) -> None:
    """Emit every score that is a number; scores of a label have the label after a slash."""
    for name, value in _numbers(scores):
        call.emit(name, value, step)


def best(call: TrainingCall) -> dict[str, float]:
    """Return the best score and its step, which is the one that ``model-best`` was saved at."""
    return {name: call.cache[name] for name in ("best_score", "best_step") if name in call.cache}


def _numbers(scores: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    for name, value in scores.items():
        if isinstance(value, Mapping):
            yield from ((f"{name}/{key}", number) for key, number in _numbers(value))
        elif hasattr(value, "__float__") and not isinstance(value, bool):
            yield str(name), float(value)
