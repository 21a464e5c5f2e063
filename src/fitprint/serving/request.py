"""A decoded request, which is the same for every protocol: data and params for the model."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

from fitprint.serving.frames import NumberRows


@dataclass(frozen=True)
class Request:
    """The data and params of one request, which fit the signature.

    Args:
        content: What the model is given: an ndarray, a dict of ndarrays, a list, or a DataFrame; or the `NumberRows` of
            which one is made.
        params: The params for prediction, defaults included; None where the model takes none.
        rows: The number of rows; None where it cannot be told.
        ignored: The names of columns that the signature lacks. They were dropped.
        echo: What the answer repeats: the id of an Open Inference request, the outputs that it asked for.
        can_batch: Whether rows of other requests may be predicted together with these.
        form: What requests have in common whose data has the same labels and dtypes; None where that has to be looked
            at.
    """

    content: Any
    params: dict[str, Any] | None = None
    rows: int | None = None
    ignored: tuple[str, ...] = ()
    echo: dict[str, Any] = field(default_factory=dict)
    can_batch: bool = True
    form: Hashable | None = None

    @property
    def data(self) -> Any:
        """What the model is given."""
        return self.content.frame() if isinstance(self.content, NumberRows) else self.content
