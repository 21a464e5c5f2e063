"""MLServer's own codecs: they build the requests of Open Inference that we get, and read the answers that we give."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("sklearn")

ASK = """
import json, sys, urllib.request
import numpy as np
import pandas as pd
from mlserver.codecs import NumpyCodec, NumpyRequestCodec, PandasCodec, StringCodec
from mlserver.types import InferenceRequest, InferenceResponse, MetadataModelResponse, MetadataServerResponse

address, rows = sys.argv[1:]
frame = pd.read_json(rows, orient="split")

def get(path, kind):
    with urllib.request.urlopen(address + path) as answer:
        return kind.model_validate_json(answer.read())

def infer(request, method=""):
    content = request.model_dump_json(exclude_none=True).encode()
    url = address + "/v2/models/iris/infer" + method
    asked = urllib.request.Request(url, content, {"Content-Type": "application/json"})
    with urllib.request.urlopen(asked) as answer:
        return InferenceResponse.model_validate_json(answer.read())

server = get("/v2", MetadataServerResponse)
model = get("/v2/models/iris", MetadataModelResponse)
by_pandas = infer(PandasCodec.encode_request(frame))
by_columns = infer(InferenceRequest(id="seven", inputs=[
    NumpyCodec.encode_input(name, frame[[name]].to_numpy()) for name in frame.columns]))
shares = infer(PandasCodec.encode_request(frame), "/predict_proba")
print(json.dumps({
    "server": server.name,
    "inputs": [
        [given.name, getattr(given.datatype, "value", given.datatype), given.shape] for given in model.inputs
    ],
    "predictions": [NumpyRequestCodec.decode_response(each).ravel().tolist() for each in (by_columns,)]
        + [PandasCodec.decode_response(by_pandas).iloc[:, 0].tolist()],
    "id": by_columns.id,
    "model": by_columns.model_name,
    "shares": NumpyRequestCodec.decode_response(shares).tolist(),
}))
"""

TYPES = """
import json, sys, urllib.request
import pandas as pd
from mlserver.codecs import PandasCodec
from mlserver.types import InferenceResponse

address, = sys.argv[1:]
frame = pd.DataFrame({
    "city": ["Łódź", ""],
    "visits": [9007199254740993, -1],
    "member": [True, False],
    "since": pd.to_datetime(["2026-01-31T12:30:00", "2026-02-01T00:00:00"]),
    "age": [1.5, float("nan")],
})
content = PandasCodec.encode_request(frame).model_dump_json().encode()
asked = urllib.request.Request(address + "/v2/models/echo/infer", content, {"Content-Type": "application/json"})
with urllib.request.urlopen(asked) as answer:
    response = InferenceResponse.model_validate_json(answer.read())
print(PandasCodec.decode_response(response).to_json(orient="split"))
"""


def test_its_codecs_ask_and_read(served_iris, iris, clients_python, run_python, tmp_path):
    model, X, _ = iris
    rows = X.iloc[[0, 60, 140]]
    (tmp_path / "rows.json").write_text(json.dumps(rows.to_dict("split", index=False)))
    done = run_python(ASK, served_iris, "rows.json", python=clients_python, env={"PYTHONPATH": None})
    answered = json.loads(done.stdout.splitlines()[-1])
    assert answered["server"] == "fitprint"
    assert answered["inputs"] == [[name, "FP64", [-1, 1]] for name in X.columns]
    assert answered["predictions"] == [model.predict(rows).tolist()] * 2
    assert (answered["id"], answered["model"]) == ("seven", "iris")
    assert answered["shares"] == model.predict_proba(rows).tolist()


def test_every_type_survives_its_codecs(clients_python, run_python, tmp_path, start_server, unused_port):
    import sys

    from fitprint.models import ColSpec, ModelSignature, Schema
    from fitprint.pyfunc import PythonModel, save_model

    class Echo(PythonModel):
        def predict(self, context, model_input):
            return model_input

    columns = [
        ColSpec("string", "city"),
        ColSpec("long", "visits"),
        ColSpec("boolean", "member"),
        ColSpec("datetime", "since"),
        ColSpec("double", "age"),
    ]
    signature = ModelSignature(Schema(columns), Schema(columns))
    save_model(tmp_path / "echo", python_model=Echo(), signature=signature)
    command = [sys.executable, "-m", "fitprint", "serve", str(tmp_path / "echo"), "--port", str(unused_port)]
    with start_server(command, unused_port, tmp_path, "/ping") as address:
        done = run_python(TYPES, address, python=clients_python, env={"PYTHONPATH": None})
    answered = json.loads(done.stdout.splitlines()[-1])
    found = dict(zip(answered["columns"], zip(*answered["data"], strict=True), strict=True))
    assert found["city"] == ("Łódź", "")
    assert found["visits"] == (9007199254740993, -1)
    assert found["member"] == (True, False)
    assert found["age"] == (1.5, None)
    assert [str(value)[:10] for value in found["since"]] in (["2026-01-31", "2026-02-01"], ["1769862600", "1769904000"])
