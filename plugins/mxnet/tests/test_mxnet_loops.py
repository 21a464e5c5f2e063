"""Loops of `Trainer.step`: what is recorded of them, and that they train as without recording."""

from __future__ import annotations

import mxnet as mx
import numpy as np
import pytest
from mxnet import autograd, gluon

import fitprint

X = np.random.default_rng(0).normal(size=(40, 4)).astype("float32")
Y = (X.sum(1) > 0).astype("float32")


def network(seed=1, outputs=2):
    mx.random.seed(seed)
    np.random.seed(seed)
    net = gluon.nn.HybridSequential(prefix="net_")
    with net.name_scope():
        net.add(gluon.nn.Dense(8, activation="relu"), gluon.nn.Dropout(0.2), gluon.nn.Dense(outputs))
    net.initialize(mx.init.Xavier())
    return net


def batches():
    return gluon.data.DataLoader(gluon.data.ArrayDataset(X, Y), batch_size=20, shuffle=True)


def trained(net, rate=0.05, epochs=2, after_epoch=lambda epoch: None, **options):
    """Train as in Gluon's own introduction; return the losses of the steps."""
    measure = gluon.loss.SoftmaxCrossEntropyLoss()
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": rate, **options})
    losses = []
    for epoch in range(epochs):
        for rows, target in batches():
            with autograd.record():
                loss = measure(net(rows), target)
            loss.backward()
            trainer.step(len(rows))
            losses.append(float(loss.asnumpy().mean()))
        after_epoch(epoch)
    return losses


def weights(net):
    return [parameter.data().asnumpy().tobytes() for parameter in net.collect_params().values()]


@pytest.mark.parametrize("hybridized", [True, False])
def test_a_loop_trains_bit_by_bit_as_without_recording(alike, hybridized):
    def tell():
        net = network()
        if hybridized:
            net.hybridize()
        losses = trained(net)
        assert not net._forward_pre_hooks
        return losses, weights(net), mx.nd.random.uniform(shape=2).asnumpy().tolist(), float(np.random.random())

    alike(tell)


def test_a_loop_in_a_function_is_one_run_with_its_losses_checkpoints_and_package(recorded, tmp_path):
    def main():
        net = network()
        losses = trained(net, after_epoch=lambda epoch: net.save_parameters(f"{tmp_path}/{epoch}.params"))
        return losses, net(mx.nd.array(X)).asnumpy()

    losses, expected = main()
    fitprint.disable()
    (run,) = fitprint.runs()
    assert (run.name, run.status, run.skipped) == ("HybridSequential", "FINISHED", [])
    assert [value for _, value in run.metric_history("loss")] == losses
    assert run.params.items() >= {"batch_size": 20, "optimizer_name": "SGD", "learning_rate": 0.05}.items()
    assert [(checkpoint.step, checkpoint.path) for checkpoint in run.checkpoints] == [
        (1, f"{tmp_path}/0.params"),
        (3, f"{tmp_path}/1.params"),
    ]
    package = fitprint.load_model(run.model_path)
    assert np.array_equal(package.predict(X), expected)
    assert "[-1, 4]" in str(package.metadata.signature.inputs)


def test_a_loop_that_goes_on_says_from_where_and_continues_its_steps(recorded, tmp_path):
    net, again = network(), network()
    trainer = gluon.Trainer(net.collect_params(), "sgd")

    def steps(net, trainer):
        with fitprint.start_run():
            for rows, target in batches():
                with autograd.record():
                    loss = gluon.loss.SoftmaxCrossEntropyLoss()(net(rows), target)
                loss.backward()
                trainer.step(len(rows))
            net.save_parameters(f"{tmp_path}/net.params")

    steps(net, trainer)
    steps(net, trainer)
    again.load_parameters(f"{tmp_path}/net.params")
    steps(again, gluon.Trainer(again.collect_params(), "sgd"))
    third, second, first = fitprint.runs()
    assert "resumed_from" not in first.tags
    assert second.tags["resumed_from"] == first.run_id
    assert [step for step, _ in second.metric_history("loss")] == [2, 3]
    assert third.tags["resumed_from"] == second.run_id


def test_an_interrupted_loop_keeps_its_model(recorded):
    net = network()

    def interrupt(epoch):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), fitprint.start_run():
        trained(net, after_epoch=interrupt)
    run = fitprint.runs()[0]
    assert np.array_equal(fitprint.load_model(run.model_path).predict(X), net(mx.nd.array(X)).asnumpy())


def test_a_package_in_the_background_is_that_of_the_end_of_the_training(store):
    fitprint.autolog("mxnet", strict=True, quiet=True, save_in_background=True)
    net = network(outputs=600_000)
    with fitprint.start_run() as run:
        trained(net, epochs=1)
    expected = net(mx.nd.array(X)).asnumpy()
    for parameter in net.collect_params().values():
        parameter.data()[:] = 0
    assert run.skipped == []
    assert np.array_equal(fitprint.load_model(run.model_path).predict(X), expected)


def test_two_networks_that_train_each_other_are_two_runs(recorded):
    made, judged = network(1, outputs=4), network(2, outputs=1)
    makes, judges = (gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 0.1}) for net in (made, judged))
    for _ in range(2):
        with autograd.record():
            first = judged(mx.nd.array(X)).mean()
        first.backward()
        judges.step(1)
        with autograd.record():
            second = judged(made(mx.nd.array(X))).mean()
        autograd.backward([second])
        makes.step(1)
    fitprint.disable()
    runs = [fitprint.run_of(net) for net in (made, judged)]
    assert runs[0].metrics["loss"] == second.asscalar()
    assert runs[1].metrics["loss"] == first.asscalar()
    assert [run.params["parameters"] for run in runs] == [8 * 5 + 4 * 9, 8 * 5 + 9]


def test_a_schedule_of_the_learning_rate_is_a_metric_of_each_step(recorded):
    schedule = mx.lr_scheduler.FactorScheduler(step=1, factor=0.5, base_lr=0.4)
    net = network()
    trained(net, rate=0.4, lr_scheduler=schedule)
    fitprint.disable()
    rates = [value for _, value in fitprint.run_of(net).metric_history("learning_rate")]
    assert len(rates) == 4
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] < rates[0] <= 0.4


def test_parameters_of_no_network_leave_no_package_and_a_reason(recorded):
    parameter = gluon.Parameter("alone", shape=(2,))
    parameter.initialize()
    trainer = gluon.Trainer([parameter], "sgd", {"learning_rate": 0.1})
    with fitprint.start_run():
        with autograd.record():
            loss = (parameter.data() ** 2).sum()
        loss.backward()
        trainer.step(1)
    run = fitprint.runs()[0]
    assert run.metrics["loss"] == loss.asscalar()
    assert [skip.reason for skip in run.skipped] == [
        "no network with the trained parameters was found in the code of the loop"
    ]


def test_an_estimator_s_own_steps_are_no_loop(recorded):
    from mxnet.gluon.contrib.estimator import Estimator

    net = network()
    made = Estimator(net, gluon.loss.SoftmaxCrossEntropyLoss(), trainer=gluon.Trainer(net.collect_params(), "sgd"))
    made.logger.handlers.clear()
    made.fit(batches(), epochs=1)
    (run,) = fitprint.runs()
    assert "loss" not in run.metrics
