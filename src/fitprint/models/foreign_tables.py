"""Tables of other libraries than pandas, such as polars and pyarrow, as DataFrames of pandas.

narwhals reads all of them. It is imported only where the data is one: their libraries are imported then already.
"""

from __future__ import annotations

from typing import Any

_LIBRARIES = frozenset({"polars", "pyarrow"})


def is_foreign(data: Any) -> bool:
    """Return whether data is a table or a column of one of these libraries, whose rows are in memory."""
    module = type(data).__module__.partition(".")[0]
    if module not in _LIBRARIES:
        return False
    from narwhals.stable.v1.dependencies import is_into_dataframe, is_into_series

    return bool(is_into_dataframe(data) or is_into_series(data))


def as_pandas(data: Any) -> Any:
    """Return a table or a column of another library as pandas' own; any other data as it is.

    Args:
        data: Data of any kind.

    Returns:
        A DataFrame or a Series. Categories stay categories; integers with missing values are pandas' nullable ones.
    """
    if not is_foreign(data):
        return data
    import narwhals.stable.v1 as narwhals
    import pandas as pd

    native = narwhals.from_native(data, eager_only=True, allow_series=True)
    if isinstance(native, narwhals.Series):
        return _as_series(native)
    columns = {name: _as_series(native[name]) for name in native.columns}
    return pd.DataFrame(columns) if columns else pd.DataFrame(index=range(len(native)))


def _as_series(column: Any) -> Any:
    import narwhals.stable.v1 as narwhals
    import pandas as pd

    dtype = column.dtype
    if isinstance(dtype, (narwhals.Categorical, narwhals.Enum)):
        known = column.cat.get_categories().to_list()
        values: Any = pd.Categorical(column.to_list(), categories=known, ordered=isinstance(dtype, narwhals.Enum))
        return pd.Series(values, name=column.name)
    if (dtype.is_integer() or dtype == narwhals.Boolean) and column.null_count():
        nullable = "boolean" if dtype == narwhals.Boolean else str(dtype)
        return pd.Series(column.to_list(), dtype=nullable, name=column.name)
    if dtype.is_integer() or dtype.is_float() or dtype in (narwhals.Boolean, narwhals.Date, narwhals.Duration):
        return pd.Series(column.to_numpy(), name=column.name)
    if isinstance(dtype, narwhals.Datetime) or dtype == narwhals.Datetime:
        moments = pd.Series(column.to_numpy(), name=column.name)
        zone = getattr(dtype, "time_zone", None)
        return moments if zone is None else moments.dt.tz_localize("UTC").dt.tz_convert(zone)
    return pd.Series(column.to_list(), name=column.name)


def columns_of(table: Any, most: int) -> list[tuple[str, str, int]]:
    """Describe the columns of a table of another library without copying its values.

    Args:
        table: A table for which `is_foreign` is true.
        most: How many columns to describe at most.

    Returns:
        The name, the dtype and the number of missing values of each column; NaN counts as missing.
    """
    import narwhals.stable.v1 as narwhals

    native = narwhals.from_native(table, eager_only=True, allow_series=True)
    columns = [native] if isinstance(native, narwhals.Series) else [native[name] for name in native.columns[:most]]
    return [(str(column.name), str(column.dtype), _missing_count(column)) for column in columns]


def _missing_count(column: Any) -> int:
    count = int(column.null_count())
    return count + int(column.is_nan().sum()) if column.dtype.is_float() else count


def rows_with_missing(table: Any, most: int) -> list[int]:
    """Return the numbers of the first rows in which a value is missing, at most `most` of them for each column.

    Args:
        table: A table for which `is_foreign` is true.
        most: How many rows at most for each column.
    """
    import narwhals.stable.v1 as narwhals

    native = narwhals.from_native(table, eager_only=True, allow_series=True)
    columns = [native] if isinstance(native, narwhals.Series) else [native[name] for name in native.columns]
    rows: set[int] = set()
    for column in columns:
        if _missing_count(column):
            absent = column.is_null() | column.is_nan() if column.dtype.is_float() else column.is_null()
            rows.update(absent.arg_true().head(most).to_list())
    return sorted(rows)


def size_of(table: Any) -> int:
    """Return about how many bytes the values of a table of another library take."""
    import narwhals.stable.v1 as narwhals

    native = narwhals.from_native(table, eager_only=True, allow_series=True)
    frame = native.to_frame() if isinstance(native, narwhals.Series) else native
    return int(frame.estimated_size())
