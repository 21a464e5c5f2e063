"""Stock MLflow's own client of its scoring server, asking ours."""

from __future__ import annotations

import json

import numpy as np
import pytest

pytest.importorskip("sklearn")

ASK = """
import json, sys
import numpy as np
import pandas as pd
from mlflow.pyfunc.scoring_server.client import ScoringServerClient

address, rows = sys.argv[1:]
client = ScoringServerClient(*address.removeprefix("http://").split(":"))
client.wait_server_ready(timeout=30)
frame = pd.read_json(rows, orient="split")
asked = [frame, frame[list(reversed(frame.columns))]]
with_nan = frame.copy()
with_nan.iloc[:, 0] = np.nan  # the client writes it as a bare NaN, which is not JSON
answers = [json.loads(client.invoke(frame).to_json())["predictions"] for frame in [*asked, with_nan]]
try:
    client.invoke(frame.drop(columns=frame.columns[1]))
except Exception as error:
    print(json.dumps([answers, client.get_version(), str(error)]))
"""


@pytest.mark.parametrize("version", ["mlflow2", "mlflow3"])
def test_mlflows_client_gets_what_python_predicts(served_iris, iris, mlflow_pythons, run_python, tmp_path, version):
    model, X, _ = iris
    rows = X.iloc[[0, 60, 140]]
    (tmp_path / "rows.json").write_text(json.dumps(rows.to_dict("split", index=False)))
    done = run_python(ASK, served_iris, "rows.json", python=mlflow_pythons[version], env={"PYTHONPATH": None})
    answers, its_version, error = json.loads(done.stdout.splitlines()[-1])
    with_nan = rows.assign(**{X.columns[0]: np.nan})
    assert answers == [model.predict(rows).tolist()] * 2 + [model.predict(with_nan).tolist()]
    assert its_version
    assert "error code 400" in error
    assert "sepal width (cm)" in error
