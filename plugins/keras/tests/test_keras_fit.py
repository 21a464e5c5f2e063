"""`fit` and what comes after it: what a run says, and that nothing of the user's is changed by it."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest

import fitprint
from fitprint._instrumentation import registry

# what Keras itself does with the newest numpy, with recording and without
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept:DeprecationWarning")

X = np.random.default_rng(0).normal(size=(32, 3)).astype("float32")
Y = X.sum(axis=1, keepdims=True)
FAST = {"run_eagerly": True}


def make(*layers, **compiled):
    keras.utils.set_random_seed(3)
    model = keras.Sequential([keras.Input((3,)), *layers, keras.layers.Dense(1)])
    model.compile(**{"optimizer": "sgd", "loss": "mse", **FAST, **compiled})
    return model


def fit(model, x=X, y=Y, **options):
    return model.fit(x, y, **{"epochs": 2, "batch_size": 16, "verbose": 0, **options})


def only_run():
    (run,) = fitprint.runs()
    return run


def state(model):
    """All that a training changes: the weights, the state of the optimizer, the states of random numbers."""
    return [np.array(variable).tolist() for variable in (*model.variables, *model.optimizer.variables)]


def test_losses_weights_and_random_numbers_are_as_without(alike):
    def tell():
        keras.utils.set_random_seed(3)  # a layer draws its seed when it is made
        model = make(keras.layers.Dropout(0.5), keras.layers.BatchNormalization(), loss="mae", run_eagerly=False)
        history = fit(model, validation_split=0.25).history
        drawn = keras.random.normal((2,)), np.random.random()
        again = fit(model).history
        attributes = {name: type(value).__name__ for name, value in vars(model).items()}
        return history, again, state(model), [str(part) for part in drawn], sorted(attributes.items())

    alike(tell)
    assert len(fitprint.runs()) == 2


def test_output_and_warnings_are_as_without(alike, capfd, recwarn):
    def tell():
        capfd.readouterr()
        recwarn.clear()
        fit(make(), verbose=2)
        out, err = capfd.readouterr()
        return "".join(letter for letter in out if not letter.isdigit()), err, [str(one.message) for one in recwarn]

    assert "Epoch" in alike(tell)[0]


def test_predict_function_and_mode_are_left_alone(recorded):
    model = make()
    fit(model)
    assert model.predict_function is None
    assert not fitprint.last_run().skipped


@pytest.mark.parametrize("form", ["none", "one", "list", "tuple", "container"])
def test_callbacks_of_any_form_are_called_and_left_as_they_are(recorded, form):
    class Counting(keras.callbacks.Callback):
        epochs = 0

        def on_epoch_end(self, epoch, logs=None):
            self.epochs += 1

    model, own = make(), Counting()
    container = keras.callbacks.CallbackList([own], add_history=True, model=model, epochs=2)
    given = {"none": None, "one": own, "list": [own], "tuple": (own,), "container": container}[form]
    fit(model, callbacks=given)
    assert own.epochs == (0 if form == "none" else 2)
    assert form != "list" or given == [own]
    assert len(container.callbacks) == 2
    assert len(only_run().metric_history("loss")) == 2


def test_every_metric_of_every_epoch_by_its_own_name(recorded):
    model = make(metrics=["mae", keras.metrics.RootMeanSquaredError(name="root")])
    history = fit(model, validation_data=(X, Y), validation_freq=2, epochs=4).history
    run = only_run()
    assert set(history) == {"loss", "mae", "root", "val_loss", "val_mae", "val_root"}
    for name, values in history.items():
        assert [value for _, value in run.metric_history(name)] == values
    assert [step for step, _ in run.metric_history("val_loss")] == [1, 3]


def test_a_later_part_of_a_training_goes_on_counting_epochs(recorded):
    model = make()
    fit(model)
    fit(model, initial_epoch=2, epochs=4)
    assert [[step for step, _ in run.metric_history("loss")] for run in fitprint.runs()] == [[2, 3], [0, 1]]


def test_learning_rates_of_schedules_and_callbacks(recorded):
    fit(make(optimizer=keras.optimizers.SGD(keras.optimizers.schedules.ExponentialDecay(0.5, 2, 0.5))))
    run = fitprint.last_run()
    assert run.metric_history("learning_rate") == [(0, 0.25), (1, 0.125)]
    assert run.params["optimizer_learning_rate"] == "ExponentialDecay"
    assert run.params["optimizer_learning_rate.decay_rate"] == 0.5
    fit(make(), callbacks=[keras.callbacks.LearningRateScheduler(lambda epoch: 0.5 / (epoch + 1))])
    assert fitprint.last_run().metric_history("learning_rate") == [(0, 0.5), (1, 0.25)]
    assert fitprint.last_run().params["optimizer_learning_rate"] == 0.01


def test_early_stopping_with_restored_weights(recorded):
    stopping = keras.callbacks.EarlyStopping("val_loss", patience=2, restore_best_weights=True)
    model = make(optimizer=keras.optimizers.SGD(2.0))
    history = fit(model, validation_data=(X, Y), epochs=9, callbacks=[stopping]).history["val_loss"]
    run = only_run()
    best = int(np.argmin(history))
    assert (run.metrics["stopped_epoch"], run.metrics["best_epoch"], run.metrics["restored_epoch"]) == (
        len(history) - 1,
        best,
        best,
    )
    assert (run.params["monitor"], run.params["patience"]) == ("val_loss", 2)
    loaded = fitprint.keras.load_model(run.model_path)
    assert float(loaded.evaluate(X, Y, verbose=0)) == pytest.approx(history[best], rel=1e-5)


def test_without_restored_weights_the_package_is_the_last_epoch(recorded):
    stopping = keras.callbacks.EarlyStopping("loss", patience=1)
    fit(make(optimizer=keras.optimizers.SGD(2.0)), epochs=9, callbacks=[stopping])
    run = only_run()
    assert run.metrics["best_epoch"] == 0
    assert "restored_epoch" not in run.metrics


def test_what_the_params_say(recorded):
    model = make(optimizer=keras.optimizers.AdamW(0.125), loss=keras.losses.Huber(), metrics=["mae"], run_eagerly=True)
    fit(model, class_weight={0: 1.0}, shuffle=False)
    run = only_run()
    expected = {
        "epochs": 2,
        "batch_size": 16,
        "shuffle": False,
        "class_weight": {"0": 1.0},
        "optimizer": "AdamW",
        "optimizer_learning_rate": 0.125,
        "optimizer_weight_decay": 0.004,
        "loss": "Huber",
        "metrics": ["mae"],
        "total_params": 4,
        "trainable_params": 4,
    }
    assert {name: run.params[name] for name in expected} == expected
    assert not {"x", "y", "callbacks", "verbose", "validation_data"} & set(run.params)
    assert "Dense" in (run.path / "artifacts/model_summary.txt").read_text("utf-8")
    assert run.tags["backend"] == keras.backend.backend()


def test_evaluate_adds_the_metrics_of_data_that_was_held_out(recorded):
    model = make(metrics=["mae"])
    fit(model)
    X_test, y_test = X[:10] + 1, Y[:10]
    told = model.evaluate(X_test, y_test, verbose=0, return_dict=True)
    again = model.evaluate(X_test, y_test, verbose=0)
    run = only_run()
    assert run.metrics["loss_X_test"] == told["loss"]
    assert [run.metrics["loss-2_X_test"], run.metrics["mae-2_X_test"]] == again
    assert fitprint.keras.load_model(run.model_path).predict_function is None


def test_metrics_of_predictions_of_a_model(recorded):
    metrics = pytest.importorskip("sklearn.metrics")
    model = make()
    fit(model)
    X_test, y_test = X[:10], Y[:10]
    error = metrics.mean_absolute_error(y_test, model.predict(X_test, verbose=0))
    assert only_run().metrics["mean_absolute_error_X_test"] == error


def test_evaluation_inside_a_training_adds_nothing(recorded):
    class Asking(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.evaluate(X, Y, verbose=0)
            self.model.predict(X, verbose=0)

    fit(make(), callbacks=[Asking()])
    assert set(only_run().metrics) == {"loss", "learning_rate"}


def test_a_class_of_ones_own_that_overrides_fit_is_one_run(recorded):
    class Twice(keras.Sequential):
        def fit(self, *args, **kwargs):
            super().fit(*args, **kwargs)
            return super().fit(*args, **kwargs)

    model = Twice([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse", **FAST)
    fit(model)
    assert only_run().name == "Twice"


def test_a_failing_training_keeps_what_it_had(recorded):
    class Failing(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 1:
                raise KeyboardInterrupt

    fitprint.autolog(quiet=True, keep_incomplete=True)
    with pytest.raises(KeyboardInterrupt):
        fit(make(), epochs=5, callbacks=[Failing()])
    run = only_run()
    assert run.status != "FINISHED"
    assert len(run.metric_history("loss")) == 1
    assert run.tags["incomplete"]
    assert fitprint.load_model(run.model_path).predict(X).shape == (32, 1)


def test_a_package_in_the_background_is_that_of_the_end_of_the_training(store):
    fitprint.autolog("keras", strict=True, quiet=True, save_in_background=True)
    model = make(keras.layers.Dense(2_000_000, use_bias=False), optimizer=keras.optimizers.SGD(1e-9))
    fit(model, epochs=1)
    expected = model.predict(X, verbose=0)
    model.set_weights([0 * weight for weight in model.get_weights()])
    run = only_run()
    assert run.skipped == []
    assert np.allclose(fitprint.load_model(run.model_path).predict(X), expected)


def test_a_large_model_is_refused_before_it_is_written(store):
    model = make(keras.layers.Dense(500), optimizer="adam")
    fitprint.autolog(quiet=True, strict=True, max_model_size=10_000)
    fit(model)
    assert [(skip.what, skip.rule) for skip in only_run().skipped] == [("model", "max_model_size")]
    model.save("saved.keras")
    assert 0.8 < registry.entries()["keras"].flavor().size(model) / Path("saved.keras").stat().st_size < 1.25


def test_the_limit_of_the_flavor_alone(store, monkeypatch):
    monkeypatch.setenv("FITPRINT_KERAS_MAX_MODEL_SIZE", "1000")
    fitprint.autolog(quiet=True, strict=True)
    fit(make())
    assert [skip.rule for skip in only_run().skipped] == ["max_model_size"]


def test_a_loop_of_steps_is_a_run_of_its_own_and_ends_where_fit_begins(recorded):
    model = make(metrics=["mae"])
    told = [model.train_on_batch(X[at : at + 8], Y[at : at + 8]) for at in (0, 8, 16)]
    fit(model)
    second, first = fitprint.runs()
    assert [value for _, value in first.metric_history("loss")] == [float(step[0]) for step in told]
    assert [value for _, value in first.metric_history("mae")] == [float(step[1]) for step in told]
    assert first.status == "FINISHED"
    assert first.model_path is not None
    assert len(second.metric_history("loss")) == 2


def test_steps_that_return_a_dict_or_one_number(recorded):
    model = make()
    first = float(model.train_on_batch(X, Y))
    second = model.train_on_batch(X, Y, return_dict=True)["loss"]
    model.save("saved.keras")
    run = only_run()
    assert run.metric_history("loss") == [(0, first), (1, float(second))]
    assert fitprint.load_model(run.model_path).predict(X) == pytest.approx(model.predict(X, verbose=0))


def test_nothing_is_drawn_from_the_random_state_of_a_layer_that_always_draws(recorded):
    class Noisy(keras.layers.Layer):
        def __init__(self, **options):
            super().__init__(**options)
            self.draw = keras.layers.Dropout(0.5, seed=5)

        def call(self, inputs):
            return self.draw(inputs, training=True)

    model = make(Noisy())
    fit(model, epochs=1)
    drawn = model(X[:4]).numpy()
    fitprint.disable()
    plain = make(Noisy())
    fit(plain, epochs=1)
    assert plain(X[:4]).numpy().tolist() == drawn.tolist()
