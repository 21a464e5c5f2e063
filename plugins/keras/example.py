"""A classification with recording on: what the run holds, and what its package says of held-out rows."""

import keras
import numpy as np

import fitprint

fitprint.autolog()

keras.utils.set_random_seed(0)
X = np.random.default_rng(0).normal(size=(400, 4)).astype("float32")
y = (X[:, 0] + X[:, 1] > 0).astype("int32")
X_train, X_test, y_train, y_test = X[:300], X[300:], y[:300], y[300:]

model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(8, activation="relu"), keras.layers.Dense(2)])
model.compile(
    optimizer=keras.optimizers.Adam(0.05),
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
stopping = keras.callbacks.EarlyStopping("val_loss", patience=3, restore_best_weights=True)
model.fit(X_train, y_train, validation_split=0.2, epochs=30, callbacks=[stopping], verbose=0)
model.evaluate(X_test, y_test, verbose=0)

run = fitprint.last_run()
losses = [value for _, value in run.metric_history("val_loss")]
print(f"{run.params['optimizer']} with {run.params['optimizer_learning_rate']}, loss fell: {min(losses) < losses[0]}")
print(f"best epoch: {losses.index(min(losses)) == run.metrics['best_epoch']}")
print(f"accuracy of held-out rows: {run.metrics['accuracy_X_test'] > 0.9}")
predicted = fitprint.load_model(run.model_path).predict(X_test)
print(f"the package predicts the same: {np.allclose(predicted, model.predict(X_test, verbose=0), atol=1e-6)}")
