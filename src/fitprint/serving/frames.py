"""Making a DataFrame from blocks of columns of one dtype, which is thirty times as fast as making it from columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fitprint.serving.extra import optional_function

Block = tuple[Any, list[int]]
"""An ndarray of (columns, rows), or a Series for one column; and the positions of its columns in the frame."""


@dataclass(frozen=True)
class NumberRows:
    """Rows of numbers of one type. pandas takes longer to make a DataFrame than it took to read a few of them.

    So the DataFrame is made when the model is asked, of the rows of all requests that are predicted together.

    Args:
        values: An ndarray of (rows, columns).
        labels: The labels of the columns, as an Index.
    """

    values: Any
    labels: Any

    def frame(self) -> Any:
        """Return the rows as a DataFrame."""
        import pandas as pd

        return pd.DataFrame(self.values, columns=self.labels)


def frame_of_blocks(blocks: Sequence[Block], labels: Any, rows: int) -> Any:
    """Make a DataFrame of blocks.

    Args:
        blocks: The blocks. Together they have each position from 0 on once.
        labels: The labels of the columns, as an Index.
        rows: The number of rows.

    Returns:
        The DataFrame, with the row labels 0, 1, ...
    """
    import numpy as np
    import pandas as pd

    make = optional_function("pandas.api.internals", "create_dataframe_from_blocks")  # of pandas 3
    index = pd.RangeIndex(rows)
    if make is not None and blocks:
        parts = [(_values(values), np.array(positions, dtype=np.intp)) for values, positions in blocks]
        return make(parts, index=index, columns=labels)
    order: list[int] = [position for _, positions in blocks for position in positions]
    parts = [_part(values, index) for values, _ in blocks]
    frame = pd.concat(parts, axis=1) if parts else pd.DataFrame(index=index)
    frame = frame.take(np.argsort(np.array(order, dtype=np.intp)), axis=1)
    frame.columns = labels
    return frame


def _values(values: Any) -> Any:
    """Return a block as pandas keeps it: an array of two axes, or an extension array of one."""
    import numpy as np
    import pandas as pd

    if not hasattr(values, "iloc"):
        return values
    if isinstance(values.dtype, np.dtype) and values.dtype.kind not in "mM":
        return values.to_numpy().reshape(1, -1)
    array = values.array
    return array.reshape(1, -1) if not isinstance(values.dtype, pd.api.extensions.ExtensionDtype) else array


def _part(values: Any, index: Any) -> Any:
    import pandas as pd

    return values.to_frame() if hasattr(values, "iloc") else pd.DataFrame(values.T, index=index)
