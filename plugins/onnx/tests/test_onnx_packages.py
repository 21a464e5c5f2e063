"""Packages of ONNX models: signatures from graphs, what `predict` takes, MLflow both ways, and broken ones."""

from __future__ import annotations

import json

import numpy as np
import onnx
import pandas as pd
import pytest
from onnx import TensorProto, helper, numpy_helper

import fitprint
from fitprint.models import PackageError, SchemaError

ROWS = np.arange(6, dtype=np.float32).reshape(3, 2)


def sum_of_two():
    """y = a + b, of two inputs with different shapes and types."""
    value = helper.make_tensor_value_info
    nodes = [helper.make_node("Cast", ["b"], ["c"], to=TensorProto.FLOAT), helper.make_node("Add", ["a", "c"], ["y"])]
    made = helper.make_graph(
        nodes,
        "sum",
        [value("a", TensorProto.FLOAT, ["n", 1]), value("b", TensorProto.INT64, ["n", 1])],
        [value("y", TensorProto.FLOAT, ["n", 1])],
    )
    return helper.make_model(made, ir_version=8, opset_imports=[helper.make_opsetid("", 17)])


def save(model, folder, **options):
    fitprint.onnx.save_model(model, folder, **options)
    return fitprint.load_model(folder, trust="no-pickle")


def test_one_input_is_a_tensor_without_a_name(by_hand, tmp_path):
    loaded = save(by_hand(), tmp_path / "model")
    signature = loaded.metadata.signature
    assert [(spec.name, spec.type, spec.shape) for spec in signature.inputs.inputs] == [(None, np.float32, (-1, 2))]
    assert [(spec.name, spec.shape) for spec in signature.outputs.inputs] == [("y", (-1, 2))]
    for given in (ROWS, pd.DataFrame(ROWS, columns=["p", "q"])):
        np.testing.assert_array_equal(loaded.predict(given)["y"], 2 * ROWS)
    with pytest.raises(SchemaError, match=r"float32, got float64; convert it"):
        loaded.predict(ROWS.astype(float) + 0.1)


def test_several_inputs_are_named(tmp_path):
    loaded = save(sum_of_two(), tmp_path / "model")
    assert [spec.name for spec in loaded.metadata.signature.inputs.inputs] == ["a", "b"]
    a, b = np.ones((3, 1), np.float32), np.arange(3).reshape(-1, 1)
    np.testing.assert_array_equal(loaded.predict({"a": a, "b": b})["y"], a + b)
    with pytest.raises(SchemaError, match="b"):
        loaded.predict({"a": a})


def test_without_a_signature_numbers_are_given_in_the_type_of_the_graph(by_hand, tmp_path):
    loaded = save(by_hand(), tmp_path / "model", signature=False)
    np.testing.assert_array_equal(loaded.predict(ROWS.astype(float))["y"], 2 * ROWS)
    table = loaded.predict(pd.DataFrame(ROWS.astype(int)))
    assert [list(row) for row in table["y"]] == (2 * ROWS).tolist()
    summed = save(sum_of_two(), tmp_path / "sum", signature=False)
    assert summed.predict(pd.DataFrame({"a": [0.5, 1.5], "b": [1, 2]}))["y"].tolist() == [1.5, 3.5]
    with pytest.raises(TypeError, match="inputs a, b"):
        summed.predict(ROWS)
    with pytest.raises(ValueError, match="no input b"):
        summed.predict({"a": ROWS})


def test_weights_listed_among_the_inputs_are_none(by_hand, tmp_path):
    model = by_hand()
    model.graph.input.append(helper.make_tensor_value_info("factor", TensorProto.FLOAT, [2]))
    assert len(save(model, tmp_path / "model").metadata.signature.inputs.inputs) == 1


def test_a_type_that_numpy_has_not_leaves_no_signature_and_says_so(by_hand, recorded, tmp_path):
    model = by_hand()
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.BFLOAT16
    model.graph.output[0].type.tensor_type.elem_type = TensorProto.BFLOAT16
    model.graph.initializer[0].CopyFrom(helper.make_tensor("factor", TensorProto.BFLOAT16, [2], [1.0, 2.0]))
    onnx.save(model, tmp_path / "model.onnx")
    (run,) = fitprint.runs()
    assert {skip.what for skip in run.skipped} == {"input x", "output y"}
    assert "signature" not in (run.model_path / "MLmodel").read_text()


def test_a_model_with_external_data(by_hand, tmp_path):
    model = by_hand()
    model.graph.initializer[0].CopyFrom(numpy_helper.from_array(np.full((2000, 2), 2.0, np.float32), "factor"))
    before = model.SerializeToString()
    rows = np.ones((2000, 2), np.float32)
    loaded = save(model, tmp_path / "model", save_as_external_data=True)
    assert model.SerializeToString() == before, "the user's model is as it was"
    assert (tmp_path / "model" / "model.onnx.data").stat().st_size == 16_000
    assert "model.onnx.data" in json.loads((tmp_path / "model" / "checksums.json").read_text())
    np.testing.assert_array_equal(loaded.predict(rows)["y"], 2 * rows)


def _graph_with(tensor):
    return helper.make_graph([], "inner", [], [], [tensor])


def _at_initializer(model, tensor):
    model.graph.initializer[0].CopyFrom(tensor)


def _at_attribute(model, tensor):
    model.graph.node.append(helper.make_node("Constant", [], ["unused"], value=tensor))


def _at_nested_graph(model, tensor):
    inner = helper.make_node("If", ["c"], ["d"], then_branch=_graph_with(tensor), else_branch=_graph_with(tensor))
    model.graph.node.append(helper.make_node("Loop", ["", ""], ["e"], body=helper.make_graph([inner], "b", [], [])))


def _at_sparse_tensor(model, tensor):
    model.graph.sparse_initializer.add().values.CopyFrom(tensor)


def _at_function(model, tensor):
    node = helper.make_node("Constant", [], ["v"], value=tensor)
    model.functions.append(helper.make_function("own", "f", [], ["v"], [node], [helper.make_opsetid("", 17)]))


def _at_training(model, tensor):
    model.training_info.add().algorithm.initializer.append(tensor)


def external(location):
    tensor = TensorProto(name="factor", data_type=TensorProto.FLOAT, dims=[2], data_location=TensorProto.EXTERNAL)
    for key, value in (("location", location), ("offset", "0"), ("length", "8")):
        tensor.external_data.add(key=key, value=value)
    return tensor


@pytest.mark.parametrize("way", ["relative", "absolute", "link"])
@pytest.mark.parametrize(
    "place", [_at_initializer, _at_attribute, _at_nested_graph, _at_sparse_tensor, _at_function, _at_training]
)
def test_external_data_outside_of_the_package_is_refused(by_hand, tmp_path, place, way):
    secret = tmp_path / "secret"
    secret.write_bytes(b"\0" * 8)
    save(by_hand(), tmp_path / "model")
    model = by_hand()
    place(model, external({"relative": "../secret", "absolute": str(secret), "link": "weights"}[way]))
    (tmp_path / "model" / "weights").symlink_to(secret)
    (tmp_path / "model" / "model.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(PackageError, match="outside"):
        fitprint.onnx.load_model(tmp_path / "model", trust="no-pickle")


def test_files_that_only_the_runtime_would_read_are_refused(by_hand, tmp_path):
    save(by_hand(), tmp_path / "model")
    (tmp_path / "model" / "weights").write_bytes(b"\0" * 8)
    in_training, compiled = by_hand(), by_hand()
    _at_training(in_training, external("weights"))
    compiled.graph.node.append(helper.make_node("EPContext", [], ["c"], embed_mode=0, ep_cache_context="weights"))
    for model in (in_training, compiled):
        (tmp_path / "model" / "model.onnx").write_bytes(model.SerializeToString())
        with pytest.raises(PackageError, match="separate file"):
            fitprint.onnx.load_model(tmp_path / "model", trust="no-pickle")


@pytest.mark.parametrize("content", [b"", b"no model", b"\x08\x08"])
def test_a_broken_model_is_one_clear_error(by_hand, tmp_path, content):
    save(by_hand(), tmp_path / "model")
    (tmp_path / "model" / "model.onnx").write_bytes(content)
    with pytest.raises(PackageError, match="cannot be loaded"):
        fitprint.onnx.load_model(tmp_path / "model")


def test_options_of_mlflow_are_kept(by_hand, tmp_path):
    one_thread = {"intra_op_num_threads": 1}
    loaded = save(
        by_hand(),
        tmp_path / "model",
        onnx_execution_providers=["CPUExecutionProvider"],
        onnx_session_options=one_thread,
    )
    found = loaded.metadata.flavors["onnx"]
    assert found["providers"] == ["CPUExecutionProvider"]
    assert found["onnx_session_options"] == one_thread


def test_stock_mlflow_loads_ours_and_we_load_its_own(by_hand, tmp_path, run_python, mlflow_python):
    save(by_hand(), tmp_path / "ours")
    done = run_python(
        """
        import json, numpy, mlflow, onnx
        ours = mlflow.pyfunc.load_model("ours")
        rows = numpy.arange(6, dtype="float32").reshape(3, 2)
        predicted = ours.predict(rows)["y"].tolist()
        native = mlflow.onnx.load_model("ours")
        mlflow.onnx.save_model(native, "theirs", signature=ours.metadata.signature)
        print(json.dumps([predicted, native.producer_name]))
        """,
        python=mlflow_python,
    )
    assert json.loads(done.stdout) == [(2 * ROWS).tolist(), "by hand"]
    np.testing.assert_array_equal(fitprint.load_model(tmp_path / "theirs").predict(ROWS)["y"], 2 * ROWS)
