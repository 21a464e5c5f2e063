"""Trains with recording on, shows what the run holds, and predicts with its package."""

import numpy as np
import paddle

import fitprint

fitprint.autolog()

paddle.seed(0)
x = np.random.default_rng(0).normal(size=(200, 4)).astype("float32")
y = (x.sum(axis=1, keepdims=True) > 0).astype("int64")
train, test = paddle.io.TensorDataset([x[:150], y[:150]]), paddle.io.TensorDataset([x[150:], y[150:]])

network = paddle.nn.Sequential(paddle.nn.Linear(4, 8), paddle.nn.ReLU(), paddle.nn.Linear(8, 2))
model = paddle.Model(network)
optimizer = paddle.optimizer.Adam(0.02, parameters=model.parameters())
model.prepare(optimizer, paddle.nn.CrossEntropyLoss(), paddle.metric.Accuracy())
model.fit(train, eval_data=test, epochs=8, batch_size=15, verbose=0)

run = fitprint.last_run()
print(f"{len(run.metric_history('eval_acc'))} epochs, accuracy {run.metrics['eval_acc']:.2f} on the test data")
predicted = fitprint.load_model(run.model_path).predict(x[150:])
network.eval()
print("the package predicts the same:", np.allclose(predicted, network(paddle.to_tensor(x[150:])).numpy()))
