"""The exact dtype of a column, if the type in a signature does not tell it: written as JSON, and restored from it.

A signature knows eight types. A category, an integer column with missing values, or an `int8` is more than that, and a
model may need it. Rows that come from CSV or JSON get the dtype of the training back here, and no value is lost by it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from fitprint._core.guard import attempt
from fitprint.models.enforcement_values import TEXT_LIKE, convert_column, fits_exactly, refusal
from fitprint.models.types import DataType, FieldType

MOST_CATEGORIES = 10_000
"""A column with more categories keeps none of them in the package."""
_FEW_CATEGORIES = 20
_CATEGORY = "category"
_SIMPLE = {bool: "bool", int: "int", float: "float", str: "str"}
_KNOWN = re.compile(
    r"category|boolean|string|float16|u?int(8|16|32|64)|U?Int(8|16|32|64)|Float(32|64)"
    r"|timedelta64\[(s|ms|us|ns)\]|datetime64\[(s|ms|us|ns)(, [A-Za-z0-9_+:/-]{1,40})?\]"
)
Description = Mapping[str, Any]


class NotKept(Exception):
    """The dtype of a column is not kept; the message says why."""


def is_told_by_type(dtype: Any, declared: FieldType) -> bool:
    """Return whether the type in a signature stands for this very dtype.

    Args:
        dtype: The dtype of a column.
        declared: The type that a signature has for the column.
    """
    if not isinstance(declared, DataType):
        return bool(dtype == "object")
    if declared in TEXT_LIKE:
        return bool(dtype == "object") or str(dtype) == "str"
    return bool(dtype == declared.to_numpy()) or dtype == "object"


def describe_dtype(column: Any, rows: int) -> dict[str, Any] | None:
    """Describe the dtype of a column as JSON can hold it.

    Args:
        column: A Series.
        rows: How many rows all of the data has, of which the column may be a sample.

    Returns:
        The description; None for a dtype that cannot be given back, such as that of periods.

    Raises:
        NotKept: It is a category that is not written down, because it has too many values, or because they are the
            data itself rather than categories.
    """
    dtype = column.dtype
    if str(dtype) != _CATEGORY:
        return {"dtype": str(dtype)} if _KNOWN.fullmatch(str(dtype)) else None
    values = dtype.categories.tolist()
    kinds = {_SIMPLE.get(type(value)) for value in values}
    if None in kinds or len(kinds) != 1:
        return None  # intervals, moments, or values of several kinds
    if len(values) > MOST_CATEGORIES:
        raise NotKept(f"it has {len(values):,} categories, and at most {MOST_CATEGORIES:,} are kept")
    if min(len(values), rows) > _FEW_CATEGORIES and len(values) > rows // 2:
        raise NotKept(
            "most of its categories occur only once, so they would be values of the training data, which are not kept"
        )
    return {
        "dtype": _CATEGORY,
        "categories": values,
        "of": "object" if dtype.categories.dtype == "object" else str(dtype.categories.dtype),
        "ordered": bool(dtype.ordered),
    }


def check_description(description: Any) -> Description:
    """Return a description that was read from a file.

    Raises:
        ValueError: It is not one that `describe_dtype` makes.
    """
    if not isinstance(description, Mapping) or not _KNOWN.fullmatch(str(description.get("dtype"))):
        raise ValueError(f"{description!r:.80} describes no dtype of a column")
    categories = description.get("categories")
    if description["dtype"] == _CATEGORY and not (
        isinstance(categories, list)
        and all(type(value) in _SIMPLE for value in categories)
        and len(set(categories)) == len(categories)
    ):
        raise ValueError(f"{description!r:.80} lacks the categories of a column")
    return description


def with_dtype(column: Any, description: Description, declared: Any) -> Any:
    """Convert a column to the dtype that it had in the training.

    Args:
        column: A Series.
        description: What `describe_dtype` returned.
        declared: The type of the column in the signature.

    Returns:
        The column. A value outside of the categories of the training becomes a further category, after those.

    Raises:
        ValueError: The column cannot have this dtype; the message says what was expected and what may help.
    """
    name = str(description["dtype"])
    if name == _CATEGORY:
        return _as_category(column, description, declared)
    if str(column.dtype) == name:
        return column
    if column.dtype == "object" or str(column.dtype) == _CATEGORY:
        column = _without_category(column).infer_objects()
    done, converted = attempt(_converted, column, name)
    if done and converted is not None:
        return converted
    if isinstance(declared, DataType):
        fitting = convert_column(column, declared, lossless=True)
        if fitting.dtype == "object" and declared not in TEXT_LIKE:  # objects pass as truth values, whatever they are
            raise refusal(column, declared)
        return fitting
    raise ValueError(f"expected {name}, got {column.dtype}, whose values {name} does not have")


def _converted(column: Any, name: str) -> Any:
    """Convert a column if no value changes; return None otherwise. Errors of pandas are passed on."""
    import numpy as np
    import pandas as pd

    target = pd.api.types.pandas_dtype(name)
    present = column.dropna()
    kind, target_kind = column.dtype.kind, target.kind
    if target_kind in "mM":
        return column.astype(target) if kind == target_kind else None  # text is not parsed
    if name == "string":
        return column.astype(target) if all(isinstance(value, str) for value in present) else None
    if target_kind == "b":
        return column.astype(target) if all(isinstance(value, (bool, np.bool_)) for value in present) else None
    if not len(present) and name[0].isupper():
        return pd.Series(pd.NA, index=column.index, name=column.name, dtype=target)
    if kind not in "iuf" or not fits_exactly(_numbers(present), getattr(target, "numpy_dtype", target)):
        return None
    if len(present) == len(column):
        return column.astype(target)
    return present.astype(target).reindex(column.index) if name[0].isupper() else None


def _numbers(present: Any) -> Any:
    return present.to_numpy(getattr(present.dtype, "numpy_dtype", None))


def _without_category(column: Any) -> Any:
    import pandas as pd

    if str(column.dtype) != _CATEGORY:
        return column
    return pd.Series(column.to_numpy(), index=column.index, name=column.name)


def _as_category(column: Any, description: Description, declared: Any) -> Any:
    import pandas as pd

    done, known = attempt(pd.Index, description["categories"], description.get("of"))
    if not done:
        raise ValueError(f"the categories in the package cannot be read: {known}")
    target = pd.CategoricalDtype(known, ordered=bool(description.get("ordered")))
    if column.dtype == target:
        return column
    plain = _without_category(column)
    present = plain.dropna()
    if len(present) and isinstance(declared, DataType):
        present = convert_column(present, declared, lossless=True)
    values = set(known.tolist())
    new = [value for value in present.drop_duplicates().tolist() if value not in values]
    if new:
        target = pd.CategoricalDtype(known.append(pd.Index(new)), ordered=target.ordered)
    codes = target.categories.get_indexer(present.to_numpy())
    placed = (
        pd.Series(codes, index=present.index).reindex(plain.index, fill_value=-1)
        if len(present) < len(plain)
        else codes
    )
    return pd.Series(pd.Categorical.from_codes(placed, dtype=target), index=column.index, name=column.name)
