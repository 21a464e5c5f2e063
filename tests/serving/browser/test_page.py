"""The Test page in a browser: what is typed or pasted gets the predictions that Python gets, or a fault at a field."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import fitprint
from fitprint.models import ColSpec, ModelSignature, ParamSchema, ParamSpec, Schema, TensorSpec, infer_signature
from fitprint.models.types import Array
from fitprint.pyfunc import PythonModel
from fitprint.pyfunc import save_model as save_python_model

sklearn = pytest.importorskip("sklearn")
pytest.importorskip("starlette", reason="serving is not installed")

MARKUP = "<img src=x onerror=alert(1)>"
END_OF_SCRIPT = "</script><script>alert(2)</script>"
COLUMNS = [
    ColSpec("double", "age"),
    ColSpec("long", "visits"),
    ColSpec("string", "city"),
    ColSpec("boolean", "member"),
    ColSpec("datetime", "since"),
    ColSpec("binary", "photo", False),
    ColSpec(Array("double"), "history", False),
    ColSpec("string", MARKUP, False),
    ColSpec("double", END_OF_SCRIPT, False),
    ColSpec("double", "__proto__", False),
]
PARAMS = [ParamSpec("threshold", "double", 0.5), ParamSpec("labels", "string", ["a"], (-1,))]


def an_echo():
    class Echo(PythonModel):
        """Answers what it was asked with, as Python writes it."""

        def predict(self, context, model_input, params=None):
            cells = [{str(name): f"{row[name]!r}" for name in model_input.columns} for _, row in model_input.iterrows()]
            return [{**row, "params": repr(params)} for row in cells]

    return Echo()


def a_sum():
    class Sums(PythonModel):
        def predict(self, context, model_input):
            return model_input["image"].sum(axis=(1, 2)) + model_input["age"] % 10

    return Sums()


@pytest.fixture(scope="module")
def iris(tmp_path_factory):
    from sklearn.datasets import load_iris
    from sklearn.linear_model import LogisticRegression

    X, y = load_iris(return_X_y=True, as_frame=True)
    model = LogisticRegression(max_iter=500).fit(X, y)
    folder = tmp_path_factory.mktemp("packages") / "iris"
    fitprint.sklearn.save_model(model, folder, signature=infer_signature(X, y), input_example=X.head(3))
    return model, X, folder


@pytest.fixture(scope="module")
def iris_address(iris, running_app):
    from fitprint.serving import app_of

    with running_app(app_of(iris[2])) as address:
        yield address


@pytest.fixture(scope="module")
def echo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("packages") / "echo"
    save_python_model(
        folder, python_model=an_echo(), signature=ModelSignature(Schema(COLUMNS), None, ParamSchema(PARAMS))
    )
    return folder


@pytest.fixture(scope="module")
def echo_address(echo, running_app):
    from fitprint.serving import app_of

    with running_app(app_of(echo)) as address:
        yield address


@pytest.fixture(scope="module")
def wide_address(tmp_path_factory, running_app):
    from sklearn.linear_model import LinearRegression

    from fitprint.serving import app_of

    X = pd.DataFrame(np.eye(600), columns=[f"feature {i}" for i in range(600)])
    model = LinearRegression(fit_intercept=False).fit(X, np.arange(600.0))
    folder = tmp_path_factory.mktemp("packages") / "wide"
    fitprint.sklearn.save_model(model, folder, signature=infer_signature(X, model.predict(X)))
    with running_app(app_of(folder)) as address:
        yield address


def fill(page, **values):
    page.get_by_role("button", name="Clear").click()
    for label, value in values.items():
        field = page.get_by_label(label, exact=True)
        field.select_option(value) if label == "member" else field.fill(value)


PERSON = {"age": "41.5", "visits": "3", "city": "Łódź", "member": "true", "since": "2026-01-31T12:30:00"}


# ---- what the form predicts


@pytest.mark.parametrize("method", ["predict", "predict_proba", "decision_function"])
def test_the_form_predicts_what_python_predicts(iris, iris_address, open_page, method):
    model, X, _ = iris
    shown = open_page(iris_address)
    shown.page.locator("#method").select_option(method)
    for row in (0, 70, 149):
        for name, value in X.iloc[row].items():
            shown.page.get_by_label(name, exact=True).fill(repr(float(value)))
        shown.predict()
        [expected] = np.asarray(getattr(model, method)(X.iloc[[row]])).reshape(1, -1).tolist()
        assert [json.loads(cells[-1]) for cells in shown.table()] == expected


def test_probabilities_have_a_bar_each(iris, iris_address, open_page):
    model, X, _ = iris
    shown = open_page(iris_address)
    shown.page.locator("#method").select_option("predict_proba")
    shown.predict()
    widths = [bar.evaluate("bar => bar.style.width") for bar in shown.page.locator(".share i").all()]
    expected = model.predict_proba(X.head(1))[0] * 100
    assert [float(width.removesuffix("%")) for width in widths] == pytest.approx(expected, abs=1e-3)
    assert [name for name, _ in shown.table()] == [str(label) for label in model.classes_]
    shown.page.locator("#method").select_option("predict")
    shown.predict()
    assert shown.page.locator(".share").count() == 0


def test_the_form_begins_with_the_example_and_can_be_cleared(iris, iris_address, open_page):
    shown = open_page(iris_address)
    fields = shown.page.locator("#fields input")
    expected = [repr(value) for value in iris[1].iloc[0]]
    assert [field.input_value() for field in fields.all()] == expected
    shown.page.get_by_role("button", name="Clear").click()
    assert {field.input_value() for field in fields.all()} == {""}
    shown.page.get_by_role("button", name="Example").click()
    assert [field.input_value() for field in fields.all()] == expected


def test_every_type_arrives_as_python_would_pass_it(echo, echo_address, open_page):
    shown = open_page(echo_address)
    hostile = {MARKUP: END_OF_SCRIPT, END_OF_SCRIPT: "1e300", "__proto__": "-0.0"}
    fill(shown.page, **PERSON, photo="AAH/", history="[1.5, 2]", **hostile)
    shown.page.get_by_text("Params", exact=True).click()
    shown.page.get_by_label("threshold").fill("0.25")
    shown.page.get_by_label("labels").fill('["x", "it\'s"]')
    shown.predict()
    frame = pd.DataFrame(
        {
            "age": [41.5],
            "visits": np.array([3], dtype="int64"),
            "city": ["Łódź"],
            "member": [True],
            "since": pd.to_datetime(["2026-01-31T12:30:00"]),
            "photo": [b"\x00\x01\xff"],
            "history": [[1.5, 2.0]],
            MARKUP: [END_OF_SCRIPT],
            END_OF_SCRIPT: [1e300],
            "__proto__": [-0.0],
        }
    )
    params = {"threshold": 0.25, "labels": ["x", "it's"]}
    [expected] = fitprint.load_model(echo).predict(frame, params=params)
    assert dict(shown.table()) == expected


def test_an_empty_field_of_an_optional_column_is_a_missing_value(echo_address, open_page):
    shown = open_page(echo_address)
    fill(shown.page, **{**PERSON, "age": "", "city": ""})
    shown.predict()
    answered = dict(shown.table())
    assert answered["age"] in ("nan", "np.float64(nan)")
    assert answered["city"] == "''"
    assert {answered[name] for name in ("photo", "history", MARKUP)} <= {"None", "nan"}


def test_tensors_are_typed_as_json_and_whole_numbers_stay_exact(tmp_path, running_app, open_page):
    from fitprint.serving import app_of

    inputs = Schema([TensorSpec("float64", (-1, 2, 2), "image"), TensorSpec("int64", (-1,), "age")])
    save_python_model(tmp_path / "sums", python_model=a_sum(), signature=ModelSignature(inputs))
    with running_app(app_of(tmp_path / "sums")) as address:
        shown = open_page(address)
        shown.page.get_by_label("image").fill("[[[1, 2], [3, 4.5]], [[0, 0], [0, 1]]]")
        shown.page.get_by_label("age", exact=True).fill("[9007199254740993, 20]")
        shown.predict()
        assert [float(value) for [value] in shown.table()] == [13.5, 1.0]
        shown.page.get_by_label("age", exact=True).fill("[1, 2")
        shown.page.get_by_role("button", name="Predict").click()
        assert "This is not JSON" in shown.page.locator("#fields .field").last.inner_text()
        assert shown.page.locator("#status").inner_text() == "Not sent"


def test_a_model_without_a_signature_takes_pasted_rows(tmp_path, running_app, open_page):
    from sklearn.linear_model import LinearRegression

    from fitprint.serving import app_of

    model = LinearRegression().fit([[0.0, 1.0], [1.0, 0.0], [2.0, 5.0]], [1.0, 2.0, 3.0])
    fitprint.sklearn.save_model(model, tmp_path / "plain", signature=False)
    with running_app(app_of(tmp_path / "plain")) as address:
        shown = open_page(address)
        assert shown.page.locator("#way-form").is_hidden()
        shown.page.locator("#text").fill('{"inputs": [[1, 2], [3, 4]]}')
        shown.predict()
        assert [float(value) for [value] in shown.table()] == model.predict([[1, 2], [3, 4]]).tolist()


# ---- rows that are pasted


def test_pasted_csv_and_json_predict_what_python_predicts(iris, iris_address, open_page):
    model, X, _ = iris
    rows = X.sample(120, random_state=0)
    expected = [str(value) for value in model.predict(rows)]
    shown = open_page(iris_address)
    shown.choose("CSV")
    shown.page.locator("#text").fill(rows.to_csv(index=False))
    shown.predict()
    assert [value for [value] in shown.table()] == expected
    shown.choose("JSON")
    shown.page.locator("#text").fill(json.dumps({"dataframe_records": rows.to_dict("records")}))
    shown.predict()
    assert [value for [value] in shown.table()] == expected
    assert "120 rows" in shown.page.locator("#answer").inner_text()


def test_texts_begin_with_what_the_form_says(echo_address, open_page):
    shown = open_page(echo_address)
    fill(shown.page, **{**PERSON, "city": 'a "b", c'})
    shown.choose("CSV")
    assert shown.page.locator("#text").input_value() == (
        f"age,visits,city,member,since,photo,history,{MARKUP},{END_OF_SCRIPT},__proto__\n"
        '41.5,3,"a ""b"", c",true,2026-01-31T12:30:00,,,,,\n'
    )
    shown.predict()
    by_csv = dict(shown.table())
    shown.choose("JSON")
    assert json.loads(shown.page.locator("#text").input_value())["dataframe_split"]["data"][0][2] == 'a "b", c'
    shown.predict()
    assert dict(shown.table()) == by_csv
    assert by_csv["city"] == repr('a "b", c')


def test_a_file_can_be_chosen(iris, iris_address, open_page, tmp_path):
    model, X, _ = iris
    X.tail(7).to_csv(tmp_path / "rows.csv", index=False)
    shown = open_page(iris_address)
    shown.choose("CSV")
    shown.page.locator("#file").set_input_files(tmp_path / "rows.csv")
    shown.predict()
    assert [value for [value] in shown.table()] == [str(value) for value in model.predict(X.tail(7))]


def test_of_many_rows_the_first_are_shown(iris, iris_address, open_page):
    X = pd.concat([iris[1]] * 3)
    shown = open_page(iris_address)
    shown.choose("CSV")
    shown.page.locator("#text").fill(X.to_csv(index=False))
    shown.predict()
    assert len(shown.table()) == 200
    assert "450 rows, of which the first 200 are shown" in shown.page.locator("#answer").inner_text()


# ---- faults


def test_faults_are_shown_at_their_fields(echo_address, open_page):
    shown = open_page(echo_address)
    fill(shown.page, **{**PERSON, "visits": "1.7", "since": "yesterday"})
    shown.predict()
    invalid = shown.page.locator("[aria-invalid=true]")
    assert [field.get_attribute("id") for field in invalid.all()] == [
        shown.page.get_by_label(name, exact=True).get_attribute("id") for name in ("visits", "since")
    ]
    for field in invalid.all():
        described = field.get_attribute("aria-describedby").split()
        assert shown.page.locator(f"#{described[-1]}").inner_text()
    assert invalid.first.evaluate("field => field === document.activeElement")
    assert "2 fields are marked" in shown.page.get_by_role("alert").first.inner_text()
    shown.page.get_by_label("visits", exact=True).fill("17")
    shown.page.get_by_label("since", exact=True).fill("2026-01-31")
    shown.predict()
    assert invalid.count() == 0
    assert dict(shown.table())["visits"] in ("17", "np.int64(17)")


def test_a_fault_of_a_param_opens_the_params(echo_address, open_page):
    shown = open_page(echo_address)
    fill(shown.page, **PERSON)
    shown.page.get_by_text("Params", exact=True).click()
    shown.page.get_by_label("threshold").fill("high")
    shown.page.get_by_text("Params", exact=True).click()
    shown.predict()
    assert shown.page.get_by_label("threshold").get_attribute("aria-invalid") == "true"
    assert shown.page.get_by_label("threshold").is_visible()


def test_faults_of_pasted_rows_are_listed_with_row_and_column(iris, iris_address, open_page):
    rows = iris[1].head(40).astype(object)
    rows.iloc[[3, 30], 1] = "wide"
    shown = open_page(iris_address)
    shown.choose("CSV")
    shown.page.locator("#text").fill(rows.to_csv(index=False))
    shown.predict()
    assert [cells[:2] for cells in shown.table()] == [["3", "sepal width (cm)"], ["30", "sepal width (cm)"]]
    rows.iloc[:, 1] = MARKUP
    shown.page.locator("#text").fill(rows.to_csv(index=False))
    shown.predict()
    assert "the first 20 of 40 faults" in shown.page.locator("#answer").inner_text()


def test_an_unknown_column_that_is_ignored_is_named(iris, iris_address, open_page):
    shown = open_page(iris_address)
    shown.choose("CSV")
    shown.page.locator("#text").fill(iris[1].head(2).assign(weight=1).to_csv(index=False))
    shown.predict()
    assert "weight" in shown.page.locator("#answer").inner_text()


def test_a_server_that_is_gone_is_told(iris, running_app, open_page):
    from fitprint.serving import app_of

    with running_app(app_of(iris[2])) as address:
        shown = open_page(address)
    shown.page.get_by_role("button", name="Predict").click()
    shown.page.get_by_text("The server cannot be reached.").wait_for()


# ---- hostile names and values


def test_no_name_and_no_value_is_read_as_html(tmp_path, running_app, open_page):
    from fitprint.serving import app_of

    save_python_model(tmp_path / "echo", python_model=an_echo(), signature=ModelSignature(Schema(COLUMNS)))
    with running_app(app_of(tmp_path / "echo", name="<b>bold<-")) as address:
        shown = open_page(address)
        fill(shown.page, **{**PERSON, "city": MARKUP, MARKUP: END_OF_SCRIPT})
        shown.predict()
        shown.choose("CSV")
        shown.page.locator("#text").fill(f"{MARKUP},age\n{MARKUP},{END_OF_SCRIPT}\n")
        shown.predict()
        assert shown.page.locator("img, b, script:not(head script, body > script)").count() == 0
        assert shown.page.locator("h1").inner_text() == "<b>bold<-"
    # that no dialog has opened is checked by `open_page`


# ---- the token


def test_with_a_token_nothing_of_the_model_is_told_without_it(iris, running_app, open_page, monkeypatch):
    from fitprint.serving import app_of

    with running_app(app_of(iris[2], token="open-sesame")) as address:
        shown = open_page(address)
        shown.page.get_by_label("This server asks for a token").wait_for()
        assert "sepal" not in shown.page.content()
        shown.page.get_by_label("This server asks for a token").fill("wrong")
        shown.page.get_by_role("button", name="Open").click()
        shown.page.get_by_text("This is not the server's token.").wait_for()
        shown.page.get_by_label("This server asks for a token").fill("open-sesame")
        shown.page.keyboard.press("Enter")
        shown.page.get_by_label("sepal length (cm)").wait_for()
        shown.predict()
        assert len(shown.table()) == 1
        assert "open-sesame" not in shown.page.locator("main").inner_text()
        assert "$FITPRINT_SERVE_TOKEN" in shown.page.locator("#call").inner_text()


# ---- who uses it, and on what


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_that_keeps_people_from_using_it(iris_address, echo_address, open_page, axe, scheme):
    def found(shown):
        shown.page.evaluate(axe)
        violations = shown.page.evaluate("axe.run()")["violations"]
        return [
            (violation["id"], violation["impact"], [node["html"] for node in violation["nodes"]])
            for violation in violations
        ]

    for address in (iris_address, echo_address):
        shown = open_page(address, color_scheme=scheme)
        shown.page.locator("#fields .field").first.wait_for()
        assert found(shown) == []
        shown.predict()
        assert found(shown) == []
    shown = open_page(echo_address, color_scheme=scheme, viewport={"width": 390, "height": 844})
    fill(shown.page, **{**PERSON, "visits": "1.7"})
    shown.page.get_by_text("Params", exact=True).click()
    shown.predict()
    assert found(shown) == []
    for way in ("CSV", "JSON"):
        shown.choose(way)
        shown.predict()
        assert found(shown) == []


def test_it_can_be_used_without_a_mouse(iris, iris_address, open_page):
    model, X, _ = iris
    shown = open_page(iris_address)
    page = shown.page
    page.locator("#fields .field").first.wait_for()
    reached = []
    for _ in range(30):
        page.keyboard.press("Tab")
        element = page.evaluate(
            "[document.activeElement.id, document.activeElement.name, document.activeElement.value]"
        )
        reached.append(element[0] or element[1])
        if element[0] == "fields-0-0":
            page.keyboard.press("ControlOrMeta+A")
            page.keyboard.type("7.7")
        if element[0] == "go":
            break
    assert {"ways", "clear", "method", "go"} <= {*reached}, reached
    page.keyboard.press("Enter")
    page.locator("#status", has_text="in ").wait_for()
    page.locator("#answer tbody tr").first.wait_for()
    row = X.head(1).assign(**{"sepal length (cm)": 7.7})
    assert shown.table() == [[str(model.predict(row)[0])]]
    page.get_by_role("radio", name="Form").focus()
    page.keyboard.press("ArrowRight")
    assert page.locator("#text").is_visible()
    page.locator("#text").fill(X.tail(2).to_csv(index=False))
    page.keyboard.press("Control+Enter")
    page.locator("#answer tr").nth(2).wait_for()
    assert len(shown.table()) == 2


def test_six_hundred_columns_can_be_filled_in(wide_address, open_page):
    shown = open_page(wide_address)
    shown.page.get_by_label("Find a field").fill("feature 59")
    assert shown.page.locator("#fields .field:not([hidden])").count() == 11
    shown.page.get_by_role("button", name="Clear").click()
    shown.choose("JSON")
    names = [f"feature {i}" for i in range(600)]
    values = [float(i == 7) for i in range(600)]
    shown.page.locator("#text").fill(json.dumps({"dataframe_split": {"columns": names, "data": [values]}}))
    shown.predict()
    assert [float(value) for [value] in shown.table()] == pytest.approx([7.0])


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_nothing_is_wider_than_the_screen(iris, iris_address, echo_address, wide_address, open_page, width):
    for address in (iris_address, echo_address, wide_address):
        shown = open_page(address, viewport={"width": width, "height": 800})
        shown.page.locator("#fields .field").first.wait_for()
        shown.predict()
        assert shown.page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_wide_answer_scrolls_in_its_own_place(tmp_path, running_app, open_page):
    from fitprint.serving import app_of

    class Wide(PythonModel):
        def predict(self, context, model_input):
            return pd.DataFrame([[0.5] * 600] * 3, columns=[f"output {i}" for i in range(600)])

    save_python_model(
        tmp_path / "wide", python_model=Wide(), signature=ModelSignature(Schema([ColSpec("double", "x")]))
    )
    with running_app(app_of(tmp_path / "wide")) as address:
        shown = open_page(address, viewport={"width": 390, "height": 800})
        shown.predict()
        assert shown.page.evaluate("document.documentElement.scrollWidth") <= 390
        assert shown.page.locator(".scroll").evaluate("box => box.scrollWidth > box.clientWidth")
        assert len(shown.table()[0]) == 600


def test_it_works_where_the_app_is_mounted(iris, running_app, open_page):
    from starlette.applications import Starlette
    from starlette.routing import Mount

    from fitprint.serving import app_of

    with running_app(Starlette(routes=[Mount("/models/iris", app_of(iris[2]))])) as address:
        shown = open_page(address, "/models/iris/test")
        shown.predict()
        assert shown.table() == [[str(iris[0].predict(iris[1].head(1))[0])]]
        assert f"{address}/models/iris/invocations" in shown.page.locator("#call").inner_text()


def test_the_page_is_small_and_its_policy_strict():
    from fitprint.serving.page import test_page

    page = test_page()
    assert len(page.compressed) < 15_000
    policy = page.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert policy.startswith("default-src 'none'")
    assert b"://" not in page.html


def test_an_empty_optional_field_is_a_missing_value_for_models_that_need_every_column(running_app, open_page, tmp_path):
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LinearRegression
    from sklearn.pipeline import make_pipeline

    from fitprint.serving import app_of

    X = pd.DataFrame({"age": [1.0, 2.0, 3.0], "income": [None, 4.0, 8.0]})
    model = make_pipeline(SimpleImputer(), LinearRegression()).fit(X, [1.0, 2.0, 3.0])
    signature = infer_signature(X, model.predict(X))
    fitprint.sklearn.save_model(model, tmp_path / "gaps", signature=signature, input_example=X.head(1))
    with running_app(app_of(str(tmp_path / "gaps"))) as address:
        shown = open_page(address)
        shown.page.locator("#call", has_text='"data": [[1.0, null]]').wait_for()
        shown.predict()
        [[cell]] = shown.table()
    assert float(cell) == pytest.approx(model.predict(X.head(1))[0])
