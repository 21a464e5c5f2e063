"""What is recorded of `paddle.Model.fit`, and that the training is as without recording."""

from __future__ import annotations

import random
import threading
from pathlib import Path

import numpy as np
import paddle
import pytest
from sklearn.metrics import mean_absolute_error

import fitprint

pytestmark = [
    pytest.mark.filterwarnings("ignore:To copy construct from a tensor"),  # PaddlePaddle warns of its own calls
    pytest.mark.filterwarnings("ignore:When training, we now always track"),
]
FIT = {"epochs": 3, "batch_size": 8, "verbose": 0}


class Noting(paddle.callbacks.Callback):
    """Notes everything that PaddlePaddle tells it."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def __getattribute__(self, name):
        if name.startswith("on_") and "batch" not in name:
            return lambda *args: self.seen.append((name, repr(args)))
        return super().__getattribute__(name)


def told(model):
    """Everything that a training may have changed, in numbers."""
    weights = {name: tensor.numpy().tolist() for name, tensor in model.network.state_dict().items()}
    states = (paddle.rand([2]).tolist(), random.random(), np.random.random())
    modes = [layer.training for layer in model.network.sublayers(include_self=True)]
    hooks = [len(layer._forward_pre_hooks) for layer in model.network.sublayers(include_self=True)]
    attributes = sorted(vars(model)), sorted(vars(model.network))
    return weights, states, modes, hooks, attributes, [str(spec) for spec in model._inputs], model._optimizer.get_lr()


@pytest.mark.parametrize("evaluated", [True, False])
def test_the_training_is_bit_by_bit_as_without_recording(alike, prepared, points, evaluated):
    def tell():
        random.seed(1)
        model, callback = prepared(), Noting()
        callbacks = [callback]
        result = model.fit(points(), points(12) if evaluated else None, **FIT, callbacks=callbacks)
        assert callbacks == [callback]
        return result, callback.seen, told(model)

    alike(tell, strict=True)


def test_a_callback_that_is_no_list_and_one_that_fails(recorded, prepared, points):
    class Failing(paddle.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            raise OSError("the disk of the user's is full")

    model = prepared()
    with pytest.raises(OSError, match="full"):
        model.fit(points(), **FIT, callbacks=Failing())
    run = fitprint.last_run()
    assert run.status == "FAILED"
    assert len(run.metric_history("loss")) == 1
    assert not model.network._forward_pre_hooks


def test_metrics_of_epochs_that_are_not_evaluated(recorded, prepared, points):
    prepared(metric=paddle.metric.Accuracy(topk=(1, 2))).fit(points(), points(12), **{**FIT, "epochs": 4}, eval_freq=2)
    run = fitprint.last_run()
    assert [step for step, _ in run.metric_history("acc_top1")] == [0, 1, 2, 3]
    assert [step for step, _ in run.metric_history("eval_loss")] == [0, 2]
    assert run.metrics["eval_acc_top2"] == 1.0
    assert not {"step", "batch_size"} & set(run.metrics)
    assert not run.skipped


def test_another_model_s_metrics_do_not_come_along(recorded, prepared, points):
    prepared().fit(points(), points(12), **FIT)
    prepared(metric=None).fit(points(), points(12), **FIT)  # PaddlePaddle keeps the values of all models in one dict
    assert set(fitprint.last_run().metrics) == {"loss", "eval_loss"}


def test_the_learning_rate_of_a_schedule(recorded, prepared, points):
    schedule = paddle.optimizer.lr.StepDecay(0.4, step_size=3, gamma=0.5)
    prepared(rate=schedule).fit(points(24), **FIT)
    run = fitprint.last_run()
    assert [value for _, value in run.metric_history("learning_rate")] == pytest.approx([0.4, 0.2, 0.1])
    params = {name: value for name, value in run.params.items() if name.startswith("learning_rate")}
    assert params == {
        "learning_rate": 0.4,
        "learning_rate_schedule": "StepDecay",
        "learning_rate.step_size": 3,
        "learning_rate.gamma": 0.5,
    }


def test_several_losses(recorded, points):
    paddle.seed(1)
    model = paddle.Model(paddle.nn.Linear(3, 2))
    cross_entropy = paddle.nn.functional.cross_entropy
    model.prepare(
        paddle.optimizer.SGD(0.1, parameters=model.parameters()),
        lambda scores, label: [cross_entropy(scores, label), scores.abs().mean()],
    )
    model.fit(points(), **FIT)
    metrics = fitprint.last_run().metrics
    assert metrics["loss"] == pytest.approx(metrics["loss_0"] + metrics["loss_1"])


def test_params_say_which_are_the_framework_s_defaults(recorded, prepared, points):
    loader = paddle.io.DataLoader(points(), batch_size=5)
    prepared().fit(loader, epochs=1, verbose=0)
    params = fitprint.last_run().params
    assert params["batch_size"] == 5 or "batch_size" not in params
    assert params["optimizer_name"] == "Momentum"
    assert params["momentum"] == 0.9
    assert params["parameters"] == 3 * 4 + 4 + 4 * 4 + 4 * 2 + 2  # as paddle.summary: running statistics too


def test_evaluate_adds_to_the_run(recorded, prepared, points):
    model = prepared()
    model.fit(points(), **FIT)
    test_points = points(12)
    result = model.evaluate(test_points, verbose=0)
    run = fitprint.last_run()
    assert run.metrics["acc_test_points"] == result["acc"]
    assert run.metrics["loss_test_points"] == pytest.approx(result["loss"][0])
    assert fitprint.run_of(model).run_id == run.run_id


def test_metrics_of_predictions_are_added_to_the_run(recorded, prepared, points):
    model = prepared()
    model.fit(points(), **FIT)
    (scores,) = model.predict(points(12), verbose=0, stack_outputs=True)
    test_value = mean_absolute_error(points(12).y.ravel(), scores[:, 1])
    assert test_value in fitprint.last_run().metrics.values()


def test_the_callback_of_the_user_s_own_records_the_same(store, prepared, points):
    model = prepared()
    model.fit(points(), points(12), **FIT, callbacks=[fitprint.paddle.callback()])
    by_callback = fitprint.runs()[0]
    fitprint.autolog(strict=True, quiet=True)
    model = prepared()
    model.fit(points(), points(12), **FIT)
    patched = fitprint.runs()[0]
    assert by_callback.run_id != patched.run_id
    assert by_callback.params == patched.params
    assert {name: by_callback.metric_history(name) for name in by_callback.metrics} == {
        name: patched.metric_history(name) for name in patched.metrics
    }
    assert by_callback.model_path.is_dir()


def test_checkpoints_that_paddle_writes_are_known(recorded, prepared, points, tmp_path):
    stopping = paddle.callbacks.EarlyStopping("loss", patience=5, verbose=0)
    folder = tmp_path / "saved"
    prepared().fit(points(), points(12), **FIT, save_dir=str(folder), callbacks=[stopping])
    known = {Path(about.path).name: about for about in fitprint.last_run().checkpoints}
    assert set(known) == {"0", "1", "2", "best_model", "final"}
    assert known["1"].step == 1
    assert known["best_model"].score == pytest.approx(stopping.best_value)


@pytest.mark.parametrize("kept", [True, False])
def test_an_interrupted_training_keeps_its_model_when_asked(recorded, prepared, points, kept):
    class Interrupting(paddle.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            raise KeyboardInterrupt

    fitprint.autolog(strict=True, quiet=True, keep_incomplete=kept)
    with pytest.raises(KeyboardInterrupt):
        prepared().fit(points(), **FIT, callbacks=[Interrupting()])
    run = fitprint.last_run()
    assert bool(run.models) == kept
    assert run.tags.get("incomplete", "") == ("true" if kept else "")


def test_another_thread_that_computes_leaves_the_package_out(recorded, prepared, points):
    running, ended = threading.Event(), threading.Event()

    def compute():
        running.set()
        while not ended.is_set():
            (paddle.ones([2, 2]) @ paddle.ones([2, 2])).numpy()

    thread = threading.Thread(target=compute, name="computing")
    thread.start()
    running.wait()
    try:
        prepared().fit(points(), **FIT)
    finally:
        ended.set()
        thread.join()
    run = fitprint.last_run()
    assert not run.models
    assert [skip[:2] for skip in run.skipped] == [("model", "threads")]
    prepared().fit(points(), **FIT)
    assert fitprint.last_run().models


def test_one_training_after_another_is_a_run_of_its_own(recorded, prepared, points):
    model = prepared()
    model.fit(points(), **FIT)
    model.fit(points(), **FIT)
    first, second = fitprint.runs()
    assert first.run_id != second.run_id
    assert fitprint.run_of(model).run_id == first.run_id


def test_a_training_that_goes_on_says_from_where(recorded, prepared, points, tmp_path):
    model = prepared()
    model.fit(points(), **FIT, save_dir=str(tmp_path / "saved"))
    model.fit(points(), **FIT)
    again = prepared()
    again.load(str(tmp_path / "saved/1"), reset_optimizer=True)  # PaddlePaddle numbers its parameters
    again.fit(points(), **FIT)
    third, second, first = fitprint.runs()
    assert "resumed_from" not in first.tags
    assert second.tags["resumed_from"] == first.run_id
    assert (third.tags["resumed_from"], third.tags["resumed_step"]) == (first.run_id, "1")
    assert not any(run.skipped for run in (first, second, third))


def test_a_package_in_the_background_is_that_of_the_end_of_the_training(store, prepared, points):
    fitprint.autolog("paddle", strict=True, quiet=True, save_in_background=True)
    network = paddle.nn.Sequential(
        paddle.nn.Linear(3, 2_000), paddle.nn.Linear(2_000, 2_500), paddle.nn.Linear(2_500, 2)
    )
    model = prepared(network)
    model.fit(points(), **FIT)
    rows = points().x
    expected = model.predict_batch([rows])[0]
    with paddle.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
    run = fitprint.last_run()
    assert run.skipped == []
    assert fitprint.load_model(run.model_path).predict(rows).to_numpy() == pytest.approx(expected, rel=1e-4, abs=1e-5)


def test_disable_puts_every_function_back(store, prepared, points):
    names = ("fit", "evaluate", "predict", "save", "load")
    before = [vars(paddle.Model)[name] for name in names]
    fitprint.autolog("paddle", strict=True, quiet=True)
    assert all(vars(paddle.Model)[name] is not own for name, own in zip(names, before, strict=True))
    prepared().fit(points(), **FIT)
    fitprint.disable()
    assert all(vars(paddle.Model)[name] is own for name, own in zip(names, before, strict=True))
