"""The same requests to the parser of stock MLflow's server: the same data, or a difference that is promised."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from fitprint.models.schema import Schema
from fitprint.serving import decode
from fitprint.serving.errors import RequestError

SCHEMAS: dict[str, list[dict[str, Any]]] = {
    kind: [{"type": kind, "name": "x", "required": True}]
    for kind in ("boolean", "integer", "long", "float", "double", "string", "binary", "datetime")
}
SCHEMAS["two"] = [{"type": "double", "name": "a", "required": True}, {"type": "string", "name": "b", "required": False}]
SCHEMAS["unnamed"] = [{"type": "double", "required": True}, {"type": "long", "required": True}]
SCHEMAS["list"] = [{"type": "array", "items": {"type": "double"}, "name": "x", "required": True}]
SCHEMAS["tensor"] = [{"type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1, 2]}}]
SCHEMAS["images"] = [{"type": "tensor", "tensor-spec": {"dtype": "uint8", "shape": [-1, 1, 2]}}]
SCHEMAS["tensors"] = [
    {"name": "a", "type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1, 2]}},
    {"name": "b", "type": "tensor", "tensor-spec": {"dtype": "int64", "shape": [-1]}},
]


def column(value: Any) -> str:
    return json.dumps({"dataframe_split": {"columns": ["x"], "data": [[value]]}})


SAME = [
    ("boolean", column(True)),
    ("integer", column(7)),
    ("long", column(2**53 + 1)),
    ("long", column(2.0)),
    ("float", column(0.1)),
    ("double", column(7)),
    ("double", column(0.1)),
    ("double", column(None)),
    ("double", '{"dataframe_split": {"columns": ["x"], "data": [[NaN], [Infinity]]}}'),
    ("string", column("text")),
    ("binary", column("AP8=")),
    ("datetime", column("2024-01-31T12:00:00")),
    ("datetime", column("2024-01-31")),
    ("datetime", '{"dataframe_split": {"columns": ["x"], "data": [["NaT"], ["2024-01-31T12:00:00.123"]]}}'),
    ("double", column("x")),
    ("double", column([1])),
    ("long", column(None)),
    ("two", '{"dataframe_records": [{"a": 1, "b": "x"}, {"b": null, "a": 2.5}]}'),
    ("two", '{"dataframe_records": [{"a": 1, "z": 5}]}'),
    ("two", '{"inputs": {"a": [1, 2], "b": ["x", "y"]}}'),
    ("two", '{"inputs": {"a": 1, "b": "x"}}'),
    ("two", '{"instances": [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]}'),
    ("two", '{"dataframe_split": {"columns": ["b", "a", "z"], "data": [["x", 1, 5]]}}'),
    ("two", '{"dataframe_split": {"data": [[1, "x"]]}}'),
    ("two", '{"inputs": [[1, "x"]]}'),
    ("two", '{"dataframe_records": {"a": 1}}'),
    ("two", '{"dataframe_split": {"columns": ["a"], "more": 1, "data": []}}'),
    ("unnamed", '{"dataframe_split": {"data": [[1, 2]]}}'),
    ("list", '{"dataframe_records": [{"x": [1.5]}, {"x": []}]}'),
    ("tensor", '{"inputs": [[1, 2.5]]}'),
    ("tensor", '{"instances": [[1, 2.5], [3, 4]]}'),
    ("tensor", '{"dataframe_split": {"columns": ["p", "q"], "data": [[1, 2.5]]}}'),
    ("tensor", '{"inputs": [1, 2]}'),
    ("images", '{"inputs": [[[0, 255]]]}'),
    ("tensors", '{"inputs": {"a": [[1, 2]], "b": [3]}}'),
    ("tensors", '{"instances": [{"a": [1, 2], "b": 3}, {"a": [4, 5], "b": 6}]}'),
    ("tensors", '{"inputs": {"a": [[1, 2]]}}'),
]
CHANGED_BY_MLFLOW = [
    ("boolean", column("false")),
    ("boolean", column(0.3)),
    ("boolean", column(None)),
    ("long", column(1.7)),
    ("long", column("7")),
    ("long", column(True)),
    ("double", column("7")),
    ("double", column(2**53 + 1)),
    ("datetime", column(1700000000000)),
    ("images", '{"inputs": [[[0, 1.5]]]}'),
]
"""MLflow takes these for other values than those that were sent; here they are refused."""
REFUSED_BY_MLFLOW = [
    ("datetime", column("2024-01-31T12:00:00Z")),
    ("datetime", column("2024-01-31T12:00:00+01:00")),
    ("two", '{"dataframe_records": []}'),
    ("unnamed", '{"inputs": [[1, 2], [3, 4]]}'),
]
THEIRS = """
import json, sys
import mlflow.pyfunc.scoring_server as server
from mlflow.models.utils import _enforce_schema
from mlflow.types.schema import Schema

schemas, cases = json.loads(open(sys.argv[1]).read())

def plain(value):
    if hasattr(value, "columns"):
        value = value.reset_index(drop=True)
        return {"columns": {str(name): [str(value[name].dtype), [str(cell) for cell in value[name]]] for name in value}}
    if isinstance(value, dict):
        return {name: plain(array) for name, array in value.items()}
    return [str(value.dtype), value.tolist()]

found = []
for name, body in cases:
    schema = Schema.from_json(json.dumps(schemas[name]))
    try:
        data = server.infer_and_parse_data(json.loads(body), schema)
        found.append(plain(_enforce_schema(data, schema)))
    except Exception as error:
        found.append("refused")
print(json.dumps(found))
"""


def plain(value: Any) -> Any:
    if isinstance(value, pd.DataFrame):
        columns = {str(name): [str(value[name].dtype), [str(cell) for cell in value[name]]] for name in value}
        return {"columns": columns}
    if isinstance(value, dict):
        return {name: plain(array) for name, array in value.items()}
    return [str(value.dtype), value.tolist()]


def ours(served: Any, name: str, body: str) -> Any:
    try:
        found = plain(decode.invocations(body.encode(), None, served(Schema.from_dict(SCHEMAS[name]))).data)
    except RequestError:
        return "refused"
    return json.loads(json.dumps(found))


def comparable(found: Any) -> Any:
    """Without what differs between versions of pandas and numpy: the dtype of text, and how a missing text is shown."""
    text = json.dumps(found)
    for theirs, mine in (('"object", ', '"str", '), ('"None"', '"nan"'), ("np.float64(", "("), ("NaN", "null")):
        text = text.replace(theirs, mine)
    return json.loads(text)


def test_requests_are_read_as_mlflow_reads_them(
    served: Any, run_python: Any, mlflow_python: str, tmp_path: Path
) -> None:
    cases = [*SAME, *CHANGED_BY_MLFLOW, *REFUSED_BY_MLFLOW]
    file = tmp_path / "cases.json"
    file.write_text(json.dumps([SCHEMAS, cases]))
    run = run_python(THEIRS, file, python=mlflow_python, env={"PYTHONPATH": None})
    theirs = json.loads(run.stdout.splitlines()[-1])
    mine = [ours(served, *case) for case in cases]
    differing = {
        str(case): (their, my)
        for case, their, my in zip(cases, theirs, mine, strict=True)
        if case in SAME and comparable(their) != comparable(my)
    }
    assert not differing
    by_case = {str(case): their for case, their in zip(cases, theirs, strict=True)}
    assert [case for case in CHANGED_BY_MLFLOW if ours(served, *case) != "refused"] == []
    assert [case for case in REFUSED_BY_MLFLOW if ours(served, *case) == "refused"] == []
    assert all(by_case[str(case)] != "refused" for case in CHANGED_BY_MLFLOW)


def test_mlflows_client_sends_what_is_understood(
    served: Any, run_python: Any, mlflow_python: str, tmp_path: Path
) -> None:
    """`dump_input_data` writes bare NaN and "NaT"."""
    program = """
        import numpy as np, pandas as pd
        from mlflow.utils.proto_json_utils import dump_input_data
        times = pd.to_datetime(["2024-01-31T12:00:00", None])
        print(dump_input_data(pd.DataFrame({"x": [1.5, np.nan], "t": times, "s": ["a", "b"]}), params={"p": 2}))
    """
    run = run_python(program, python=mlflow_python, env={"PYTHONPATH": None})
    body = run.stdout.strip().splitlines()[-1]
    assert "NaN" in body
    from fitprint.models.param_schema import ParamSchema, ParamSpec
    from fitprint.models.schema import ColSpec

    schema = Schema([ColSpec("double", "x"), ColSpec("datetime", "t"), ColSpec("string", "s")])
    model = served(schema, params=ParamSchema([ParamSpec("p", "long", 1)]))
    request = decode.invocations(body.encode(), "application/json", model)
    assert request.params == {"p": 2}
    assert request.data["x"].isna().tolist() == [False, True]
    assert str(request.data["t"].iloc[0]) == "2024-01-31 12:00:00"
    assert request.data["t"].isna().tolist() == [False, True]


@pytest.mark.parametrize("kind", ["numbers", "table"])
def test_answers_are_those_of_mlflow(run_python: Any, mlflow_python: str, kind: str) -> None:
    """`predictions_to_json` of stock MLflow and ours, of the same predictions."""
    made = {
        "numbers": "[np.array([1, 2]), np.array([[0.1, 0.2]]), pd.Series([1.5], name='y'), np.array(['a'])]",
        "table": "[pd.DataFrame({'a': [1], 'b': ['x'], 't': pd.to_datetime(['2024-01-31T12:00:00'])}), {'a': 1}]",
    }[kind]
    program = f"""
        import io, json
        import numpy as np, pandas as pd
        from mlflow.pyfunc.scoring_server import predictions_to_json
        found = []
        for predictions in {made}:
            text = io.StringIO()
            predictions_to_json(predictions, text)
            found.append(json.loads(text.getvalue()))
        print(json.dumps(found))
    """
    theirs = json.loads(run_python(program, python=mlflow_python, env={"PYTHONPATH": None}).stdout.splitlines()[-1])
    from fitprint.serving import encode

    predictions = eval(made, {"np": np, "pd": pd})
    assert [json.loads(encode.invocations(one)) for one in predictions] == theirs
