"""The calls that the Test page shows: each is run as it stands, and gets what Python predicts."""

from __future__ import annotations

import json
import os
import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest

import fitprint
from fitprint.models import ColSpec, ModelSignature, ParamSchema, ParamSpec, Schema, TensorSpec, infer_signature
from fitprint.pyfunc import PythonModel
from fitprint.pyfunc import save_model as save_python_model

pytest.importorskip("sklearn")
pytest.importorskip("starlette", reason="serving is not installed")

PROTOCOLS = ["MLflow", "Azure ML", "Open Inference", "KServe V1"]
LANGUAGES = ["curl", "Python"]


@pytest.fixture
def run_call(run_python):
    """Runs a shown call, in bash or in Python, and returns the predictions in its answer."""

    def run(language, call, **env):
        if language == "Python":
            printed = run_python(
                f"import builtins, json\nprint = lambda value: builtins.print(json.dumps(value))\n{call}", env=env
            )
            return predictions_of(json.loads(printed.stdout))
        if shutil.which("curl") is None or shutil.which("bash") is None:
            pytest.skip("curl or bash is not installed")
        command = ["bash", "-c", call.replace("curl ", "curl -sS ", 1)]
        done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **env}, check=False)
        assert done.returncode == 0, done.stderr
        return predictions_of(json.loads(done.stdout))

    return run


def predictions_of(answer):
    """What was predicted, in whichever protocol it was answered."""
    if isinstance(answer, list):
        return answer
    if "outputs" in answer:
        [output] = answer["outputs"]
        made = np.reshape(output["data"], output["shape"])
        return (made.squeeze(-1) if made.ndim > 1 and made.shape[-1] == 1 else made).tolist()
    assert "predictions" in answer, answer
    return answer["predictions"]


@pytest.fixture(scope="module")
def iris(tmp_path_factory, running_app):
    from sklearn.datasets import load_iris
    from sklearn.linear_model import LogisticRegression

    from fitprint.serving import app_of

    X, y = load_iris(return_X_y=True, as_frame=True)
    model = LogisticRegression(max_iter=500).fit(X, y)
    folder = tmp_path_factory.mktemp("packages") / "iris"
    fitprint.sklearn.save_model(model, folder, signature=infer_signature(X, y), input_example=X.head(3))
    with running_app(app_of(folder)) as address:
        yield model, X, address


def letters():
    class Letters(PythonModel):
        """Answers one number for each row, into which every value goes."""

        def predict(self, context, model_input, params=None):
            texts = model_input["city"].map(len)
            times = model_input["since"].astype("datetime64[s]").astype("int64") % 1000
            factor = params["factor"] if params else 1.0
            return ((texts + times + model_input["member"] * 0.5 + model_input["visits"] % 7) * factor).tolist()

    return Letters()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_shown_call_gets_what_python_predicts(iris, open_page, run_call, protocol, language):
    model, X, address = iris
    shown = open_page(address)
    shown.page.locator("#fields .field").first.wait_for()
    shown.choose(protocol)
    shown.choose(language)
    shown.page.get_by_label("petal width (cm)", exact=True).fill("2.4")
    row = X.head(1).assign(**{"petal width (cm)": 2.4})
    for method in ("predict", "predict_proba"):
        shown.page.locator("#method").select_option(method)
        answered = run_call(language, shown.page.locator("#call").inner_text())
        assert answered == getattr(model, method)(row).tolist()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_quotes_types_and_params_survive(tmp_path, running_app, open_page, run_call, protocol, language):
    from fitprint.serving import app_of

    columns = [
        ColSpec("string", "city"),
        ColSpec("long", "visits"),
        ColSpec("boolean", "member"),
        ColSpec("datetime", "since"),
        ColSpec("double", "it's", False),
    ]
    signature = ModelSignature(Schema(columns), None, ParamSchema([ParamSpec("factor", "double", 1.0)]))
    save_python_model(tmp_path / "letters", python_model=letters(), signature=signature)
    city = 'it\'s "Łódź" \\ $HOME `id` \N{GRINNING FACE}\n'
    with running_app(app_of(tmp_path / "letters", token="open-sesame")) as address:
        shown = open_page(address)
        shown.page.get_by_label("This server asks for a token").fill("open-sesame")
        shown.page.keyboard.press("Enter")
        shown.page.get_by_label("city").fill(city)
        shown.page.get_by_label("visits").fill("9007199254740993")
        shown.page.get_by_label("member").select_option("true")
        shown.page.get_by_label("since").fill("2026-01-31T12:30:07")
        shown.page.get_by_label("it's").fill("NaN" if protocol == "MLflow" else "2.5")
        shown.page.get_by_text("Params").click()
        shown.page.get_by_label("factor").fill("2.5")
        shown.choose(protocol)
        shown.choose(language)
        call = shown.page.locator("#call").inner_text()
        row = pd.DataFrame(
            {
                "city": [city],
                "visits": [9007199254740993],
                "member": [True],
                "since": pd.to_datetime(["2026-01-31T12:30:07"]),
                "it's": [2.5],
            }
        )
        expected = fitprint.load_model(tmp_path / "letters").predict(row, params={"factor": 2.5})
        assert "open-sesame" not in call
        assert run_call(language, call, FITPRINT_SERVE_TOKEN="open-sesame") == expected


def a_sum():
    class Sums(PythonModel):
        def predict(self, context, model_input):
            return model_input["image"].sum(axis=(1, 2)) + model_input["age"] % 10

    return Sums()


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_tensors_have_a_call_in_each_protocol(tmp_path, running_app, open_page, run_call, protocol):
    from fitprint.serving import app_of

    inputs = Schema([TensorSpec("float64", (-1, 2, 2), "image"), TensorSpec("int64", (-1,), "age")])
    save_python_model(tmp_path / "sums", python_model=a_sum(), signature=ModelSignature(inputs))
    with running_app(app_of(tmp_path / "sums")) as address:
        shown = open_page(address)
        shown.page.get_by_label("image").fill("[[[1, 2], [3, 4.5]], [[0, 0], [0, 1]]]")
        shown.page.get_by_label("age", exact=True).fill("[9007199254740993, 20]")
        shown.choose(protocol)
        assert run_call("curl", shown.page.locator("#call").inner_text()) == [13.5, 1.0]


def test_a_pasted_body_is_shown_in_the_other_protocols_too(iris, open_page, run_call):
    model, X, address = iris
    shown = open_page(address)
    shown.choose("JSON")
    for body in (
        {"dataframe_split": X.iloc[[0, 60, 140]].to_dict("split", index=False)},
        {"dataframe_records": X.iloc[[0, 60, 140]].to_dict("records")},
    ):
        shown.page.locator("#text").fill(json.dumps(body))
        for protocol in PROTOCOLS:
            shown.choose(protocol)
            answered = run_call("curl", shown.page.locator("#call").inner_text())
            assert answered == model.predict(X.iloc[[0, 60, 140]]).tolist()


def test_csv_has_a_call_in_mlflows_protocol_alone(iris, open_page, run_call):
    model, X, address = iris
    shown = open_page(address)
    shown.choose("CSV")
    shown.page.locator("#text").fill(X.tail(3).to_csv(index=False))
    for language in LANGUAGES:
        shown.choose(language)
        answered = run_call(language, shown.page.locator("#call").inner_text())
        assert answered == model.predict(X.tail(3)).tolist()
    shown.choose("KServe V1")
    assert shown.page.locator("#call").inner_text() == "Only MLflow's protocol takes CSV."


def test_the_call_is_copied(iris, open_page):
    shown = open_page(iris[2])
    shown.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    shown.page.locator("#fields .field").first.wait_for()
    shown.page.get_by_role("button", name="Copy").click()
    shown.page.get_by_role("button", name="Copied").wait_for()
    assert shown.page.evaluate("navigator.clipboard.readText()") == shown.page.locator("#call").inner_text()
