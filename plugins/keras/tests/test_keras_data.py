"""Data of every kind: what a signature says of it, and that nothing is read that can be read only once."""

from __future__ import annotations

import keras
import numpy as np
import pandas as pd
import pytest

import fitprint

tf = pytest.importorskip("tensorflow")

# what Keras itself does with the newest numpy, with recording and without
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept:DeprecationWarning")

X = np.random.default_rng(0).normal(size=(16, 3))
Y = X.sum(axis=1, keepdims=True)


def make(*layers, shape=(3,), **options):
    keras.utils.set_random_seed(3)
    model = keras.Sequential([keras.Input(shape, **options), *layers, keras.layers.Dense(1)])
    model.compile("sgd", "mse", run_eagerly=True)
    return model


def fit(model, *data, **options):
    if options.get("batch_size", 8) is None:
        options["shuffle"] = False  # else Keras warns that it shuffles no such data
    model.fit(*data, **{"verbose": 0, "batch_size": 8, **options})
    run = fitprint.last_run()
    assert run.skipped == []
    return run


def specs(run, part="inputs"):
    """(name, dtype, shape) of each tensor."""
    schema = getattr(fitprint.load_model(run.model_path).metadata.signature, part)
    return [(spec.name, spec.type.name, spec.shape) for spec in schema]


@pytest.mark.parametrize("dtype", ["float64", "float32", "int64", "uint8"])
def test_arrays_have_the_dtype_that_they_came_with(recorded, dtype):
    run = fit(make(), X.astype(dtype), Y)
    assert specs(run) == [(None, dtype, (-1, 3))]
    assert specs(run, "outputs") == [(None, "float32", (-1, 1))]


def test_tensors_are_arrays(recorded):
    run = fit(make(), tf.constant(X, "float32"), tf.constant(Y))
    assert specs(run) == [(None, "float32", (-1, 3))]
    facts = (run.path / "artifacts/dataset.json").read_text("utf-8")
    assert '"rows": 16' in facts


def test_a_table_has_columns(recorded):
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    model = make()
    run = fit(model, frame, Y)
    loaded = fitprint.load_model(run.model_path)
    assert [spec.name for spec in loaded.metadata.signature.inputs] == ["a", "b", "c"]
    predicted = loaded.predict(frame[:4].set_index([[5, 6, 7, 8]]))
    assert list(predicted.index) == [5, 6, 7, 8]
    np.testing.assert_allclose(predicted, model.predict(frame[:4], verbose=0), rtol=1e-6)


def test_a_generator_is_read_by_the_training_alone(recorded):
    read = []

    def batches():
        for at in (0, 8):
            read.append(at)
            yield X[at : at + 8].astype("float32"), Y[at : at + 8]

    run = fit(make(), batches(), batch_size=None, steps_per_epoch=2)
    recorded_reads = list(read)
    fitprint.disable()
    read.clear()
    make().fit(batches(), verbose=0, shuffle=False, steps_per_epoch=2)
    assert recorded_reads == read
    assert specs(run) == [(None, "float32", (-1, 3))]
    assert "batch_size" not in run.params


def test_a_dataset_says_its_dtypes_and_is_not_iterated(recorded):
    read = []

    def note(rows, target):
        tf.py_function(lambda: read.append(1), [], [])
        return rows, target

    data = tf.data.Dataset.from_tensor_slices((X, Y)).map(note).batch(8)
    run = fit(make(), data, batch_size=None, epochs=2)
    assert len(read) == 32
    assert specs(run) == [(None, "float64", (-1, 3))]
    assert run.params["batch_size"] == 8


def test_a_sequence_of_the_users_own_is_not_asked_for_more(recorded):
    class Batches(keras.utils.PyDataset):
        def __init__(self):
            super().__init__()
            self.asked = []

        def __len__(self):
            return 2

        def __getitem__(self, at):
            self.asked.append(at)
            return X[8 * at : 8 * at + 8], Y[8 * at : 8 * at + 8]

    batches = Batches()
    fit(make(), batches, batch_size=None)
    with_recording = list(batches.asked)
    fitprint.disable()
    batches.asked.clear()
    make().fit(batches, verbose=0, shuffle=False)
    assert with_recording == batches.asked


def test_a_loader_of_torch_is_read_by_the_training_alone(recorded):
    torch = pytest.importorskip("torch")
    data = torch.utils.data.TensorDataset(torch.tensor(X), torch.tensor(Y))
    run = fit(make(), torch.utils.data.DataLoader(data, batch_size=4), batch_size=None)
    assert run.params["batch_size"] == 4
    assert specs(run) == [(None, "float32", (-1, 3))]


def several(outputs):
    keras.utils.set_random_seed(3)
    left, right = keras.Input((3,), name="left"), keras.Input((2,), name="right")
    joined = keras.layers.Concatenate()([right, left])
    made = {"first": keras.layers.Dense(1, name="one")(joined), "second": keras.layers.Dense(2, name="two")(joined)}
    model = keras.Model([right, left], made if outputs == "dict" else list(made.values()))
    model.compile("sgd", "mse", run_eagerly=True)
    return model


@pytest.mark.parametrize("inputs", ["list", "dict", "dataset"])
def test_several_inputs_are_named(recorded, inputs):
    model = several("dict")
    by_name = {"left": X, "right": X[:, :2]}
    targets = {"first": Y, "second": X[:, 1:]}
    if inputs == "dataset":
        run = fit(model, tf.data.Dataset.from_tensor_slices((by_name, targets)).batch(8), batch_size=None)
    else:
        run = fit(model, by_name if inputs == "dict" else [X[:, :2], X], targets)
    assert sorted(specs(run)) == [("left", "float64", (-1, 3)), ("right", "float64", (-1, 2))]
    assert specs(run, "outputs") == [("first", "float32", (-1, 1)), ("second", "float32", (-1, 2))]
    predicted = fitprint.load_model(run.model_path).predict(by_name)
    expected = model.predict([X[:, :2], X], verbose=0)
    assert all(np.array_equal(predicted[name], expected[name]) for name in ("first", "second"))


def test_a_list_of_outputs_has_the_names_of_their_layers(recorded):
    model = several("list")
    run = fit(model, [X[:, :2], X], [Y, X[:, 1:]])
    assert [name for name, _, _ in specs(run, "outputs")] == ["one", "two"]
    predicted = fitprint.load_model(run.model_path).predict({"right": X[:, :2], "left": X})
    first, second = model.predict([X[:, :2], X], verbose=0)
    assert np.array_equal(predicted["one"], first)
    assert np.array_equal(predicted["two"], second)


def test_sequences_of_any_length_have_an_open_axis(recorded):
    layers = [keras.layers.Embedding(10, 4), keras.layers.GlobalAveragePooling1D()]
    model = make(*layers, shape=(None,), dtype="int32")
    run = fit(model, np.arange(16 * 6, dtype="int64").reshape(16, 6) % 10, Y)
    assert specs(run) == [(None, "int64", (-1, -1))]
    assert specs(run, "outputs") == [(None, "float32", (-1, 1))]
    assert fitprint.load_model(run.model_path).predict(np.ones((2, 9), dtype="int64")).shape == (2, 1)


def test_images(recorded):
    layers = [keras.layers.Rescaling(1 / 255), keras.layers.Conv2D(2, 3), keras.layers.Flatten()]
    images = np.random.default_rng(0).integers(0, 255, (16, 8, 8, 1), dtype="uint8")
    run = fit(make(*layers, shape=(8, 8, 1)), images, Y)
    assert specs(run) == [(None, "uint8", (-1, 8, 8, 1))]


def test_texts(recorded):
    texts = np.array([["a good film"], ["so dull"]] * 8, dtype=object)
    vectors = keras.layers.TextVectorization(max_tokens=20, output_sequence_length=4)
    vectors.adapt(texts[:, 0])
    layers = [vectors, keras.layers.Embedding(20, 2), keras.layers.Flatten()]
    model = make(*layers, shape=(1,), dtype="string")
    model.fit(tf.constant(texts.tolist()), Y, verbose=0)
    run = fitprint.last_run()
    expected = model.predict(tf.constant(texts.tolist()), verbose=0)
    assert np.array_equal(fitprint.load_model(run.model_path).predict(texts), expected)


def test_a_model_of_ones_own_class(recorded):
    @keras.saving.register_keras_serializable("fitprint_tests")
    class Own(keras.Model):
        def __init__(self, **options):
            super().__init__(**options)
            self.layer = keras.layers.Dense(1)

        def call(self, inputs):
            return self.layer(inputs)

    model = Own()
    model.compile("sgd", "mse", run_eagerly=True)
    data = tf.data.Dataset.from_tensor_slices((X, Y)).batch(8)
    model.fit(data, verbose=0, shuffle=False)
    run = fitprint.last_run()
    assert run.skipped == []  # a class that a script defines comes with the package
    assert specs(run) == [(None, "float64", (-1, 3))]
    loaded = fitprint.load_model(run.model_path)  # the class is registered here
    assert np.array_equal(loaded.predict(X), model.predict(X, verbose=0))


def test_a_stateful_layer_keeps_its_state(recorded):
    keras.utils.set_random_seed(3)
    model = keras.Sequential([keras.Input((4, 3), batch_size=8), keras.layers.SimpleRNN(2, stateful=True)])
    model.compile("sgd", "mse", run_eagerly=True)
    rows = np.random.default_rng(0).normal(size=(16, 4, 3)).astype("float32")
    states = []
    for recording in (True, False):
        keras.utils.set_random_seed(3)
        model.layers[0].reset_state()
        if not recording:
            fitprint.disable()
        model.set_weights([np.ones(weight.shape) / 8 for weight in model.get_weights()])
        model.fit(rows, rows[:, 0, :2], batch_size=8, shuffle=False, verbose=0)
        states.append([np.array(state).tolist() for state in model.layers[0].states])
    assert states[0] == states[1]
