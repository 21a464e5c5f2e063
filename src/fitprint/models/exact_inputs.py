"""The exact types of a model's inputs, which rows from CSV or JSON need: fitprint's entry beside MLflow's schema.

MLflow's enforcement turns a category into text and refuses integers with missing values, lists of texts, sparse arrays
and more. For such data the MLmodel file has the key ``fitprint_inputs``, which MLflow ignores: the schema, the dtypes
that its types do not tell, and whether the model takes a list or a Series in place of a table.
"""

from __future__ import annotations

import json
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fitprint.models.enforcement import enforce_inputs
from fitprint.models.enforcement_frames import as_frame
from fitprint.models.errors import SchemaError
from fitprint.models.exact_dtypes import Description, check_description, with_dtype
from fitprint.models.foreign_tables import as_pandas
from fitprint.models.inference_values import is_missing
from fitprint.models.schema import ColSpec, Schema, Spec
from fitprint.models.types import AnyType

KEY = "fitprint_inputs"
"""The key in the MLmodel file. A key at the top that MLflow does not know, it ignores."""
FORMS = ("list", "records", "series")
"""What a model may take in place of a table: the values of one column, a list of dicts, a Series."""


@dataclass(frozen=True)
class ExactInputs:
    """The inputs of a model, with what a signature of MLflow cannot say about them."""

    schema: Schema
    dtypes: Mapping[Hashable, Description] = field(default_factory=dict)
    """The dtypes of columns that their types do not tell, by label: see `exact_dtypes`."""
    form: str | None = None
    """One of `FORMS`; None for a table, or for what the tensors of the schema are."""

    def enforce(self, data: Any) -> Any:
        """Return data as the model got it in its training. Data that is so already is returned as it is.

        Args:
            data: The rows in any form that fits.

        Raises:
            SchemaError: The data does not fit; the message has a line for each column that does not.
        """
        data = as_pandas(data)
        schema = self.schema
        if self.dtypes and not schema.is_tensor_spec():
            data = self._with_dtypes(as_frame(data, schema, lossless=True))
            schema = self.without_exact_types()
        data = enforce_inputs(data, schema, lossless=True)
        return data if self.form is None else _in_form(data, self.form)

    def _with_dtypes(self, frame: Any) -> Any:
        labels = dict(zip(frame.columns, frame.dtypes, strict=False)) if frame.columns.is_unique else {}
        problems, converted = [], {}
        for spec in self.schema:
            if spec.name not in self.dtypes or spec.name not in labels:
                continue
            column = frame[spec.name]
            try:
                exact = with_dtype(column, self.dtypes[spec.name], spec.type)
            except ValueError as error:
                problems.append(f"column {spec.name!r}: {error}")
                continue
            if exact is not column:
                converted[spec.name] = exact
        if problems:
            raise SchemaError([*problems, *self._further_problems(frame)])
        if not converted:
            return frame
        frame = frame.copy(deep=False)
        for name, column in converted.items():
            frame[name] = column
        return frame

    def _further_problems(self, frame: Any) -> list[str]:
        """Return what is wrong with the other columns, so that one error names everything."""
        try:
            enforce_inputs(frame, self.without_exact_types(), lossless=True)
        except SchemaError as error:
            return error.problems
        return []

    def without_exact_types(self) -> Schema:
        """Return the schema in which the columns whose exact dtype is known may have any type."""
        relaxed = self.schema.cache.get(KEY)
        if relaxed is None:
            relaxed = Schema(
                [
                    ColSpec(AnyType(), spec.name, required=spec.required) if spec.name in self.dtypes else spec
                    for spec in self.schema
                ]
            )
            self.schema.cache[KEY] = relaxed
        return relaxed

    def to_json(self, declared: Schema | None) -> str:
        """Return the JSON text for the MLmodel file.

        Args:
            declared: The schema of the inputs that MLflow reads, or None. What it says already is not repeated.
        """
        known = set() if declared is None or declared.is_tensor_spec() else set(declared)
        specs = [spec for spec in self.schema if spec not in known or spec.name in self.dtypes]
        columns = [
            {**spec.to_dict(), "exact": dict(self.dtypes[spec.name])} if spec.name in self.dtypes else spec.to_dict()
            for spec in specs
        ]
        return json.dumps({"columns": columns, **({"form": self.form} if self.form else {})})


def read_exact_inputs(text: Any, declared: Schema | None) -> ExactInputs:
    """Read what `ExactInputs.to_json` has written.

    Args:
        text: The JSON text.
        declared: The schema of the inputs that MLflow reads, or None.

    Raises:
        ValueError: The text is not valid; the message says where.
    """
    try:
        content = json.loads(text)
        columns, form = list(content["columns"]), content.get("form")
        specs = Schema.from_dict(columns).inputs if columns else []
    except (TypeError, KeyError, AttributeError, RecursionError, ValueError) as error:
        raise ValueError(f"{KEY} cannot be read: {error}") from error
    if form is not None and form not in FORMS:
        raise ValueError(f"{KEY} names the form {form!r}; there are {', '.join(FORMS)}")
    dtypes = {
        spec.name: check_description(column["exact"])
        for spec, column in zip(specs, columns, strict=True)
        if "exact" in column
    }
    return ExactInputs(_completed(declared, specs), dtypes, form)


def _completed(declared: Schema | None, specs: Sequence[Spec]) -> Schema:
    """Return MLflow's schema with these columns in place of those of the same labels."""
    if declared is None or declared.is_tensor_spec() or not declared.has_input_names():
        return Schema(specs) if specs or declared is None else declared
    own = {spec.name: spec for spec in specs}
    return Schema([own.get(spec.name, spec) for spec in declared])


def _in_form(data: Any, form: str) -> Any:
    if form == "records":  # a key that a dict lacks is a missing value in the table
        rows = data.to_dict(orient="records")
        return [{name: value for name, value in row.items() if not is_missing(value)} for row in rows]
    column = data.iloc[:, 0]
    return column if form == "series" else column.tolist()
