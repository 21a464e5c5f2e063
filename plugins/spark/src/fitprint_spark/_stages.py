"""The parts of fitted models, and the names of their columns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def leaves(model: Any) -> Iterator[Any]:
    """Yield the models that a fitted model consists of: the stages of a pipeline, the best model of a search.

    Args:
        model: The fitted model.
    """
    inner = getattr(model, "stages", None) or ([model.bestModel] if hasattr(model, "bestModel") else None)
    if inner is None:
        yield model
        return
    for one in inner:
        yield from leaves(one)


def last_stage(model: Any) -> Any:
    """Return the last stage of a pipeline, which makes the predictions; any other model itself."""
    return (getattr(model, "stages", None) or [model])[-1]


def quoted(name: str) -> str:
    """Return the name of a column as it stands in an expression."""
    return "`" + name.replace("`", "``") + "`"
