"""Packages and signatures: what is written, what is read, and what is refused."""

from __future__ import annotations

from pathlib import Path

import mxnet as mx
import numpy as np
import pandas as pd
import pytest
import yaml
from mxnet import gluon

import fitprint
from fitprint._instrumentation import registry
from fitprint.models.errors import PackageError
from fitprint_mxnet import MXNetFlavor

FROM_MLFLOW = Path(__file__).with_name("from_mlflow")
ROWS = np.random.default_rng(0).normal(size=(6, 3)).astype("float32")


def network():
    mx.random.seed(5)
    net = gluon.nn.HybridSequential()
    net.add(gluon.nn.Dense(4, activation="tanh"), gluon.nn.BatchNorm(), gluon.nn.Dropout(0.5), gluon.nn.Dense(2))
    net.initialize(mx.init.Xavier())
    net(mx.nd.array(ROWS))
    return net


class Pair(gluon.HybridBlock):
    """A network with two inputs, two outputs and a parameter of its own."""

    def __init__(self):
        super().__init__()
        with self.name_scope():
            self.out = gluon.nn.Dense(2)
            self.scale = self.params.get("scale", shape=(1, 2), init=mx.init.One())

    def hybrid_forward(self, F, left, right, scale):
        return F.broadcast_mul(self.out(left), scale), right.sum(axis=1)


def test_the_layout_is_that_of_mlflow_s_gluon_flavor(tmp_path):
    net = network()
    fitprint.mxnet.save_model(net, tmp_path / "model", input_example=ROWS)
    found = yaml.safe_load((tmp_path / "model" / "MLmodel").read_text())["flavors"]
    assert found["gluon"] == {"code": "code", "mxnet_version": mx.__version__}
    assert "data" not in found["python_function"]
    assert found["python_function"]["loader_module"] == "fitprint_mxnet_loader_copy"
    assert {file.name for file in (tmp_path / "model" / "data").iterdir()} == {"net-symbol.json", "net-0000.params"}
    loaded = fitprint.load_model(tmp_path / "model", trust="no-pickle")
    assert str(loaded.metadata.signature.inputs.inputs[0].shape) == "(-1, 3)"
    expected = net(mx.nd.array(ROWS)).asnumpy()
    assert (loaded.predict(ROWS) == expected).all()
    assert not net._active
    assert not net._cached_graph


@pytest.mark.parametrize("hybridized", [True, False])
def test_mxnet_itself_reads_what_is_written(tmp_path, hybridized):
    net = network()
    if hybridized:
        net.hybridize()
        net(mx.nd.array(ROWS))
    fitprint.mxnet.save_model(net, tmp_path / "model")
    data = tmp_path / "model" / "data"
    block = gluon.SymbolBlock(mx.sym.load(str(data / "net-symbol.json")), mx.sym.var("data", dtype="float32"))
    block.collect_params().load(str(data / "net-0000.params"), mx.cpu())
    assert (block(mx.nd.array(ROWS)).asnumpy() == net(mx.nd.array(ROWS)).asnumpy()).all()


def test_several_inputs_and_outputs_have_names(tmp_path):
    net = Pair()
    net.initialize()
    inputs = {"data0": ROWS, "data1": np.ones((6, 4), dtype="float32")}
    expected = [output.asnumpy() for output in net(*(mx.nd.array(values) for values in inputs.values()))]
    fitprint.mxnet.save_model(net, tmp_path / "model", input_example=inputs)
    predicted = fitprint.load_model(tmp_path / "model").predict(inputs)
    assert list(predicted) == ["output_0", "output_1"]
    for found, wanted in zip(predicted.values(), expected, strict=True):
        assert (found == wanted).all()


@pytest.mark.parametrize(
    ("output", "activation"),
    [
        ("SoftmaxOutput", lambda scores: np.exp(scores) / np.exp(scores).sum(1, keepdims=True)),
        ("LogisticRegressionOutput", lambda scores: 1 / (1 + np.exp(-scores))),
        ("LinearRegressionOutput", lambda scores: scores),
        ("MAERegressionOutput", lambda scores: scores),
    ],
)
def test_a_module_predicts_without_labels(tmp_path, output, activation):
    scores = mx.sym.FullyConnected(mx.sym.var("rows"), num_hidden=2, name="scores")
    label = mx.sym.var("label")
    module = mx.mod.Module(getattr(mx.sym, output)(scores, label), data_names=["rows"], label_names=["label"])
    shape = (6,) if output == "SoftmaxOutput" else (6, 2)
    module.bind([("rows", (6, 3))], [("label", shape)])
    mx.random.seed(1)
    module.init_params(mx.init.Normal(1.0))
    fitprint.mxnet.save_model(module, tmp_path / "model", input_example=ROWS)
    arguments, _ = module.get_params()
    weights, bias = arguments["scores_weight"].asnumpy(), arguments["scores_bias"].asnumpy()
    predicted = fitprint.load_model(tmp_path / "model").predict(ROWS)
    np.testing.assert_allclose(predicted, activation(ROWS @ weights.T + bias), rtol=1e-5, atol=1e-6)


def test_what_mlflow_wrote_in_its_gluon_flavor_is_read():
    """The package is of MLflow 2.19, the last one that had this flavor."""
    loaded = fitprint.load_model(FROM_MLFLOW)
    table = pd.DataFrame([[1.0, 2.0, 3.0], [0.0, -1.0, 0.5]], index=["a", "b"])
    predicted = loaded.predict(table)
    expected = [[0.76999170, -0.63375586], [-0.54380828, 0.57567710]]
    np.testing.assert_allclose(predicted, expected, rtol=1e-6)
    assert predicted.index.tolist() == ["a", "b"]
    np.testing.assert_array_equal(predicted.to_numpy(), loaded.predict(table.to_numpy()))
    assert isinstance(fitprint.mxnet.load_model(FROM_MLFLOW), gluon.SymbolBlock)


@pytest.mark.parametrize("broken", ["net-symbol.json", "net-0000.params"])
@pytest.mark.parametrize("content", [b"", b"nonsense", "half", None])
def test_a_broken_file_is_refused(tmp_path, broken, content):
    fitprint.mxnet.save_model(network(), tmp_path / "model")
    file = tmp_path / "model" / "data" / broken
    whole = file.read_bytes()
    if content is None:
        file.unlink()
    else:
        file.write_bytes(whole[: len(whole) // 2] if content == "half" else content)
    with pytest.raises(PackageError):
        MXNetFlavor().load(tmp_path / "model", {})


def test_the_size_is_known_before(tmp_path, monkeypatch):
    net = network()
    fitprint.mxnet.save_model(net, tmp_path / "model")
    written = (tmp_path / "model" / "data" / "net-0000.params").stat().st_size
    assert 0.1 * written <= MXNetFlavor().size(net) <= written


def test_an_untrained_network_says_what_is_missing(tmp_path):
    net = gluon.nn.Dense(2)
    net.initialize()
    with pytest.raises(Exception, match="initialized"):
        fitprint.mxnet.save_model(net, tmp_path / "model")


LARGE = """
import mxnet as mx

def make(count):
    net = mx.gluon.nn.HybridSequential()
    for _ in range(count):
        net.add(mx.gluon.nn.Dense(1000, in_units=1000))
    net.initialize()
    mx.nd.waitall()  # else the weights would be made only when they are saved
    return net
"""


@pytest.mark.slow
def test_a_large_model_is_saved_without_a_second_copy_in_memory(memory_of_saving):
    assert memory_of_saving("mxnet", LARGE) < 0.2


def test_the_limit_of_the_size_is_the_one_that_the_readme_says(said_limit):
    assert registry.entries()["mxnet"].flavor().defaults["max_model_size"] == said_limit
