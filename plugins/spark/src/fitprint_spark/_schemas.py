"""The signature of a model, from the schema of its training data and Spark's own checks: no row is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from pyspark.ml.linalg import VectorUDT
from pyspark.sql import types as spark_types

from fitprint.plugin import DeclaredSignature, ModelSignature, Schema, attempt
from fitprint_spark._stages import last_stage, leaves, quoted

PREDICTION = "prediction"
"""The column that MLflow's reader takes as the prediction."""
_INPUTS = ("inputCol", "inputCols", "featuresCol", "featureCol", "userCol", "itemCol", "itemsCol")
_MOST_COLUMNS = 200
"""So many columns at most are left out one by one, to see which ones a model needs."""
_SCALARS = {
    spark_types.BooleanType: "boolean",
    spark_types.ByteType: "integer",
    spark_types.ShortType: "integer",
    spark_types.IntegerType: "integer",
    spark_types.LongType: "long",
    spark_types.FloatType: "float",
    spark_types.DoubleType: "double",
    spark_types.StringType: "string",
    spark_types.BinaryType: "binary",
    spark_types.DateType: "datetime",
    spark_types.TimestampType: "datetime",
}
"""The types of MLflow, as it infers them from a DataFrame of Spark."""


@dataclass
class Known:
    """What is known of a model beside what it says itself."""

    schema: Any = None
    """The schema of its training data; None if it was trained unseen."""
    vectors: tuple[str, ...] | None = None
    """The columns of its inputs that are vectors; None if this is not known."""
    columns: Columns | None = None
    """What Spark says of its columns, once it was asked."""
    dfs_tmpdir: str | None = None
    """The folder that the settings name for files on their way between Spark and this machine."""
    allowed: tuple[str, ...] | None = None
    """The classes whose models the user wants to be packaged; None if all."""


@dataclass
class Columns:
    """The columns that a model takes and makes."""

    inputs: list[str] | None
    """Those that it needs; None if this cannot be found out."""
    output: str | None
    """The one with its predictions; None if there is none."""
    output_type: Any = None


_known: WeakKeyDictionary[Any, Known] = WeakKeyDictionary()


def known(model: Any) -> Known:
    """Return what is known of a model, to be added to."""
    return _known.setdefault(model, Known())


def columns_of(model: Any, session: Any) -> Columns | None:
    """Return the columns that a model takes and makes; None if nothing is known of its training data.

    Args:
        model: The model.
        session: A session of Spark.
    """
    about = known(model)
    if about.columns is None and about.schema is not None:
        empty = session.createDataFrame([], about.schema)
        transformed, result = attempt(model.transform, empty)
        if not transformed:
            about.columns = Columns(None, None)
        else:
            output = output_column(model, result)
            kind = result.schema[output].dataType if output is not None else None
            about.columns = Columns(_needed(model, empty, output), output, kind)
    return about.columns


def output_column(model: Any, transformed: Any) -> str | None:
    """Return the column with the predictions: ``prediction``, or else the output column of the last stage.

    Args:
        model: The model.
        transformed: What it has made of some data.
    """
    if PREDICTION in transformed.columns:
        return PREDICTION
    last = last_stage(model)
    if last.hasParam("outputCol") and last.isDefined("outputCol"):
        return str(last.getOrDefault("outputCol"))
    return None


def _needed(model: Any, empty: Any, output: str | None) -> list[str] | None:
    """Return the columns that a model needs to make its output."""
    if output is None:
        return None
    named = _named_inputs(model)
    likely = [name for name in empty.columns if name in named]
    if likely and _works(model, empty.select(*map(quoted, likely)), output):
        return likely
    if len(empty.columns) > _MOST_COLUMNS:
        return None
    return [name for name in empty.columns if not _works(model, empty.drop(name), output)] or None


def _works(model: Any, frame: Any, output: str) -> bool:
    transformed, result = attempt(model.transform, frame)
    return transformed and output in result.columns


def _named_inputs(model: Any) -> set[str]:
    names: set[str] = set()
    for stage in leaves(model):
        for param in _INPUTS:
            if stage.hasParam(param) and stage.isDefined(param):
                value = stage.getOrDefault(param)
                names |= {value} if isinstance(value, str) else set(value)
    return names


def signature(model: Any, session: Any) -> DeclaredSignature | None:
    """Return the signature of a model, and what is missing in it.

    Args:
        model: The model.
        session: A session of Spark.
    """
    columns, schema = columns_of(model, session), known(model).schema
    if columns is None:
        return None
    reasons = []
    inputs = outputs = None
    if columns.inputs is None:
        reasons.append(("signature inputs", "it cannot be found out which columns the model needs"))
    else:
        fields = [schema[name] for name in columns.inputs]
        types = [(field.name, _type_of(field.dataType)) for field in fields]
        unknown = [name for name, kind in types if kind is None]
        if unknown:
            reasons.append(("signature inputs", f"MLflow has no type for the columns {', '.join(unknown)}"))
        else:
            inputs = Schema.from_dict([{"name": name, "required": True, **(kind or {})} for name, kind in types])
            known(model).vectors = tuple(field.name for field in fields if isinstance(field.dataType, VectorUDT))
    output = _type_of(columns.output_type) if columns.output_type is not None else None
    if output is None:
        reasons.append(("signature outputs", "there is no column of predictions that MLflow has a type for"))
    else:
        outputs = Schema.from_dict([{"required": True, **output}])
    return (ModelSignature(inputs, outputs) if inputs or outputs else None), reasons


def _type_of(kind: Any) -> dict[str, Any] | None:
    """Return the JSON object of MLflow's type for one of Spark, or None."""
    if isinstance(kind, VectorUDT):
        return {"type": "sparkml_vector"}
    if isinstance(kind, spark_types.ArrayType):
        items = _type_of(kind.elementType)
        return (
            {"type": "array", "items": items}
            if items is not None and not isinstance(kind.elementType, VectorUDT)
            else None
        )
    if isinstance(kind, spark_types.StructType):
        properties = {field.name: (_type_of(field.dataType), not field.nullable) for field in kind.fields}
        if not properties or any(one is None for one, _ in properties.values()):
            return None
        return {
            "type": "object",
            "properties": {name: {**(one or {}), "required": needed} for name, (one, needed) in properties.items()},
        }
    name = _SCALARS.get(type(kind))
    return {"type": name} if name is not None else None
