"""What is recorded of `Estimator.fit` and `Module.fit`, and that the training is as without recording."""

from __future__ import annotations

import logging
import random
from pathlib import Path

import mxnet as mx
import numpy as np
import pytest
from mxnet import gluon
from mxnet.gluon.contrib.estimator import Estimator
from mxnet.gluon.contrib.estimator.event_handler import CheckpointHandler, EpochEnd, LoggingHandler, ValidationHandler

import fitprint


def points(rows=20):
    x = np.random.default_rng(rows).normal(size=(rows, 3)).astype("float32")
    return x, (x.sum(1) > 0).astype("float32")


def loader(rows=20):
    return gluon.data.DataLoader(gluon.data.ArrayDataset(*points(rows)), batch_size=8)


def network(kind=gluon.nn.HybridSequential):
    net = kind(prefix="net_")
    with net.name_scope():
        net.add(gluon.nn.Dense(4, in_units=3), gluon.nn.BatchNorm(), gluon.nn.Dropout(0.2), gluon.nn.Dense(2))
    net.initialize(mx.init.Xavier())
    return net


def estimator(net=None, optimizer="sgd", **options):
    mx.random.seed(5)
    np.random.seed(5)
    net = net or network()
    trainer = gluon.Trainer(net.collect_params(), optimizer, options or {"learning_rate": 0.1, "momentum": 0.5})
    made = Estimator(net, gluon.loss.SoftmaxCrossEntropyLoss(), trainer=trainer)
    made.logger.handlers.clear()
    return made


def module():
    mx.random.seed(5)
    np.random.seed(5)
    hidden = mx.sym.FullyConnected(mx.sym.var("data"), num_hidden=4, name="hidden")
    scores = mx.sym.FullyConnected(mx.sym.Activation(hidden, act_type="tanh"), num_hidden=2, name="scores")
    return mx.mod.Module(mx.sym.SoftmaxOutput(scores, name="softmax"), logger=logging.Logger("quiet", 99))


def states():
    drawn = mx.nd.random.uniform(shape=2).asnumpy().tolist()
    names = [gluon.nn.Dense(1).name, (mx.sym.var("a") + 1).name]  # both are numbered
    return drawn, random.random(), np.random.random(), [name.rstrip("0123456789") for name in names]


class Noting(EpochEnd):
    """Notes the metrics of each epoch."""

    def __init__(self):
        self.seen = []

    def epoch_end(self, estimator, *args, **kwargs):
        self.seen.append([repr(metric.get()) for metric in [*estimator.train_metrics, *estimator.val_metrics]])


@pytest.mark.parametrize("hybridized", [True, False])
def test_the_training_of_an_estimator_is_bit_by_bit_as_without_recording(alike, hybridized):
    def tell():
        random.seed(1)
        trained = estimator()
        if hybridized:
            trained.net.hybridize()
        own = [Noting()]
        handlers = list(own)
        trained.fit(loader(), loader(12), epochs=3, event_handlers=handlers)
        parameters = trained.net.collect_params()
        weights = {name: parameter.data().asnumpy().tolist() for name, parameter in parameters.items()}
        kinds = [type(handler).__name__ for handler in handlers]
        return own[0].seen, weights, kinds, trained.net._active, bool(trained.net._cached_graph), states()

    assert len(alike(tell, strict=True)[2]) == 6  # the user's handler, and five of MXNet's own


def test_the_training_of_a_module_is_bit_by_bit_as_without_recording(alike):
    def tell():
        random.seed(1)
        seen, trained = [], module()
        train, evaluation = mx.io.NDArrayIter(*points(), batch_size=5), mx.io.NDArrayIter(*points(12), batch_size=4)
        callbacks = [lambda state: seen.append((state.epoch, state.nbatch, repr(state.eval_metric.get())))]
        trained.fit(train, evaluation, num_epoch=3, batch_end_callback=callbacks, eval_end_callback=callbacks[0])
        weights = [{name: value.asnumpy().tolist() for name, value in part.items()} for part in trained.get_params()]
        outputs = [output.asnumpy().tolist() for output in trained.get_outputs()]
        assert len(callbacks) == 1
        return seen, weights, outputs, trained.data_shapes, states()

    alike(tell, strict=True)


def test_only_epochs_that_are_validated_have_validation_metrics(recorded):
    trained = estimator()
    validation = ValidationHandler(loader(12), trained.evaluate, epoch_period=2)
    quiet = LoggingHandler(metrics=trained.train_metrics)
    trained.fit(loader(), epochs=4, event_handlers=[validation, quiet])
    run = fitprint.last_run()
    assert [step for step, _ in run.metric_history("training_accuracy")] == [0, 1, 2, 3]
    assert [step for step, _ in run.metric_history("validation_accuracy")] == [1, 3]


def test_a_training_without_validation_by_batches(recorded):
    estimator().fit(loader(), batches=7)  # two epochs of three batches, and one batch of a third one
    run = fitprint.last_run()
    assert [step for step, _ in run.metric_history("training_accuracy")] == [0, 1, 2]
    assert not [name for name in run.metrics if name.startswith("validation")]
    assert run.params["batches"] == 7


def test_the_learning_rate_of_a_schedule(recorded):
    schedule = mx.lr_scheduler.FactorScheduler(step=3, factor=0.5, base_lr=0.4)
    estimator(learning_rate=0.4, lr_scheduler=schedule).fit(loader(), epochs=3)
    run = fitprint.last_run()
    assert run.params["learning_rate_schedule"] == "FactorScheduler"
    assert len(run.metric_history("learning_rate")) == 3
    assert run.metrics["learning_rate"] < 0.4


def test_handlers_that_mxnet_refuses_are_refused_as_without_recording(recorded):
    def error(handlers):
        with pytest.raises((ValueError, AttributeError)) as caught:
            estimator().fit(loader(), epochs=1, event_handlers=handlers)
        return str(caught.value)

    refused = ["no handler"]
    with_recording = error(refused), error((Noting(),))
    fitprint.disable()
    assert (error(refused), error((Noting(),))) == with_recording


def test_evaluate_adds_to_the_run(recorded):
    trained = estimator()
    trained.fit(loader(), epochs=2)
    test_points = loader(12)
    trained.evaluate(test_points)
    run = fitprint.last_run()
    assert run.metrics["accuracy_test_points"] == trained.val_metrics[0].get()[1]
    assert fitprint.run_of(trained.net).run_id == run.run_id


def test_the_score_of_a_module_is_added_to_its_run(recorded):
    trained = module()
    trained.fit(mx.io.NDArrayIter(*points(), batch_size=5), num_epoch=2)
    test_points = mx.io.NDArrayIter(*points(12), batch_size=4)
    ((_, value),) = trained.score(test_points, "acc")
    assert fitprint.last_run().metrics["accuracy_test_points"] == value


def test_a_failing_training_keeps_its_epochs(recorded):
    class Failing(EpochEnd):
        def epoch_end(self, estimator, *args, **kwargs):
            raise OSError("the disk of the user's is full")

    with pytest.raises(OSError, match="full"):
        estimator().fit(loader(), epochs=2, event_handlers=[Failing()])
    assert fitprint.last_run().status == "FAILED"


def test_a_plain_block_has_no_package_and_it_is_said(recorded):
    fitprint.autolog(strict=False, quiet=True)
    estimator(network(gluon.nn.Sequential)).fit(loader(), epochs=1)
    run = fitprint.last_run()
    assert not run.models
    assert any("only a HybridBlock" in skip.reason for skip in run.skipped)


def test_the_event_handler_of_the_user_s_own_records_the_same(store):
    estimator().fit(loader(), loader(12), epochs=2, event_handlers=fitprint.mxnet.callback())
    by_handler = fitprint.runs()[0]
    fitprint.autolog(strict=True, quiet=True)
    estimator().fit(loader(), loader(12), epochs=2)
    patched = fitprint.runs()[0]
    assert by_handler.run_id != patched.run_id
    assert by_handler.params == patched.params
    assert {name: by_handler.metric_history(name) for name in by_handler.metrics} == {
        name: patched.metric_history(name) for name in patched.metrics
    }
    assert by_handler.model_path.is_dir()


def test_checkpoints_that_users_write_are_known(recorded, tmp_path):
    estimator().fit(loader(), epochs=2, event_handlers=[CheckpointHandler(str(tmp_path), model_prefix="net")])
    known = {Path(about.path).name: about.step for about in fitprint.last_run().checkpoints}
    assert known == {"net-epoch0batch3.params": 0, "net-epoch1batch6.params": 1}
    prefix = str(tmp_path / "module")
    data = mx.io.NDArrayIter(*points(), batch_size=5)
    module().fit(data, num_epoch=2, epoch_end_callback=mx.callback.do_checkpoint(prefix))
    known = {Path(about.path).name: about.step for about in fitprint.last_run().checkpoints}
    assert known == {"module-0001.params": 0, "module-0002.params": 1}


@pytest.mark.filterwarnings("ignore:Parameters already initialized:UserWarning")  # MXNet itself, at a second fit
def test_a_training_that_goes_on_says_from_where(recorded, tmp_path):
    trained, again = estimator(), estimator()
    trained.fit(loader(), epochs=1)
    trained.fit(loader(), epochs=1)
    trained.net.save_parameters(str(tmp_path / "net.params"))
    again.net.load_parameters(str(tmp_path / "net.params"))
    again.fit(loader(), epochs=1)
    of_module = module()
    data = mx.io.NDArrayIter(*points(), batch_size=5)
    of_module.fit(data, num_epoch=1)
    of_module.fit(data, begin_epoch=1, num_epoch=2)
    fifth, fourth, third, second, first = fitprint.runs()
    assert not {"resumed_from"} & {*first.tags, *fourth.tags}
    assert second.tags["resumed_from"] == first.run_id
    assert third.tags["resumed_from"] == str(tmp_path / "net.params")  # nobody noted it: no training wrote it
    assert fifth.tags["resumed_from"] == fourth.run_id


def test_an_interrupted_training_keeps_its_model_when_asked(recorded):
    class Interrupting(EpochEnd):
        def epoch_end(self, estimator, *args, **kwargs):
            raise KeyboardInterrupt

    fitprint.autolog(strict=True, quiet=True, keep_incomplete=True)
    with pytest.raises(KeyboardInterrupt):
        estimator().fit(loader(), epochs=2, event_handlers=[Interrupting()])
    assert fitprint.last_run().tags["incomplete"] == "true"
    assert fitprint.last_run().models
