"""Training loops, eager and in a `tf.function`: one run each, with what the loop itself says."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

import fitprint

# what Keras itself does with the newest numpy, with recording and without
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept:DeprecationWarning")

keras = tf.keras
X = np.random.default_rng(0).normal(size=(16, 3)).astype("float32")
Y = X.sum(axis=1, keepdims=True) + 1


class Linear(tf.Module):
    def __init__(self):
        super().__init__()
        self.weight = tf.Variable(tf.ones((3, 1)))
        self.bias = tf.Variable(tf.zeros((1,)))

    @tf.function(input_signature=[tf.TensorSpec((None, 3), tf.float32)])
    def __call__(self, rows):
        return rows @ self.weight + self.bias


def net(units=1):
    keras.utils.set_random_seed(3)
    return keras.Sequential([keras.Input((3,)), keras.layers.Dropout(0.5), keras.layers.Dense(units)])


def step(model, optimizer):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(X) - Y) ** 2)
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
    return loss


def loop(model, optimizer, steps=4):
    return [float(step(model, optimizer)) for _ in range(steps)]


def compiled(model, optimizer, steps=4):
    function = tf.function(step)
    return [float(function(model, optimizer)) for _ in range(steps)]


def ended():
    fitprint.disable()
    (run,) = fitprint.runs()
    return run


def values(run, name="loss"):
    return [value for _, value in run.metric_history(name)]


@pytest.mark.parametrize("model", [Linear, net])
def test_an_eager_loop_is_one_run(recorded, model):
    made = model()
    losses = loop(made, keras.optimizers.SGD(0.125))
    assert [run.status for run in fitprint.runs()] == ["RUNNING"]
    run = ended()
    assert (run.status, run.name, run.skipped) == ("FINISHED", type(made).__name__, [])
    assert values(run) == losses
    assert (run.params["optimizer"], run.params["optimizer_learning_rate"]) == ("SGD", 0.125)
    assert run.params["trainable_params"] == 4
    loaded = fitprint.load_model(run.model_path)
    assert np.allclose(loaded.predict(X), made(X), rtol=1e-6)
    assert [(spec.type.name, spec.shape) for spec in loaded.metadata.signature.inputs] == [("float32", (-1, 3))]


def test_a_compiled_loop_has_the_losses_from_its_second_step_on(recorded):
    model = net()
    losses = compiled(model, keras.optimizers.Adam(0.1))
    run = ended()
    assert run.metric_history("loss") == list(enumerate(losses))[1:]
    assert (run.params["optimizer"], run.skipped) == ("Adam", [])
    assert np.allclose(fitprint.load_model(run.model_path).predict(X), model(X), rtol=1e-6)


def test_a_step_with_other_results_has_the_loss_where_it_is(recorded):
    model, optimizer = net(), keras.optimizers.SGD(0.1)

    @tf.function
    def train(rows, target):
        with tf.GradientTape() as tape:
            predicted = model(rows)
            loss = tf.reduce_mean((predicted - target) ** 2)
        variables = model.trainable_variables
        optimizer.apply(tape.gradient(loss, variables), variables)
        return {"predicted": predicted, "loss": loss, "a": tf.constant(1.0)}

    losses = [float(train(X, Y)["loss"]) for _ in range(3)]
    assert values(ended()) == losses[1:]


def test_a_model_that_is_an_attribute_and_one_of_a_function_that_has_returned(recorded):
    class Training:
        def __init__(self):
            self.model, self.optimizer = net(), keras.optimizers.SGD(0.1)

        def run(self):
            for _ in range(2):
                with tf.GradientTape() as tape:
                    loss = tf.reduce_mean((self.model(X) - Y) ** 2)
                variables = self.model.trainable_variables
                self.optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))

    def main():
        Training().run()

    main()
    run = ended()
    assert (run.name, len(values(run))) == ("Sequential", 2)
    assert run.model_path is not None


def test_variables_without_a_model(recorded):
    weight, optimizer = tf.Variable([2.0]), keras.optimizers.SGD(0.1)
    for _ in range(2):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(weight**2)
        optimizer.apply(tape.gradient(loss, [weight]), [weight])
    run = ended()
    assert len(values(run)) == 2
    assert [(skip.what, skip.rule) for skip in run.skipped] == [("model", "tensorflow")]


def test_what_tf_summary_writes_is_recorded_with_its_own_steps(recorded, tmp_path):
    pytest.importorskip("tensorboard")
    model, optimizer = Linear(), keras.optimizers.SGD(0.1)
    writer = tf.summary.create_file_writer(str(tmp_path / "logs"))
    told = []
    for epoch in range(3):
        loss = loop(model, optimizer, 2)[-1]
        with writer.as_default():
            tf.summary.scalar("epoch_loss", loss, step=10 * epoch)
        told.append((10 * epoch, pytest.approx(loss)))
    run = ended()
    assert run.metric_history("epoch_loss") == told
    assert len(values(run)) == 6


def test_saving_makes_the_package_and_notes_a_checkpoint(recorded, tmp_path):
    model, optimizer = Linear(), keras.optimizers.SGD(0.1)
    checkpoint = tf.train.Checkpoint(model=model, optimizer=optimizer)
    loop(model, optimizer, 2)
    path = checkpoint.save(str(tmp_path / "saved"))
    run = fitprint.run_of(model)
    assert [(one.path, one.step) for one in run.checkpoints] == [(path, 1)]
    assert run.model_path is not None
    loop(model, optimizer, 1)
    tf.saved_model.save(model, str(tmp_path / "exported"))
    run = ended()
    assert run.skipped == []
    assert np.array_equal(fitprint.load_model(run.model_path).predict(X), model(X).numpy())


@pytest.mark.parametrize("train", [loop, compiled])
def test_weights_losses_and_random_numbers_are_as_without(store, train):
    def tell():
        model, optimizer = net(), keras.optimizers.Adam(0.1)
        losses = train(model, optimizer)
        weights = [variable.numpy().tolist() for variable in model.trainable_variables]
        return losses, weights, tf.random.uniform((2,)).numpy().tolist(), sorted(vars(model))

    plain = tell()
    fitprint.autolog("tensorflow", strict=True, quiet=True)
    assert tell() == plain
    fitprint.disable()
    assert len(fitprint.runs()) == 1


def test_a_loop_says_nothing_on_the_terminal(recorded, capfd):
    loop(Linear(), keras.optimizers.SGD(0.1))
    fitprint.disable()
    assert capfd.readouterr() == ("", "")
    assert fitprint.last_run().model_path is not None


@pytest.mark.parametrize("flavors", [(), ("tensorflow",)])
def test_fit_of_keras_is_no_loop(store, flavors):
    fitprint.autolog(*flavors, strict=True, quiet=True)
    for eagerly in (True, False):
        model = net()
        model.compile("sgd", "mse", run_eagerly=eagerly)
        model.fit(X, Y, verbose=0)
    fitprint.disable()
    assert {run.flavor for run in fitprint.runs()} <= {"keras"}


def test_two_models_are_two_runs(recorded):
    first, second = Linear(), Linear()
    losses = {}
    for model, rate in ((first, 0.1), (second, 0.01)):
        losses[rate] = loop(model, keras.optimizers.SGD(rate), 2)
    fitprint.disable()
    assert {run.params["optimizer_learning_rate"]: values(run) for run in fitprint.runs()} == losses


def test_a_failing_step(recorded):
    optimizer, model = keras.optimizers.SGD(0.1), Linear()
    loop(model, optimizer, 1)
    with pytest.raises(Exception, match=r"[sS]hape"):
        optimizer.apply([tf.ones((2, 2)), tf.ones((1,))], model.trainable_variables)
    fitprint.disable()
    assert fitprint.last_run().status == "FAILED"


@pytest.mark.parametrize("train", [loop, compiled])
def test_a_loop_that_goes_on_says_from_where_and_continues_its_steps(recorded, train, tmp_path):
    model, optimizer = Linear(), keras.optimizers.SGD(0.1)
    function = tf.function(step) if train is compiled else step
    for _ in range(2):
        with fitprint.start_run():
            for _ in range(3):
                function(model, optimizer)
            path = tf.train.Checkpoint(model=model, optimizer=optimizer).save(str(tmp_path / "saved"))
    again, fresh = Linear(), keras.optimizers.SGD(0.1)
    fresh.build(again.trainable_variables)
    tf.train.Checkpoint(model=again, optimizer=fresh).restore(path)
    with fitprint.start_run():
        train(again, fresh)
    third, second, first = fitprint.runs()
    assert "resumed_from" not in first.tags
    assert second.tags["resumed_from"] == first.run_id
    assert second.metric_history("loss")[-1][0] == 5
    assert second.params["optimizer"] == "SGD"
    assert third.tags["resumed_from"] == second.run_id
    assert third.metric_history("loss")[-1][0] == 9


def test_a_package_in_the_background_is_that_of_the_end_of_the_training(store):
    fitprint.autolog("tensorflow", strict=True, quiet=True, save_in_background=True)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2_000_000, use_bias=False), keras.layers.Dense(1)])
    with fitprint.start_run() as run:
        loop(model, keras.optimizers.SGD(1e-9), steps=1)
    expected = model.predict(X, verbose=0)
    model.set_weights([0 * weight for weight in model.get_weights()])
    assert run.skipped == []
    assert np.allclose(fitprint.load_model(run.model_path).predict(X), expected)
