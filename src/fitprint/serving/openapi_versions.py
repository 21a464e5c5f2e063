"""An OpenAPI 3.1 document as OpenAPI 3.0 or Swagger 2.0, for the tools that know only these."""

from __future__ import annotations

from typing import Any

from fitprint.serving.bodies import JSON

Document = dict[str, Any]


def as_3_0(document: Document) -> Document:
    """Return a 3.1 document as 3.0: null is no type there, and base64 is a format."""
    return {**_schemas_3_0(document), "openapi": "3.0.3"}


def as_2_0(document: Document) -> Document:
    """Return a 3.1 document as Swagger 2.0, where an operation has one body, and a schema no alternatives."""
    older = as_3_0(document)
    components = older.get("components", {})
    result: Document = {
        "swagger": "2.0",
        "info": older["info"],
        "consumes": [JSON],
        "produces": [JSON],
        "paths": {
            path: {method: _operation(operation) for method, operation in operations.items()}
            for path, operations in older["paths"].items()
        },
        "definitions": {name: _schema_2_0(schema) for name, schema in components.get("schemas", {}).items()},
    }
    if components.get("securitySchemes"):
        result["securityDefinitions"] = {"Bearer": {"type": "apiKey", "name": "Authorization", "in": "header"}}
    return result


def _schemas_3_0(value: Any) -> Any:
    if isinstance(value, list):
        return [_schemas_3_0(item) for item in value]
    if not isinstance(value, dict):
        return value
    result = {key: inner if key in ("example", "default") else _schemas_3_0(inner) for key, inner in value.items()}
    kinds = value.get("type")
    if isinstance(kinds, list):
        result["type"] = next(kind for kind in kinds if kind != "null")
        result["nullable"] = True
    if result.pop("contentEncoding", None) == "base64":
        result["format"] = "byte"
    return result


def _operation(operation: Document) -> Document:
    result = {key: value for key, value in operation.items() if key != "requestBody"}
    parameters = [_parameter(parameter) for parameter in operation.get("parameters", ())]
    if body := operation.get("requestBody"):
        content = body["content"]
        schema = _schema_2_0(content[JSON]["schema"] if JSON in content else {})
        example = next(iter(_examples(content.get(JSON, {}))), None)
        if example is not None:
            schema = {"allOf": [schema], "example": example} if "$ref" in schema else {**schema, "example": example}
        required = body.get("required", False)
        parameters.append({"name": "body", "in": "body", "required": required, "schema": schema})
        if list(content) != [JSON]:
            result["consumes"] = list(content)
    if parameters:
        result["parameters"] = parameters
    result["responses"] = {status: _response(response) for status, response in operation["responses"].items()}
    kinds = {kind for response in operation["responses"].values() for kind in response.get("content", ())}
    if kinds - {JSON}:
        result["produces"] = sorted(kinds)
    return result


def _examples(media: Document) -> list[Any]:
    named = [example["value"] for example in media.get("examples", {}).values()]
    return named or ([media["example"]] if "example" in media else [])


def _parameter(parameter: Document) -> Document:
    result = {key: value for key, value in parameter.items() if key != "schema"}
    return {**result, **_schema_2_0(parameter["schema"])}


def _response(response: Document) -> Document:
    result: Document = {"description": response["description"]}
    for media in response.get("content", {}).values():
        result["schema"] = _schema_2_0(media["schema"])
    return result


def _schema_2_0(schema: Any) -> Any:
    """Return a schema with references to definitions, alternatives as one object with every key, and x-nullable."""
    if isinstance(schema, list):
        return [_schema_2_0(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return {"$ref": schema["$ref"].replace("#/components/schemas/", "#/definitions/")}
    if "oneOf" in schema:
        return _merged(schema)
    result = {key: value if key in ("example", "default") else _schema_2_0(value) for key, value in schema.items()}
    if result.pop("nullable", False):
        result["x-nullable"] = True
    return result


def _merged(schema: Document) -> Document:
    """Return alternatives as what Swagger 2.0 can say: an object with the keys of all of them, or anything."""
    rest = {key: value for key, value in schema.items() if key != "oneOf"}
    alternatives = schema["oneOf"]
    if not all(alternative.get("type") == "object" for alternative in alternatives):
        return rest
    properties: Document = {}
    for alternative in alternatives:
        properties |= {name: _schema_2_0(value) for name, value in alternative.get("properties", {}).items()}
    return {"type": "object", "properties": properties, **rest}
