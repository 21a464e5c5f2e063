"""How a run describes the error that ended its training, without the values from the data that its message quotes."""

from __future__ import annotations

import re
from typing import Any

from fitprint._core.guard import guarded, message
from fitprint._core.privacy import HIDDEN
from fitprint.plugin.contract import TrainingCall

_QUOTED = re.compile(r"'([^'\n]{2,2000})'|\"([^\"\n]{2,2000})\"")
_MAX_QUOTES = 20


def describe_error(error: BaseException, call: TrainingCall) -> dict[str, str]:
    """Return the type and the message of an error. A quoted text that is also a text in the data becomes ``***``."""
    text = message(error)
    quotes = list(dict.fromkeys(single or double for single, double in _QUOTED.findall(text)))[:_MAX_QUOTES]
    if quotes:
        with guarded("the error's message", call.flavor.name):
            columns = [
                column for data in (call.flavor.data(call), call.flavor.target(call)) for column in _text_columns(data)
            ]
            for quote in quotes:
                if any(bool((column == quote).any()) for column in columns):
                    text = text.replace(quote, HIDDEN)
    return {"type": type(error).__name__, "message": text}


def _text_columns(data: Any) -> list[Any]:
    """Return the columns of data that hold texts, each as an array."""
    import numpy as np

    if hasattr(data, "columns") and hasattr(data, "iloc"):
        columns = (data.iloc[:, i] for i in range(data.shape[1]))
        return [np.asarray(column, dtype=object) for column in columns if getattr(column.dtype, "kind", "O") == "O"]
    if isinstance(data, (list, tuple)):
        cells = [cell for row in data for cell in (row if isinstance(row, (list, tuple)) else [row])]
        return [np.asarray([cell for cell in cells if isinstance(cell, str)], dtype=object)]
    kind = getattr(getattr(data, "dtype", None), "kind", "")
    return [np.asarray(data, dtype=object)] if kind in ("O", "U") else []
