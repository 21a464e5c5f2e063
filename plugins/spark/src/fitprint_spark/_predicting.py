"""Predict rows of a pandas DataFrame, as MLflow's reader of Spark's models does."""

from __future__ import annotations

from typing import Any

from pyspark.ml.functions import array_to_vector, vector_to_array
from pyspark.ml.linalg import VectorUDT
from pyspark.sql import functions
from pyspark.sql import types as spark_types

from fitprint_spark import _jobs, _schemas
from fitprint_spark._stages import last_stage, quoted


def predict(model: Any, data: Any) -> list[Any]:
    """Return the predictions of a model as a list.

    Args:
        model: The model.
        data: A DataFrame of pandas, or of Spark. In one of pandas, vectors are lists or arrays of numbers.

    Raises:
        TypeError: The data is something else.
        NotImplementedError: The model makes no column of predictions.
    """
    if hasattr(data, "sparkSession"):
        frame = data
    elif hasattr(data, "iloc") and hasattr(data, "columns"):
        frame = _from_pandas(model, data)
    else:
        raise TypeError(f"a model of Spark predicts a DataFrame with named columns, not a {type(data).__name__}")
    transformed = model.transform(frame)
    column = _schemas.output_column(model, transformed)
    if column is None:
        raise NotImplementedError(
            f"{type(model).__name__} makes no column named {_schemas.PREDICTION!r}, and its last stage has no outputCol"
        )
    selected = functions.col(quoted(column))
    if isinstance(transformed.schema[column].dataType, VectorUDT):
        selected = vector_to_array(selected)
    return [row[0] for row in transformed.select(selected).collect()]


def rows(frame: Any, columns: list[str], count: int) -> Any:
    """Return the first rows of a DataFrame of Spark as one of pandas, with vectors as lists.

    Args:
        frame: The DataFrame.
        columns: The columns.
        count: The number of rows.
    """
    selected = []
    for name in columns:
        column = functions.col(quoted(name))
        is_vector = isinstance(frame.schema[name].dataType, VectorUDT)
        selected.append(vector_to_array(column).alias(name) if is_vector else column)
    return frame.select(*selected).limit(count).toPandas()


def _from_pandas(model: Any, data: Any) -> Any:
    vectors = [name for name in _vectors(model) if name in data.columns and data[name].map(_is_vector).all()]
    if vectors:
        lists = {name: data[name].map(lambda values: [float(value) for value in values]) for name in vectors}
        data = data.assign(**lists)
    frame = _jobs.session().createDataFrame(data)
    for field in frame.schema.fields:
        if field.name in vectors and isinstance(field.dataType, spark_types.ArrayType):
            frame = frame.withColumn(field.name, array_to_vector(functions.col(quoted(field.name))))
    return frame


def _is_vector(value: Any) -> bool:
    return hasattr(value, "__len__") and not isinstance(value, str)


def _vectors(model: Any) -> tuple[str, ...]:
    """Return the columns that have to be vectors. If no signature says so, it is the features of the last stage."""
    known = _schemas.known(model).vectors
    if known is not None:
        return known
    last = last_stage(model)
    if last.hasParam("featuresCol") and last.isDefined("featuresCol"):
        return (str(last.getOrDefault("featuresCol")),)
    return ()
