"""The signature of a model: the schemas of its inputs, outputs and params.

The form in the MLmodel file is that of MLflow 3.17: each part is a JSON list written as text, or null if it is absent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, is_dataclass
from typing import Any

from fitprint._core import html
from fitprint._core.publish import publish
from fitprint.models.inference import dataclass_schema, infer_params, infer_schema
from fitprint.models.schema import ColSpec, ParamSchema, ParamSpec, Schema, TensorSpec

__all__ = ["ModelSignature", "infer_params", "infer_schema", "infer_signature"]

_HEADER = ("part", "name", "type", "required")
_PARTS: dict[str, type] = {"inputs": Schema, "outputs": Schema, "params": ParamSchema}


@dataclass(repr=False)
class ModelSignature:
    """The signature of a model: the schemas of what it takes and of what it returns.

    Each part can be replaced: ``signature.inputs = ...``. A dataclass in place of the schema of the inputs or outputs
    stands for the schema of its fields.

    Args:
        inputs: The schema of the data that `predict` takes, or None if it is unknown.
        outputs: The schema of the predictions, or None if it is unknown.
        params: The schema of the params that `predict` takes, or None if it takes none.

    Raises:
        ValueError: All parts are None.
        TypeError: A part is not a schema.
    """

    inputs: Schema | None = None
    outputs: Schema | None = None
    params: ParamSchema | None = None

    def __post_init__(self) -> None:
        if self.inputs is None and self.outputs is None and self.params is None:
            raise ValueError("A signature needs at least one of inputs, outputs and params.")

    def __setattr__(self, part: str, value: Any) -> None:
        if part not in _PARTS:
            raise AttributeError(f"A signature has no {part!r}; its parts are {', '.join(_PARTS)}.")
        if part != "params" and is_dataclass(value) and not isinstance(value, (ColSpec, TensorSpec)):
            value = dataclass_schema(value)
        if value is not None and not isinstance(value, _PARTS[part]):
            raise TypeError(
                f"{part} must be a {_PARTS[part].__name__}, not {type(value).__name__}; "
                "infer_signature() makes a signature from example data."
            )
        super().__setattr__(part, value)

    def to_dict(self) -> dict[str, str | None]:
        """Return the form in the MLmodel file: `{"inputs": JSON text or None, "outputs": ..., "params": ...}`."""
        return {
            "inputs": self.inputs.to_json() if self.inputs else None,
            "outputs": self.outputs.to_json() if self.outputs else None,
            "params": self.params.to_json() if self.params else None,
        }

    @classmethod
    def from_dict(cls, parts: Mapping[str, Any]) -> ModelSignature:
        """Read a signature from its form in the MLmodel file.

        Args:
            parts: What `to_dict` returns. Other keys are ignored.

        Returns:
            The signature.

        Raises:
            ValueError: A part is not valid; the message names the entry.
        """
        if not isinstance(parts, Mapping):
            raise ValueError(f"A signature is a mapping with {', '.join(_PARTS)}, not {parts!r:.80}.")
        inputs, outputs, params = (parts.get(part) or None for part in ("inputs", "outputs", "params"))
        return cls(
            inputs=Schema.from_json(inputs) if inputs else None,
            outputs=Schema.from_json(outputs) if outputs else None,
            params=ParamSchema.from_json(params) if params else None,
        )

    def __repr__(self) -> str:
        parts = ", ".join(f"{part}={_brief(value)}" for part, value in self._parts() if value is not None)
        return f"ModelSignature({parts})"

    def __str__(self) -> str:
        rows = [_HEADER, *self._rows()]
        widths = [max(len(row[i]) for row in rows) for i in range(len(_HEADER))]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
        return "\n".join(line.rstrip() for line in lines)

    def _repr_html_(self) -> str:
        return html.table(_HEADER, self._rows())

    def _parts(self) -> list[tuple[str, Any]]:
        return [("inputs", self.inputs), ("outputs", self.outputs), ("params", self.params)]

    def _rows(self) -> list[tuple[str, str, str, str]]:
        return [(part, *_row(spec)) for part, value in self._parts() for spec in value or ()]


def infer_signature(
    model_input: Any = None, model_output: Any = None, params: dict[str, Any] | None = None
) -> ModelSignature:
    """Infer a signature from examples, with MLflow's name and arguments.

    Args:
        model_input: Example inputs of the model: a DataFrame, an array, a dict, a list or a scalar.
        model_output: Example predictions of the model, of the same kinds.
        params: The params that `predict` takes, each with its default value.

    Returns:
        The signature of these examples. A part that is None, or an empty dict of params, is left out of it.

    Raises:
        ValueError: Every part is absent, or a param has a value whose type a signature cannot name.
    """
    return ModelSignature(
        inputs=infer_schema(model_input),
        outputs=infer_schema(model_output),
        params=infer_params(params) if params else None,
    )


def _row(spec: Any) -> tuple[str, str, str]:
    if isinstance(spec, ParamSpec):
        listed = "" if spec.shape is None else "list of "
        return spec.name, f"{listed}{spec.dtype}", f"default {spec.default!r}"
    name = "(unnamed)" if spec.name is None else str(spec.name)
    if isinstance(spec, TensorSpec):
        return name, f"tensor {spec.type.name} {list(spec.shape)}", "yes"
    return name, str(spec.type), "yes" if spec.required else "no"


def _brief(specs: Iterable[Any]) -> str:
    all_specs = list(specs)
    first = ", ".join(map(repr, all_specs[:3]))
    return f"[{first}]" if len(all_specs) <= 3 else f"[{first}, ... {len(all_specs)} in all]"


publish("fitprint.models", ModelSignature, infer_signature)
