"""A python model of the user's own: what it is called with, what it finds beside it, and what becomes of its class."""

from __future__ import annotations

import pickle
import pickletools
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import fitprint
from fitprint.models import infer_signature
from fitprint.pyfunc import PythonModel, PythonModelContext

FRAME = pd.DataFrame({"a": [1.0, 2.0]})


def model_whose_predict_is(form):
    """A model of a class without an importable name, so that it travels with its package."""

    def whole(self, context, model_input, params=None):
        return type(context).__name__, params

    def without_params(self, context, model_input):
        return type(context).__name__, "none taken"

    def without_context(self, model_input, params=None):
        return "none taken", params

    def data_alone(self, model_input):
        return "none taken", "none taken"

    def other_names(self, ctx, frame, params=None):
        return type(ctx).__name__, params

    def many(self, context, model_input, params=None, more=1):
        return type(context).__name__, params

    forms = (whole, without_params, without_context, data_alone, other_names, many)
    predict = next(function for function in forms if function.__name__ == form)
    return type("Model", (PythonModel,), {"predict": predict})()


@pytest.mark.parametrize(
    ("predict", "context", "params"),
    [
        ("whole", "PythonModelContext", {"k": 3}),
        ("without_params", "PythonModelContext", "none taken"),
        ("without_context", "none taken", {"k": 3}),
        ("data_alone", "none taken", "none taken"),
        ("other_names", "PythonModelContext", {"k": 3}),
        ("many", "PythonModelContext", {"k": 3}),
    ],
)
def test_predict_is_given_what_it_names(saved, predict, context, params):
    loaded = fitprint.load_model(
        saved(model_whose_predict_is(predict), signature=infer_signature(FRAME, params={"k": 1}))
    )
    assert loaded.predict(FRAME, params={"k": 3}) == (context, params)


def test_without_a_signature_params_are_not_checked_but_dropped(saved):
    loaded = fitprint.load_model(saved(model_whose_predict_is("whole")))
    assert loaded.predict(FRAME) == ("PythonModelContext", None)
    assert loaded.predict(FRAME, params={}) == ("PythonModelContext", {})


def test_the_context_is_loaded_once_before_the_first_prediction(saved, tmp_path):
    class Counting(PythonModel):
        def __init__(self):
            self.calls = []

        def load_context(self, context):
            self.calls.append("load_context")

        def predict(self, context, model_input):
            self.calls.append("predict")
            return list(self.calls)

    loaded = fitprint.load_model(saved(Counting()))
    assert loaded.predict(FRAME) == ["load_context", "predict"]
    assert loaded.predict(FRAME) == ["load_context", "predict", "predict"]


def test_saving_calls_nothing_on_the_users_own_object(saved, tmp_path):
    class Loading(PythonModel):
        def load_context(self, context: PythonModelContext) -> None:
            self.number = float(Path(context.artifacts["number"]).read_text())

        def predict(self, context, model_input):
            return model_input["a"] * self.number

    (tmp_path / "number.txt").write_text("4")
    model = Loading()
    loaded = fitprint.load_model(saved(model, artifacts={"number": "number.txt"}, input_example=FRAME))
    assert loaded.predict(FRAME).tolist() == [4.0, 8.0]
    assert loaded.metadata.signature is not None
    assert vars(model) == {}


def test_loading_in_the_process_that_saved_leaves_the_users_class_alone(saved):
    class Mine(PythonModel):
        def predict(self, context, model_input):
            return "as it was written"

        def extra(self):
            return "more"

    model, before = Mine(), (Mine.predict, Mine.extra)
    loaded = fitprint.load_model(saved(model))
    assert (Mine.predict, Mine.extra) == before
    assert type(loaded.unwrap_python_model()) is Mine
    assert loaded.unwrap_python_model().extra() == "more"


def test_the_stream_reaches_mlflows_base_class_through_an_import_alone(saved):
    class Mine(PythonModel):
        def predict(self, context: PythonModelContext, model_input):
            return model_input

    stream = (saved(Mine()) / "python_model.pkl").read_bytes()
    texts = [arg for _, arg, _ in pickletools.genops(stream) if isinstance(arg, str)]
    assert "mlflow.pyfunc.model" in texts
    assert {"PythonModel", "PythonModelContext"} <= set(texts)
    assert "fitprint.pyfunc" not in texts
    with pytest.raises(ModuleNotFoundError, match="mlflow"):
        pickle.loads(stream)


def test_a_class_of_an_imported_module_travels_by_name_and_its_package_requires_fitprint(saved, tmp_path, monkeypatch):
    (tmp_path / "my_models.py").write_text(
        "from fitprint.pyfunc import PythonModel\n"
        "class Mine(PythonModel):\n"
        "    def predict(self, context, model_input):\n"
        "        return 'by name'\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    import my_models

    folder = saved(my_models.Mine())
    lines = (folder / "requirements.txt").read_text().splitlines()
    assert f"fitprint=={fitprint.__version__}" in lines
    assert (folder / "code" / "my_models.py").is_file()
    del sys.modules["my_models"]
    (tmp_path / "my_models.py").unlink()
    assert fitprint.load_model(folder).predict(FRAME) == "by name"


def test_code_that_asks_for_its_file_still_finds_it(saved):
    class Asking(PythonModel):
        def predict(self, context, model_input):
            return __file__

    assert fitprint.load_model(saved(Asking())).predict(FRAME) == __file__


def test_input_examples_make_the_signature(saved):
    class Double(PythonModel):
        def predict(self, context, model_input, params=None):
            return model_input["a"].to_numpy() * 2

    model = fitprint.load_model(saved(Double(), input_example=FRAME))
    assert model.metadata.signature == infer_signature(FRAME, np.array([2.0, 4.0]))


def test_params_of_an_input_example_are_in_the_signature_and_reach_the_model(saved):
    class Times(PythonModel):
        def predict(self, context, model_input, params=None):
            return model_input["a"].to_numpy() * (params["by"] if params else 0)

    model = fitprint.load_model(saved(Times(), input_example=(FRAME, {"by": 3})))
    assert model.metadata.signature == infer_signature(FRAME, np.array([3.0, 6.0]), {"by": 3})
    assert model.predict(FRAME, params={"by": 5}).tolist() == (FRAME["a"] * 5).tolist()
    assert model.predict(FRAME).tolist() == (FRAME["a"] * 3).tolist()


def test_an_input_example_is_read_back_with_the_types_of_the_signature(saved):
    class Constant(PythonModel):
        def predict(self, context, model_input):
            return [1]

    moments = pd.DataFrame({"at": pd.to_datetime(["2024-01-02"]), "n": [1]}).astype({"at": "datetime64[ns]"})
    signature = infer_signature(moments)
    example = fitprint.load_model(saved(Constant(), input_example=moments, signature=signature)).input_example
    pd.testing.assert_frame_equal(example, moments)
    assert fitprint.load_model(saved(Constant())).input_example is None


def test_params_that_reach_no_model_are_told(saved, caplog):
    unsigned = fitprint.load_model(saved(model_whose_predict_is("whole")))
    unsigned.predict(FRAME, params={"k": 3})
    assert "its signature has no params, so these are ignored: k" in caplog.text
    signature = infer_signature(FRAME, params={"k": 1})
    signed = fitprint.load_model(saved(model_whose_predict_is("whole"), signature=signature))
    assert signed.predict(FRAME, params={"other": 3}) == ("PythonModelContext", {"k": 1})
    assert "params that are not in the signature are dropped: ['other']" in caplog.text


def test_modules_imported_inside_the_code_of_a_model_are_required(saved, tmp_path, monkeypatch):
    (tmp_path / "late_helper.py").write_text("import scipy\n")
    monkeypatch.syspath_prepend(str(tmp_path))

    class Late(PythonModel):
        def predict(self, context, model_input):
            import late_helper
            import yaml

            return [yaml, late_helper]

    folder = saved(Late())
    needed = {line.partition("==")[0] for line in (folder / "requirements.txt").read_text().splitlines()}
    assert {"PyYAML", "scipy"} <= needed
    assert (folder / "code" / "late_helper.py").exists()


def test_a_model_is_shown_on_one_line_and_as_a_table(saved):
    class Shown(PythonModel):
        def predict(self, context, model_input):
            return model_input

    model = fitprint.load_model(saved(Shown()))
    assert repr(model) == "<PyFuncModel python_function Shown None>"
    assert ">Shown</td>" in model._repr_html_()
