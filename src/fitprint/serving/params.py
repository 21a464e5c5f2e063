"""The params of a request: each is known to the signature and has its type and shape, or the request is refused."""

from __future__ import annotations

from typing import Any

from fitprint._core.guard import attempt
from fitprint.models.param_schema import ParamSchema, ParamSpec, convert_param
from fitprint.models.types import DataType
from fitprint.serving import values
from fitprint.serving.errors import RequestError
from fitprint.serving.faults import MISFIT, Faults, kind_of
from fitprint.serving.values import Unfit


def params_of(sent: Any, schema: ParamSchema | None) -> dict[str, Any] | None:
    """Return the params for a prediction: those that were sent, and the defaults of the others.

    Args:
        sent: What the caller has sent; None for nothing.
        schema: The schema of the model's params; None if it takes none.

    Returns:
        The params; None if the model takes none.

    Raises:
        RequestError: A param is unknown, or does not have its type or shape.
    """
    if sent is not None and not isinstance(sent, dict):
        raise RequestError(400, f"The params must be an object, not {kind_of(sent)}.", MISFIT)
    if schema is None:
        if sent:
            raise RequestError(400, "The model takes no params; its signature has none.", MISFIT)
        return None
    specs = {spec.name: spec for spec in schema}
    faults, made = Faults(), {}
    for name, value in (sent or {}).items():
        if name not in specs:
            faults.add(f"there is no such param; the model has {', '.join(specs)}", column=name)
            continue
        try:
            made[name] = _fitting(value, specs[name])
        except Unfit as error:
            expected = f"{'' if specs[name].shape is None else 'list of '}{specs[name].dtype}"
            got = kind_of(value)
            message = f"expected {expected}, got {got}; {error}"
            faults.add(message, column=name, expected=expected, got=got, value=value)
    faults.check("The params do not fit the model's signature")
    return made | {name: spec.default for name, spec in specs.items() if name not in made}


def _fitting(value: Any, spec: ParamSpec) -> Any:
    if spec.shape is not None:
        if not isinstance(value, list):
            raise Unfit("send a list")
        for item in value:
            _check(item, spec)
    else:
        _check(value, spec)
    fits, made = attempt(lambda: convert_param(value, spec.dtype, spec.shape, lossless=True))
    if not fits:
        raise Unfit("the value is not of this type")
    return made


def _check(value: Any, spec: ParamSpec) -> None:
    """Check one value more strictly than its conversion does: it may be null, as in MLflow, but is never changed."""
    if value is None:
        return
    if spec.dtype is DataType.float:  # params are Python's floats, which have 64 bits
        values.real(value)
    else:
        values.fit(value, spec.dtype)
