"""What a run says of the error that ended its training: without the cells of the data that it quotes."""

from __future__ import annotations

import re
from typing import Any

from fitprint._core.guard import guarded, message
from fitprint._core.privacy import HIDDEN
from fitprint.plugin.flavor import TrainingCall

_QUOTED = re.compile(r"'([^'\n]{2,2000})'|\"([^\"\n]{2,2000})\"")
_MOST_QUOTES = 20


def describe_error(error: BaseException, call: TrainingCall) -> dict[str, str]:
    """The type and the message of an error. What it quotes, and what is a text in the data, is shown as ``***``."""
    text = message(error)
    quoted = list(dict.fromkeys(one or other for one, other in _QUOTED.findall(text)))[:_MOST_QUOTES]
    if quoted:
        with guarded("the error's message", call.flavor.name):
            cells = [each for data in (call.flavor.data(call), call.flavor.target(call)) for each in _texts(data)]
            for each in quoted:
                if any(bool((cell == each).any()) for cell in cells):
                    text = text.replace(each, HIDDEN)
    return {"type": type(error).__name__, "message": text}


def _texts(data: Any) -> list[Any]:
    """The columns of data that hold texts, each as an array."""
    import numpy as np

    if hasattr(data, "columns") and hasattr(data, "iloc"):
        columns = (data.iloc[:, i] for i in range(data.shape[1]))
        return [np.asarray(each, dtype=object) for each in columns if getattr(each.dtype, "kind", "O") == "O"]
    if isinstance(data, (list, tuple)):
        flat = [cell for row in data for cell in (row if isinstance(row, (list, tuple)) else [row])]
        return [np.asarray([cell for cell in flat if isinstance(cell, str)], dtype=object)]
    kind = getattr(getattr(data, "dtype", None), "kind", "")
    return [np.asarray(data, dtype=object)] if kind in ("O", "U") else []
