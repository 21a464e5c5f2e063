"""Keras on torch: the same flavor, in a process of its own, because a process has one backend."""

from __future__ import annotations

import pytest

pytest.importorskip("torch", reason="needs torch: run `make test-deep`")

SCRIPT = """
    import numpy as np, torch
    import keras
    import fitprint

    assert keras.backend.backend() == "torch"
    X = np.random.default_rng(0).normal(size=(16, 3)).astype("float32")
    Y = X.sum(axis=1, keepdims=True)

    def train(data):
        keras.utils.set_random_seed(3)
        layers = [keras.layers.Dropout(0.5), keras.layers.BatchNormalization(), keras.layers.Dense(1)]
        model = keras.Sequential([keras.Input((3,)), *layers])
        model.compile("adam", "mse", metrics=["mae"])
        history = model.fit(*data(), epochs=2, verbose=0).history
        weights = [np.array(w.detach() if hasattr(w, "detach") else w).tolist() for w in model.get_weights()]
        modes = [module.training for module in model.modules()]
        gradients = [weight.value.grad is None for weight in model.trainable_weights]
        drawn = torch.rand(3).tolist(), float(np.random.random()), keras.random.normal((2,)).tolist()
        return model, (history, weights, modes, gradients, sorted(vars(model)), drawn)

    def loader():
        data = torch.utils.data.TensorDataset(torch.tensor(X), torch.tensor(Y))
        return (torch.utils.data.DataLoader(data, batch_size=8),)

    for data in (lambda: (X, Y), lambda: (torch.tensor(X), torch.tensor(Y)), loader):
        _, plain = train(data)
        fitprint.autolog(strict=True, quiet=True)
        model, recorded = train(data)
        assert recorded == plain, (recorded, plain)
        run = fitprint.last_run()
        assert run.skipped == [], run.skipped
        assert [value for _, value in run.metric_history("mae")] == recorded[0]["mae"]
        assert run.tags["backend"] == "torch"
        loaded = fitprint.load_model(run.model_path)
        (spec,) = loaded.metadata.signature.inputs
        assert (spec.type.name, spec.shape) == ("float32", (-1, 3)), spec
        assert np.allclose(loaded.predict(X), model.predict(X, verbose=0), rtol=1e-6)
        model.evaluate(X, Y, verbose=0)
        assert "loss_X" in run.metrics and "mae_X" in run.metrics, run.metrics
        fitprint.disable()
    names = open(run.model_path / "requirements.txt").read()
    assert "torch==" in names and "keras==" in names and "tensorflow" not in names, names
    print(len(fitprint.runs()))
"""


def test_keras_on_torch(store, run_python):
    done = run_python(SCRIPT, env={"KERAS_BACKEND": "torch", "FITPRINT_QUIET": "1"})
    assert done.stdout.split() == ["3"], done.stdout
