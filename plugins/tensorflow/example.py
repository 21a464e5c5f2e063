"""A loop of one's own with recording on: what the run holds, and what its package says."""

import numpy as np
import tensorflow as tf

import fitprint

fitprint.autolog()

X = np.random.default_rng(0).normal(size=(64, 3)).astype("float32")
Y = X.sum(axis=1, keepdims=True) + 1


class Linear(tf.Module):
    """A linear model. Its call is a `tf.function`, so that the package of it can predict."""

    def __init__(self):
        super().__init__()
        self.weight = tf.Variable(tf.zeros((3, 1)))
        self.bias = tf.Variable(tf.zeros((1,)))

    @tf.function(input_signature=[tf.TensorSpec((None, 3), tf.float32)])
    def __call__(self, rows):
        return rows @ self.weight + self.bias


model, optimizer = Linear(), tf.keras.optimizers.SGD(0.1)
with fitprint.start_run("linear") as run:
    for _ in range(50):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((model(X) - Y) ** 2)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))

losses = [value for _, value in run.metric_history("loss")]
print(f"{run.params['optimizer']}: {len(losses)} steps, loss fell: {losses[-1] < losses[0] / 100}")
predicted = fitprint.load_model(run.model_path).predict(X)
print(f"the package predicts the same: {np.allclose(predicted, model(X), atol=1e-6)}")
