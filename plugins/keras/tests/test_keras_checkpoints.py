"""Checkpoints of Keras's callback, resumed trainings, and the callback for those who want nothing patched."""

from __future__ import annotations

import keras
import numpy as np
import pytest

import fitprint
from fitprint.models.errors import PackageError

# what Keras itself does with the newest numpy, with recording and without
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept:DeprecationWarning")

X = np.random.default_rng(0).normal(size=(32, 3)).astype("float32")
Y = X.sum(axis=1, keepdims=True)
RATES = [0.1, 0.1, 2.0]
"""The third epoch is worse than the second."""


def make():
    keras.utils.set_random_seed(3)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse", run_eagerly=True)
    return model


def fit(model, *callbacks, **options):
    given = {"epochs": 3, "batch_size": 32, "verbose": 0, "validation_data": (X, Y), **options}
    rates = keras.callbacks.LearningRateScheduler(lambda epoch: RATES[epoch % 3])
    return model.fit(X, Y, callbacks=[rates, *callbacks], **given).history["val_loss"]


def predicted(model):
    return model.predict(X, verbose=0)


@pytest.mark.parametrize("name", ["{epoch:02d}-{val_loss:.2f}.keras", "{epoch}.weights.h5", "last.keras"])
def test_what_model_checkpoint_writes_is_known(recorded, tmp_path, name):
    only_weights = name.endswith(".weights.h5")
    model = make()
    losses = fit(model, keras.callbacks.ModelCheckpoint(name, save_weights_only=only_weights))
    run = fitprint.last_run()
    written = [name.format(epoch=at + 1, val_loss=loss) for at, loss in enumerate(losses)]
    expected = list(zip(written, range(3), losses, strict=True))
    expected = expected[-1:] if name == "last.keras" else expected
    found = [(one.path.rpartition("/")[2], one.step, one.score) for one in run.checkpoints]
    assert found == expected
    assert {one.monitor for one in run.checkpoints} == {"val_loss"}


def test_the_best_ones_alone_and_a_package_of_the_best(store):
    fitprint.autolog(strict=True, quiet=True, package_of="best")
    model = make()
    losses = fit(model, keras.callbacks.ModelCheckpoint("best.weights.h5", save_best_only=True, save_weights_only=True))
    run = fitprint.last_run()
    assert int(np.argmin(losses)) == 1
    assert [(one.step, one.score) for one in run.checkpoints] == [(1, losses[1])]
    assert (run.tags["package_of"], run.tags["package_step"]) == ("best", "1")
    last = predicted(model)
    packaged = fitprint.load_model(run.model_path).predict(X)
    model.load_weights("best.weights.h5")
    assert np.array_equal(packaged, predicted(model))
    assert not np.array_equal(packaged, last)


def test_a_package_of_a_checkpoint(recorded):
    model = make()
    fit(model, keras.callbacks.ModelCheckpoint("{epoch}.keras"))
    fit(make(), keras.callbacks.ModelCheckpoint("{epoch}.weights.h5", save_weights_only=True))
    weights, whole = fitprint.runs()
    for run in (weights, whole):
        package = fitprint.package_checkpoint(run, 1)
        expected = predicted(keras.saving.load_model("1.keras"))
        assert np.array_equal(fitprint.load_model(package).predict(X), expected)


def test_weights_without_a_model_are_refused():
    from pathlib import Path

    from fitprint_keras import _checkpoints

    make().save_weights("saved.weights.h5")
    with pytest.raises(PackageError, match="only weights"):
        _checkpoints.load(Path("saved.weights.h5"))


def test_a_training_that_goes_on_says_from_where(recorded):
    model = make()
    fit(model)
    first = fitprint.last_run()
    fit(model, initial_epoch=3, epochs=4)
    second = fitprint.last_run()
    assert "resumed_from" not in first.tags
    assert second.tags["resumed_from"] == first.run_id
    loaded = fitprint.keras.load_model(second.model_path)
    loaded.run_eagerly = True
    fit(loaded, initial_epoch=4, epochs=5)
    assert fitprint.last_run().tags["resumed_from"] == second.run_id
    model.train_on_batch(X, Y)
    model.train_on_batch(X, Y)
    fitprint.disable()
    assert [step for step, _ in fitprint.last_run().metric_history("loss")] == [4, 5]


def test_a_backup_of_an_interrupted_training(recorded):
    class Failing(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 1:
                raise RuntimeError

    with pytest.raises(RuntimeError):
        fit(make(), keras.callbacks.BackupAndRestore("backup"), Failing())
    fit(make(), keras.callbacks.BackupAndRestore("backup"))
    run = fitprint.last_run()
    assert [step for step, _ in run.metric_history("loss")] == [2]
    assert run.tags["resumed_from"].endswith("backup/latest.weights.h5")


def told(run):
    names = [name for name in run.metrics if name != "duration"]
    histories = {name: run.metric_history(name) for name in names}
    signature = fitprint.load_model(run.model_path).metadata.signature
    points = [(one.path, one.step, one.score) for one in run.checkpoints]
    return run.name, run.params, histories, sorted(run.artifacts), signature.to_dict(), points, run.skipped


def test_the_callback_records_what_autolog_records(store):
    def train(*callbacks):
        stopping = keras.callbacks.EarlyStopping("val_loss", patience=0)
        return fit(make(), stopping, keras.callbacks.ModelCheckpoint("{epoch}.keras"), *callbacks)

    fitprint.autolog(strict=True, quiet=True)
    losses = train()
    fitprint.disable()
    by_patch = told(fitprint.last_run())
    assert train(fitprint.keras.callback()) == losses
    assert len(fitprint.runs()) == 2
    assert told(fitprint.last_run()) == by_patch
