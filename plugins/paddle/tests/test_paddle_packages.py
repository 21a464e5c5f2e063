"""Packages and signatures: what is written, what is read, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import paddle
import pytest
import yaml
from paddle.static import InputSpec

import fitprint
from fitprint._instrumentation import registry
from fitprint.models.errors import PackageError

pytestmark = [
    pytest.mark.filterwarnings("ignore:To copy construct from a tensor"),  # PaddlePaddle warns of its own calls
    pytest.mark.filterwarnings("ignore:When training, we now always track"),
]
FROM_MLFLOW = Path(__file__).with_name("from_mlflow")
FIT = {"epochs": 1, "batch_size": 8, "verbose": 0}


def outputs(model, *inputs):
    model.network.eval()
    with paddle.no_grad():
        return model.network(*map(paddle.to_tensor, inputs))


def flavors(run):
    return yaml.safe_load((run.model_path / "MLmodel").read_text())["flavors"]


class Grey(paddle.nn.Layer):
    """A network for images with one channel, whose axis MLflow's loader would remove."""

    def __init__(self):
        super().__init__()
        self.filters = paddle.nn.Conv2D(1, 2, 3)
        self.out = paddle.nn.Linear(8, 2)

    def forward(self, image):
        return self.out(self.filters(image).flatten(1))


def test_the_layout_is_that_of_mlflow(recorded, prepared, points):
    model = prepared()
    model.fit(points(), **FIT)
    run = fitprint.last_run()
    found = flavors(run)
    assert found["paddle"] == {"code": None, "paddle_version": paddle.__version__, "pickled_model": "model"}
    assert {name: found["python_function"][name] for name in ("loader_module", "model_path")} == {
        "loader_module": "mlflow.paddle",
        "model_path": "model",
    }
    assert {"model.json", "model.pdiparams"} <= {file.name for file in run.model_path.iterdir()}
    loaded = fitprint.load_model(run.model_path)
    signature = loaded.metadata.signature
    assert str(signature.inputs.inputs[0].shape) == "(-1, 3)"
    for rows in (points().x, points().x[:1]):
        np.testing.assert_allclose(loaded.predict(rows), outputs(model, rows).numpy(), rtol=1e-6)


@pytest.mark.parametrize("declared", [True, False])
def test_any_number_of_rows_is_predicted(recorded, prepared, points, declared):
    spec = [InputSpec([8, 3], "float32", "rows")] if declared else None
    model = prepared(inputs=spec)
    model.fit(points(), **FIT)
    rows = points(30).x
    np.testing.assert_allclose(
        fitprint.load_model(fitprint.last_run().model_path).predict(rows), outputs(model, rows).numpy(), rtol=1e-6
    )


@pytest.mark.mlflow
def test_stock_mlflow_loads_it(recorded, prepared, points, load_elsewhere, mlflow_python):
    model = prepared()
    model.fit(points(), **FIT)
    predicted = load_elsewhere(fitprint.last_run().model_path, points().x, mlflow_python)
    np.testing.assert_allclose(predicted, outputs(model, points().x).numpy(), rtol=1e-6)


@pytest.mark.mlflow
def test_stock_mlflow_predicts_grey_images_with_the_loader_in_the_package(
    recorded, prepared, points, load_elsewhere, mlflow_python
):
    model = prepared(Grey)
    images = points(12, (1, 4, 4))
    model.fit(images, **FIT)
    run = fitprint.last_run()
    assert flavors(run)["python_function"]["loader_module"] == "fitprint_paddle_loader_copy"
    assert not run.skipped
    expected = outputs(model, images.x).numpy()
    np.testing.assert_allclose(fitprint.load_model(run.model_path).predict(images.x), expected, rtol=1e-6)
    np.testing.assert_allclose(load_elsewhere(run.model_path, images.x, mlflow_python), expected, rtol=1e-5)


def test_what_mlflow_wrote_is_read():
    loaded = fitprint.load_model(FROM_MLFLOW)
    rows = np.array([[1.0, 2.0, 3.0], [0.0, -1.0, 0.5]], dtype="float32")
    expected = [[-0.55893666, -1.7164931], [-0.9482137, -0.22495076]]
    np.testing.assert_allclose(loaded.predict(rows), expected, rtol=1e-6)
    assert isinstance(fitprint.paddle.load_model(FROM_MLFLOW), paddle.nn.Layer)


def test_weights_without_a_network_are_refused(tmp_path, prepared):
    prepared().save(str(tmp_path / "model"), training=True)
    about = {"flavors": {"paddle": {"pickled_model": "model"}}}
    (tmp_path / "MLmodel").write_text(yaml.safe_dump(about))
    with pytest.raises(PackageError, match="weights without a network"):
        fitprint.paddle.load_model(tmp_path)


@pytest.mark.parametrize("broken", ["model.json", "model.pdiparams"])
@pytest.mark.parametrize("content", [b"", b"nonsense", "half", None])
def test_a_broken_file_is_refused(tmp_path, broken, content):
    for file in FROM_MLFLOW.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    whole = (tmp_path / broken).read_bytes()
    if content is None:
        (tmp_path / broken).unlink()
    else:
        (tmp_path / broken).write_bytes(whole[: len(whole) // 2] if content == "half" else content)
    with pytest.raises(PackageError):
        fitprint.paddle.load_model(tmp_path)


def test_a_network_by_itself_needs_its_inputs_declared(tmp_path):
    network = paddle.nn.Linear(3, 2)
    with pytest.raises(ValueError, match="input_spec="):
        fitprint.paddle.save_model(network, tmp_path / "refused")
    fitprint.paddle.save_model(network, tmp_path / "model", input_spec=[InputSpec([None, 3], "float32", "x")])
    rows = np.ones((4, 3), dtype="float32")
    found = fitprint.load_model(tmp_path / "model").predict(rows)
    np.testing.assert_allclose(found, network(paddle.to_tensor(rows)).numpy(), rtol=1e-6)


def test_a_model_that_has_seen_no_data_says_what_to_do(tmp_path, prepared):
    with pytest.raises(ValueError, match="train the model first, or declare them"):
        fitprint.paddle.save_model(prepared(), tmp_path / "model")


def test_the_size_is_known_before(recorded, prepared, points, monkeypatch):
    model = prepared()
    model.fit(points(), **FIT)
    run = fitprint.last_run()
    written = (run.model_path / "model.pdiparams").stat().st_size
    from fitprint_paddle import PaddleFlavor

    assert 0.3 * written <= PaddleFlavor().size(model) <= written
    fitprint.disable()
    monkeypatch.setenv("FITPRINT_PADDLE_MAX_MODEL_SIZE", "50")
    fitprint.autolog(strict=False, quiet=True)
    model.fit(points(), **FIT)
    run = fitprint.last_run()
    assert not run.models
    assert ("model", "max_model_size") in [skip[:2] for skip in run.skipped]


def test_a_loaded_network_can_be_saved_again(recorded, prepared, points, tmp_path):
    model = prepared()
    model.fit(points(), **FIT)
    native = fitprint.paddle.load_model(fitprint.last_run().model_path)
    fitprint.paddle.save_model(native, tmp_path / "again")
    found = fitprint.load_model(tmp_path / "again").predict(points().x)
    np.testing.assert_allclose(found, outputs(model, points().x).numpy(), rtol=1e-6)


LARGE = """
import paddle

def make(count):
    network = paddle.nn.Sequential(*[paddle.nn.Linear(1000, 1000) for _ in range(count)])
    return paddle.Model(network, [paddle.static.InputSpec([None, 1000], "float32", "x")])
"""


@pytest.mark.slow
def test_a_large_model_is_saved_without_a_second_copy_in_memory(memory_of_saving):
    assert memory_of_saving("paddle", LARGE) < 0.2


def test_the_limit_of_the_size_is_the_one_that_the_readme_says(said_limit):
    assert registry.entries()["paddle"].flavor().defaults["max_model_size"] == said_limit
