"""Answers without predictions, such as errors and states, in the form of each protocol, always as strict JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from fitprint.models.example import plain_data
from fitprint.serving.bodies import JSON
from fitprint.serving.errors import Fault, RequestError
from fitprint.serving.plain import to_json

if TYPE_CHECKING:
    from starlette.types import Scope

_DEEPEST = 50
"""Levels of lists and objects in a value that is shown; no deeper one can be written as JSON for certain."""


def mlflow(error: RequestError, request_id: str, full: bool) -> bytes:
    """Return the body of MLflow's routes.

    Args:
        error: Why there are no predictions.
        request_id: The number under which the log has the request.
        full: Whether the caller's values are shown.
    """
    document: dict[str, Any] = {"error_code": error.code, "message": error.message}
    if error.faults:
        document["errors"] = [_fault(fault, full) for fault in error.faults]
        document["error_count"] = error.count
    if error.detail is not None:
        document["stack_trace"] = error.detail
    if request_id:
        document["request_id"] = request_id
    return to_json(document)


def azure(error: RequestError, request_id: str, full: bool) -> bytes:
    """Return the body of Azure ML's routes; the id of the request is in a header there."""
    return to_json({"message": _told(error)})


def inference(error: RequestError, request_id: str, full: bool) -> bytes:
    """Return the body of the Open Inference Protocol, of KServe V1 and of Vertex AI."""
    return to_json({"error": _told(error)})


def refused(scope: Scope, status: int, message: str, code: str, headers: Sequence[tuple[str, str]] = ()) -> Response:
    """Return an answer for a request that reaches no route, in the shape of the protocol that its path belongs to."""
    where = path(scope)
    error = RequestError(status, message, code)
    shape = azure if where.startswith(("/score", "/swagger")) or where == "/" else mlflow
    if where.startswith(("/v1/", "/v2")):
        shape = inference
    return Response(shape(error, "", False), status, dict(headers), JSON)


def path(scope: Scope) -> str:
    """Return the path of a request below the place where the app is mounted."""
    whole, root = str(scope["path"]), str(scope.get("root_path", ""))
    return whole.removeprefix(root) if root else whole


def _fault(fault: Fault, full: bool) -> dict[str, Any]:
    entry: dict[str, Any] = {"row": fault.row, "column": fault.column, "expected": fault.expected, "got": fault.got}
    if full and fault.value is not None and _is_shallow(fault.value, _DEEPEST):
        value = fault.value
        entry["value"] = str(value) if isinstance(value, float) and value - value != 0 else plain_data(value)
    return {**entry, "message": fault.message}


def _is_shallow(value: Any, levels: int) -> bool:
    if not isinstance(value, (list, dict)):
        return True
    return levels > 0 and all(
        _is_shallow(item, levels - 1) for item in (value.values() if isinstance(value, dict) else value)
    )


def _told(error: RequestError) -> str:
    """Return an error with its faults as one text, a line for each."""
    others = [_line(fault) for fault in error.faults[1:]]  # the message has the first one
    return "\n".join([error.message, *others, *([error.detail] if error.detail is not None else [])])


def _line(fault: Fault) -> str:
    place = [f"row {fault.row}"] if fault.row is not None else []
    place += [f"{fault.column!r}"] if fault.column is not None else []
    text = fault.message if fault.message.endswith(".") else f"{fault.message}."
    return f"[{', '.join(place)}] {text}" if place else text
