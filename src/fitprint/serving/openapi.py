"""The OpenAPI document of a served package, made once from its signature and its input example.

It holds no data but the package's own example. `fitprint serve --check` sends every example in it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fitprint._version import __version__
from fitprint.serving import json_types
from fitprint.serving.bodies import CSV, JSON, PARQUET
from fitprint.serving.examples import Examples
from fitprint.serving.openapi_versions import as_2_0, as_3_0
from fitprint.serving.options import ServeOptions
from fitprint.serving.served import ServedModel

Document = dict[str, Any]
VERSIONS: dict[str, Callable[[Document], Document] | None] = {
    "2": as_2_0,
    "2.0": as_2_0,
    "3": as_3_0,
    "3.0": as_3_0,
    "3.1": None,
}
"""How to make the document of each version that can be asked for from that of 3.1."""
OPEN_ROUTES = ("/", "/ping", "/health", "/livez", "/readyz", "/v2/health/live", "/v2/health/ready")
"""The routes that ask for no token: somebody who asks whether the server is well has none."""


def document(model: ServedModel, options: ServeOptions, name: str) -> Document:
    """Return the document in version 3.1.

    Args:
        model: The package.
        options: How it is served.
        name: The model's name in the routes.
    """
    return _Writer(model, options, name).document()


def as_version(newest: Document, version: str) -> Document:
    """Return a document of 3.1 in another version, one of `VERSIONS`."""
    make = VERSIONS[version]
    return newest if make is None else make(newest)


class _Writer:
    """Writes the document of one package."""

    def __init__(self, model: ServedModel, options: ServeOptions, name: str) -> None:
        self._model, self._options, self._name = model, options, name
        signature = model.signature
        self._inputs = signature.inputs if signature is not None else None
        self._params = json_types.params(signature.params if signature is not None else None)
        self._outputs = json_types.outputs(signature.outputs if signature is not None else None)
        self._examples = Examples(model)

    def document(self) -> Document:
        components: Document = {"schemas": self._schemas()}
        if self._options.token is not None:
            components["securitySchemes"] = {"Bearer": {"type": "http", "scheme": "bearer"}}
        return {
            "openapi": "3.1.0",
            "info": {
                "title": self._name,
                "description": f"The model {self._name}, served by fitprint {__version__}.",
                "version": "1",
            },
            "paths": {path: self._with_security(path, operations) for path, operations in self._paths().items()},
            "components": components,
        }

    # ---- schemas

    def _schemas(self) -> Document:
        return {
            "Invocation": {"oneOf": self._invocations()},
            "Answer": _object({"predictions": _ref("Predictions")}, "predictions"),
            "Predictions": self._outputs,
            "Error": {
                **_object({"error_code": _text(), "message": _text(), "request_id": _text()}, "error_code", "message"),
            },
            "ServiceInput": self._with_params({"input_data": self._input_data()}, "input_data"),
            "ServiceOutput": self._outputs,
            "ErrorResponse": _object({"message": _text()}, "message"),
            "InferenceRequest": _INFERENCE_REQUEST,
            "InferenceResponse": _INFERENCE_RESPONSE,
            "InferenceError": _object({"error": _text()}, "error"),
            "Instances": self._instances(),
        }

    def _invocations(self) -> list[Document]:
        """Return an object schema for each key of which a request of MLflow's has exactly one."""
        rows = json_types.rows(self._inputs) if self._inputs is not None else {}
        forms = {"dataframe_split": json_types.split(self._inputs), "dataframe_records": rows}
        if self._inputs is not None and self._inputs.is_tensor_spec():
            forms = {}
        elif self._inputs is None:
            forms["dataframe_records"] = {"type": "array", "items": {"type": "object"}}
        forms |= {"instances": {}, "inputs": {}}
        return [{**self._with_params({key: form}, key), "additionalProperties": False} for key, form in forms.items()]

    def _input_data(self) -> Document:
        if self._inputs is None or self._inputs.is_tensor_spec():
            return {}
        return {"description": "A table as columns, index and data; or a list of rows; or named lists."}

    def _instances(self) -> Document:
        schema = _object({"instances": {"type": "array", "items": {}}}, "instances")
        if self._params is not None:
            schema["properties"]["parameters"] = self._params
        return schema

    def _with_params(self, properties: Document, *required: str) -> Document:
        return _object({**properties, **({"params": self._params} if self._params is not None else {})}, *required)

    # ---- routes

    def _paths(self) -> Document:
        return {**self._of_mlflow(), **self._of_azure(), **self._of_open_inference(), **self._of_others()}

    def _of_mlflow(self) -> Document:
        content: Document = {JSON: _media(_ref("Invocation"), self._examples.invocations())}
        csv = self._examples.csv()
        content[CSV] = _media(_text(), {"csv": csv} if csv is not None else {})
        content[PARQUET] = _media({"type": "string", "format": "binary"}, {})
        paths = {
            "/ping": _get("ping", "Whether the model is ready for requests.", {}),
            "/health": _get("health", "Whether the model is ready for requests.", {}),
            "/version": _get("version", "The version of fitprint.", _text()),
            "/invocations": _post("invocations", "Predict.", content, _ref("Answer"), _ref("Error")),
        }
        for method in self._model.methods:
            paths[f"/invocations/{method}"] = _post(
                f"invocations_{method}",
                f"Call the method {method} of the model.",
                _first(content),
                _object({"predictions": self._outputs if method == "predict" else {}}, "predictions"),
                _ref("Error"),
            )
        return paths

    def _of_azure(self) -> Document:
        content = {JSON: _media(_ref("ServiceInput"), self._examples.azure())}
        version = {"name": "version", "in": "query", "required": False, "schema": _text()}
        paths = {
            "/": _get("ServiceHealthCheck", "Whether the service is up.", _text(), kind="text/plain"),
            "/score": _post("RunMLService", "Predict.", content, _ref("ServiceOutput"), _ref("ErrorResponse")),
            "/swagger.json": _get("GetSwaggerSpec", "This document.", {}, version),
            "/openapi.json": _get("openapi", "This document, in OpenAPI 3.1.", {}),
        }
        for method in self._model.methods:
            paths[f"/score/{method}"] = _post(
                f"score_{method}",
                f"Call the method {method} of the model.",
                _first(content),
                self._outputs if method == "predict" else {},
                _ref("ErrorResponse"),
            )
        return paths

    def _of_open_inference(self) -> Document:
        content = {JSON: _media(_ref("InferenceRequest"), self._examples.open_inference())}
        base = f"/v2/models/{self._name}"
        of_methods = {
            f"{base}/infer/{method}": _post(
                f"model_infer_{method}",
                f"Call the method {method} of the model.",
                content,
                _ref("InferenceResponse"),
                _ref("InferenceError"),
            )
            for method in self._model.methods
        }
        return {
            **of_methods,
            "/v2": _get("server_metadata", "The name and version of the server.", {}),
            "/v2/health/live": _get("server_live", "Whether the server is up.", {}),
            "/v2/health/ready": _get("server_ready", "Whether the model is ready for requests.", {}),
            base: _get("model_metadata", "The inputs and outputs of the model.", {}),
            f"{base}/ready": _get("model_ready", "Whether the model is ready for requests.", {}),
            f"{base}/infer": _post(
                "model_infer", "Predict.", content, _ref("InferenceResponse"), _ref("InferenceError")
            ),
        }

    def _of_others(self) -> Document:
        content = {JSON: _media(_ref("Instances"), self._examples.instances())}
        base = f"/v1/models/{self._name}"
        of_methods = {
            f"{base}:{method}": _post(
                f"v1_{method}",
                f"Call the method {method} of the model.",
                content,
                _object({"predictions": {}}, "predictions"),
                _ref("InferenceError"),
            )
            for method in self._model.methods
            if method != "predict"
        }
        return {
            **of_methods,
            base: _get("v1_model", "Whether the model is ready for requests.", {}),
            f"{base}:predict": _post("v1_predict", "Predict.", content, _ref("Answer"), _ref("InferenceError")),
            "/livez": _get(
                "livez", "Whether the process is alive; if not, it should be restarted.", _text(), kind="text/plain"
            ),
            "/readyz": _get("readyz", "Whether the model is ready for requests.", _text(), kind="text/plain"),
            "/metrics": _get("metrics", "Metrics for Prometheus.", _text(), kind="text/plain"),
        }

    def _with_security(self, path: str, operations: Document) -> Document:
        if self._options.token is None or path in OPEN_ROUTES:
            return operations
        return {method: {**operation, "security": [{"Bearer": []}]} for method, operation in operations.items()}


def _text() -> Document:
    return {"type": "string"}


def _ref(name: str) -> Document:
    return {"$ref": f"#/components/schemas/{name}"}


def _object(properties: Document, *required: str) -> Document:
    return {"type": "object", "properties": properties, **({"required": list(required)} if required else {})}


def _media(schema: Document, examples: Document) -> Document:
    named = {name: {"value": value} for name, value in examples.items()}
    return {"schema": schema, **({"examples": named} if named else {})}


def _first(content: Document) -> Document:
    """Return the content of a request body with one example alone, and in JSON."""
    media = content[JSON]
    examples = dict(list(media.get("examples", {}).items())[:1])
    return {
        **content,
        JSON: {**media, "examples": examples},
        **({CSV: _media(_text(), {})} if CSV in content else {}),
    }


def _get(name: str, what: str, answer: Document, *parameters: Document, kind: str = JSON) -> Document:
    operation: Document = {"operationId": name, "summary": what}
    if parameters:
        operation["parameters"] = list(parameters)
    operation["responses"] = {"200": {"description": "The answer.", "content": {kind: {"schema": answer}}}}
    return {"get": operation}


def _post(name: str, what: str, content: Document, answer: Document, error: Document) -> Document:
    return {
        "post": {
            "operationId": name,
            "summary": what,
            "requestBody": {"required": True, "content": content},
            "responses": {
                "200": {"description": "The predictions.", "content": {JSON: {"schema": answer}}},
                "default": {"description": "Why there are no predictions.", "content": {JSON: {"schema": error}}},
            },
        }
    }


_TENSOR = _object(
    {
        "name": _text(),
        "shape": {"type": "array", "items": {"type": "integer"}},
        "datatype": _text(),
        "parameters": {"type": "object"},
        "data": {"type": "array", "items": {}},
    },
    "name",
    "shape",
    "datatype",
    "data",
)
_INFERENCE_REQUEST = _object(
    {
        "id": _text(),
        "parameters": {"type": "object"},
        "inputs": {"type": "array", "items": _TENSOR},
        "outputs": {"type": "array", "items": _object({"name": _text()}, "name")},
    },
    "inputs",
)
_INFERENCE_RESPONSE = _object(
    {
        "model_name": _text(),
        "model_version": _text(),
        "id": _text(),
        "parameters": {"type": "object"},
        "outputs": {"type": "array", "items": _TENSOR},
    },
    "model_name",
    "outputs",
)
