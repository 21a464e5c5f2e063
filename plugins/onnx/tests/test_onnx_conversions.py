"""Conversions leave a package in the run of the model that was converted; what is saved is recorded once."""

from __future__ import annotations

import gc
import threading
import weakref

import numpy as np
import onnx
import onnxmltools
import pytest
import skl2onnx
import xgboost
from onnxmltools.convert.common.data_types import FloatTensorType as BoosterTensor
from skl2onnx.common.data_types import FloatTensorType
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import fitprint


def test_a_conversion_goes_into_the_run_of_its_source(classifier):
    model, rows = classifier
    run = fitprint.run_of(model)
    skl2onnx.to_onnx(model, rows[:1], options={"zipmap": False})
    assert list(run.models) == ["model", "onnx"]
    assert fitprint.runs()[0].models.keys() == {"model", "onnx"}, "its record on the disk says so too"
    predicted = fitprint.load_model(run.models["onnx"]).predict(rows)
    np.testing.assert_array_equal(predicted["label"], model.predict(rows))
    np.testing.assert_allclose(predicted["probabilities"], model.predict_proba(rows), atol=1e-5)


def test_convert_sklearn_with_its_topology_is_recorded_as_well(classifier):
    model = classifier.model
    types = [("given", FloatTensorType([None, 4]))]
    converted, _ = skl2onnx.convert_sklearn(model, initial_types=types, intermediate=True)
    assert isinstance(converted, onnx.ModelProto)
    assert "onnx" in fitprint.run_of(model).models


def test_a_second_conversion_of_a_model_is_a_second_package(classifier):
    model, rows = classifier
    for zipmap in (False, "columns"):
        skl2onnx.to_onnx(model, rows[:1], options={"zipmap": zipmap})
    assert list(fitprint.run_of(model).models) == ["model", "onnx", "onnx-2"]


def test_what_was_converted_and_is_saved_is_recorded_once(classifier, tmp_path):
    model, rows = classifier
    converted = skl2onnx.to_onnx(model, rows[:1], options={"zipmap": False})
    onnx.save(converted, tmp_path / "model.onnx")
    onnx.save_model(onnx.load(tmp_path / "model.onnx"), tmp_path / "again.onnx")
    assert len(fitprint.runs()) == 1
    assert list(fitprint.run_of(model).models) == ["model", "onnx"]
    assert fitprint.run_of(converted).run_id == fitprint.run_of(model).run_id


def test_onnxmltools_finds_the_run_of_a_booster(recorded):
    rows = np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32)
    model = xgboost.XGBClassifier(n_estimators=3, n_jobs=1).fit(rows, rows[:, 0] > 0)
    converted = onnxmltools.convert_xgboost(model, initial_types=[("x", BoosterTensor([None, 3]))])
    run = fitprint.run_of(model)
    assert list(run.models) == ["model", "onnx"]
    assert run.flavor == "xgboost"
    given = fitprint.load_model(run.models["onnx"]).predict(rows)
    np.testing.assert_array_equal(given[converted.graph.output[0].name], model.predict(rows))


def test_onnxmltools_over_skl2onnx_is_one_conversion(classifier):
    model = classifier.model
    onnxmltools.convert_sklearn(model, initial_types=[("x", FloatTensorType([None, 4]))])
    assert list(fitprint.run_of(model).models) == ["model", "onnx"]


def test_a_model_that_nobody_trained_here_has_a_run_of_its_own(recorded, by_hand, tmp_path):
    onnx.save(by_hand(), tmp_path / "linear.onnx")
    (run,) = fitprint.runs()
    assert (run.status, run.flavor, run.name) == ("FINISHED", "onnx", "onnx.save_model")
    assert run.params["producer"] == "by hand"
    assert run.params["inputs"] == ["x: float32 (-1, 2)"]
    assert run.params["operators"] == ["Mul"]
    assert run.params["opset.ai.onnx"] == 17
    assert run.model_path.name == "model"
    predicted = fitprint.load_model(run.model_path).predict(np.ones((3, 2), np.float32))
    assert predicted["y"].tolist() == [[2.0, 2.0]] * 3


def test_a_source_trained_without_recording_has_a_run_of_its_own(store):
    model = LogisticRegression().fit([[0.0], [1.0]], [0, 1])
    fitprint.autolog(strict=True, quiet=True)
    skl2onnx.to_onnx(model, np.zeros((1, 1), np.float32))
    (run,) = fitprint.runs()
    assert run.name == "LogisticRegression"
    assert run.flavor == "onnx"


def test_in_a_start_run_block_it_goes_into_that_run(recorded, by_hand, tmp_path):
    with fitprint.start_run("export") as run:
        onnx.save(by_hand(), tmp_path / "linear.onnx")
    assert list(run.models) == ["onnx"]
    assert [run.run_id for run in fitprint.runs()] == [run.run_id]


def test_a_changed_model_is_another_one(recorded, by_hand, tmp_path):
    model = by_hand()
    onnx.save(model, tmp_path / "one.onnx")
    model.doc_string = "another"
    onnx.save(model, tmp_path / "two.onnx")
    assert len(fitprint.runs()) == 2


def test_bytes_and_text_formats_are_recorded(recorded, by_hand, tmp_path):
    onnx.save(by_hand("one").SerializeToString(), tmp_path / "one.onnx")
    onnx.save(by_hand("two"), tmp_path / "two.txt", format="textproto")
    assert len(fitprint.runs()) == 2
    assert all(run.model_path is not None for run in fitprint.runs())


def test_tensors_in_files_of_their_own_are_read_back(recorded, by_hand, tmp_path):
    model = by_hand(factor=3.0)
    onnx.save(model, tmp_path / "m.onnx", save_as_external_data=True, location="m.data", size_threshold=0)
    (run,) = fitprint.runs()
    assert not run.skipped
    predicted = fitprint.load_model(run.model_path).predict(np.ones((1, 2), np.float32))
    assert predicted["y"].tolist() == [[3.0, 3.0]]


def test_outputs_that_no_signature_has_a_word_for_are_named(classifier):
    model, rows = classifier
    skl2onnx.to_onnx(model, rows[:1])
    run = fitprint.run_of(model)
    assert [skip.what for skip in run.skipped] == ["output output_probability"]
    signature = fitprint.load_model(run.models["onnx"]).metadata.signature
    assert [spec.name for spec in signature.outputs.inputs] == ["output_label"]


def convert_badly(model):
    types = [("x", FloatTensorType([None, 4]))]
    return skl2onnx.convert_sklearn(model, initial_types=types, options={id(model): {"no such option": 1}})


def test_a_failing_conversion_leaves_nothing_and_the_error_is_the_same(classifier):
    model, _ = classifier
    with pytest.raises(NameError) as bare, fitprint.suppress():
        convert_badly(model)
    with pytest.raises(type(bare.value)) as caught:
        convert_badly(model)
    assert str(caught.value) == str(bare.value)
    assert list(fitprint.run_of(model).models) == ["model"]


def test_settings_hold(store, by_hand, tmp_path):
    fitprint.autolog(strict=True, quiet=True, log_models=False)
    onnx.save(by_hand(), tmp_path / "linear.onnx")
    (run,) = fitprint.runs()
    assert run.model_path is None
    fitprint.autolog(strict=True, quiet=True, max_model_size=10)
    onnx.save(by_hand("other"), tmp_path / "linear.onnx")
    assert [skip.rule for skip in fitprint.runs()[0].skipped] == ["max_model_size"]


def test_the_user_s_objects_are_left_as_they_were(classifier, tmp_path):
    model, rows = classifier
    before = dict(vars(model))
    converted = skl2onnx.to_onnx(model, rows[:1])
    assert vars(model) == before
    content = converted.SerializeToString()
    assert onnx.save(converted, tmp_path / "m.onnx") is None
    assert converted.SerializeToString() == content
    assert (tmp_path / "m.onnx").read_bytes() == content


def test_nothing_is_kept_alive(recorded):
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit([[0.0], [1.0]], [0, 1])
    skl2onnx.to_onnx(model, np.zeros((1, 1), np.float32))
    gone = weakref.ref(model)
    del model
    gc.collect()  # what skl2onnx makes refers to itself
    assert gone() is None


def test_threads_convert_each_their_own(recorded):
    models = [LogisticRegression(C=strength).fit([[0.0], [1.0]], [0, 1]) for strength in (0.1, 1.0, 10.0)]
    threads = [
        threading.Thread(target=skl2onnx.to_onnx, args=(model, np.zeros((1, 1), np.float32))) for model in models
    ]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert [list(fitprint.run_of(model).models) for model in models] == [["model", "onnx"]] * 3


@pytest.mark.parametrize("first", ["onnx", "skl2onnx", "onnxmltools"])
def test_whichever_is_imported_first_a_conversion_is_recorded(run_python, store, first):
    done = run_python(
        """
        import importlib, sys
        import fitprint
        fitprint.autolog(strict=True, quiet=True)
        importlib.import_module(sys.argv[1])
        import numpy as np, onnxmltools, skl2onnx
        from onnxmltools.convert.common.data_types import FloatTensorType
        from sklearn.linear_model import LogisticRegression
        import xgboost
        X = np.arange(20, dtype=np.float32).reshape(10, 2)
        y = (X[:, 0] > 8).astype(int)
        model, booster = LogisticRegression().fit(X, y), xgboost.XGBClassifier(n_estimators=1).fit(X, y)
        skl2onnx.to_onnx(model, X[:1], options={"zipmap": False})
        onnxmltools.convert_xgboost(booster, initial_types=[("x", FloatTensorType([None, 2]))])
        print(*(list(fitprint.run_of(trained).models) for trained in (model, booster)))
        """,
        first,
    )
    assert done.stdout.strip() == "['model', 'onnx'] ['model', 'onnx']"
