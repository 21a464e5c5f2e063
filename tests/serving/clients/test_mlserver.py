"""MLServer's own codecs: they build the requests of Open Inference that we get, and read the answers that we give."""

from __future__ import annotations

import json
import sys

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
    "inputs": [[tensor.name, tensor.datatype, tensor.shape] for tensor in model.inputs],
    "predictions": [NumpyRequestCodec.decode_response(answer).ravel().tolist() for answer in (by_columns,)]
        + [PandasCodec.decode_response(by_pandas).iloc[:, 0].tolist()],
    "id": by_columns.id,
    "model": by_columns.model_name,
    "shares": NumpyRequestCodec.decode_response(shares).tolist(),
}))
"""

TYPES = """
import datetime, json, sys, urllib.request
import numpy as np
from mlserver.codecs import DatetimeCodec, NumpyCodec, StringCodec
from mlserver.types import InferenceRequest, InferenceResponse, Parameters

address, = sys.argv[1:]
times = [datetime.datetime(2026, 1, 31, 12, 30), datetime.datetime(2026, 2, 1)]
content = InferenceRequest(parameters=Parameters(content_type="pd"), inputs=[
    StringCodec.encode_input("city", ["Łódź", ""], use_bytes=False),
    NumpyCodec.encode_input("visits", np.array([9007199254740993, -1])),
    NumpyCodec.encode_input("member", np.array([True, False])),
    DatetimeCodec.encode_input("since", times, use_bytes=False),
    NumpyCodec.encode_input("age", np.array([1.5, 2.5])),
]).model_dump_json(exclude_none=True).encode()
asked = urllib.request.Request(address + "/v2/models/echo/infer", content, {"Content-Type": "application/json"})
with urllib.request.urlopen(asked) as answer:
    response = InferenceResponse.model_validate_json(answer.read())
codecs = {"str": StringCodec, "datetime": DatetimeCodec}
found = {}
for output in response.outputs:
    codec = codecs.get(output.parameters.content_type if output.parameters else None, NumpyCodec)
    values = codec.decode_output(output)
    found[output.name] = values.ravel().tolist() if hasattr(values, "ravel") else values
found["since"] = [value.replace(tzinfo=None) == time for value, time in zip(found["since"], times)]
print(json.dumps(found))
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
    assert json.loads(done.stdout.splitlines()[-1]) == {
        "city": ["Łódź", ""],
        "visits": [9007199254740993, -1],
        "member": [True, False],
        "since": [True, True],
        "age": [1.5, 2.5],
    }
