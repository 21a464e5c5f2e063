"""Trains with recording on, shows what the run holds, and predicts with its package."""

import mxnet as mx
import numpy as np
from mxnet import gluon
from mxnet.gluon.contrib.estimator import Estimator

import fitprint

fitprint.autolog()

mx.random.seed(0)
np.random.seed(0)
x = np.random.default_rng(0).normal(size=(200, 4)).astype("float32")
y = (x.sum(axis=1) > 0).astype("float32")
train, test = (
    gluon.data.DataLoader(gluon.data.ArrayDataset(x[rows], y[rows]), batch_size=15)
    for rows in (slice(0, 150), slice(150, 200))
)

net = gluon.nn.HybridSequential()
net.add(gluon.nn.Dense(8, activation="relu"), gluon.nn.Dense(2))
net.initialize(mx.init.Xavier())
trainer = gluon.Trainer(net.collect_params(), "adam", {"learning_rate": 0.02})
Estimator(net, gluon.loss.SoftmaxCrossEntropyLoss(), trainer=trainer).fit(train, test, epochs=8)

run = fitprint.last_run()
history = run.metric_history("validation_accuracy")
print(f"{len(history)} epochs, accuracy {run.metrics['validation_accuracy']:.2f} on the test data")
predicted = fitprint.load_model(run.model_path).predict(x[150:])
print("the package predicts the same:", np.allclose(predicted, net(mx.nd.array(x[150:])).asnumpy()))
