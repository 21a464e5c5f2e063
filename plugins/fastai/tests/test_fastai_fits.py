"""The fits of a learner: one run each, with what the recorder says, and a training that is as without recording."""

from __future__ import annotations

import pytest
import torch
from fastai.callback.tracker import EarlyStoppingCallback, SaveModelCallback
from fastai.learner import Callback, CancelTrainException

import fitprint

pytestmark = pytest.mark.filterwarnings(
    "ignore:load_learner:UserWarning",
    "ignore:The given NumPy array is not writable:UserWarning",
    "ignore:.*numpy.core is deprecated:DeprecationWarning",
)


def last():
    run = fitprint.last_run()
    assert run is not None
    return run


def by_name(learner):
    names = [name for name in learner.recorder.metric_names[1:] if name != "time"]
    return {name: [row[at] for row in learner.recorder.values] for at, name in enumerate(names)}


def recorded_values(run, names):
    return {name: [value for _, value in run.metric_history(name)] for name in names}


@pytest.mark.parametrize("fit", ["fit", "fit_one_cycle", "fit_flat_cos"])
def test_a_fit_is_one_run_with_the_metrics_of_the_recorder(recorded, tabular, fit):
    learner = tabular()
    getattr(learner, fit)(3, 0.1)
    (run,) = fitprint.runs()
    assert (run.name, run.status, run.skipped) == ("TabularLearner", "FINISHED", [])
    assert fitprint.run_of(learner).run_id == run.run_id
    expected = by_name(learner)
    assert set(expected) == {"train_loss", "valid_loss", "accuracy"}
    assert recorded_values(run, expected) == expected
    assert [step for step, _ in run.metric_history("train_loss")] == [0, 1, 2]
    assert run.params["n_epoch"] == 3
    assert run.params["lr" if fit != "fit_one_cycle" else "lr_max"] == 0.1
    assert run.params["moms" if fit == "fit_one_cycle" else "batch_size"] in ([0.95, 0.85, 0.95], 8)
    assert "model.txt" in run.artifacts


def test_fine_tuning_is_one_run_whose_epochs_go_on(recorded, tabular):
    learner = tabular()
    learner.fine_tune(2, 0.1, freeze_epochs=3)
    (run,) = fitprint.runs()
    assert [step for step, _ in run.metric_history("valid_loss")] == [0, 1, 2, 3, 4]
    assert [value for _, value in run.metric_history("valid_loss")][3:] == by_name(learner)["valid_loss"]
    assert (run.params["epochs"], run.params["freeze_epochs"], run.params["base_lr"]) == (2, 3, 0.1)


@pytest.mark.newest  # fastai 2.7 cannot read what it has written itself with a torch from 2.6 on
def test_looking_for_a_learning_rate_is_no_run(recorded, tabular):
    learner = tabular()
    learner.lr_find(num_it=6, show_plot=False)
    assert fitprint.runs() == []
    (status,) = [row for row in fitprint.status() if row.name == "fastai"]
    assert status.skips == {"lr_find": 1}


class Noting(Callback):
    """A callback of the user's, which draws a random number, and looks at the callbacks beside it."""

    order = 99

    def __init__(self):
        self.seen = []

    def after_epoch(self):
        self.seen.append((float(torch.rand(1)), [callback.name for callback in self.learn.cbs]))


@pytest.mark.parametrize("kind", ["tabular", pytest.param("texts", marks=pytest.mark.process), "ratings", "pictures"])
def test_a_training_is_as_without_recording(store, request, kind):
    make = request.getfixturevalue(kind)

    def train():
        learner, own = make(), [Noting()]
        learner.fit_one_cycle(2, 0.1, cbs=own)
        weights = {name: weight.tolist() for name, weight in learner.model.state_dict().items()}
        attributes = {name: type(value).__name__ for name, value in vars(learner).items()}
        optimizer = [[float(group["lr"]), float(group["mom"])] for group in learner.opt.hypers]
        modes = [module.training for module in learner.model.modules()]
        rows = [list(map(float, row)) for row in learner.recorder.values]
        noted = own[0].seen
        drawn = torch.rand(3).tolist()
        return weights, attributes, optimizer, modes, rows, noted, [callback.name for callback in learner.cbs], drawn

    plain = train()
    fitprint.autolog("fastai", strict=True, quiet=True)
    assert train() == plain
    fitprint.disable()
    assert [run.status for run in fitprint.runs()] == ["FINISHED"]


def test_early_stopping(recorded, pictures):
    learner = pictures()
    learner.fit(6, 0.0, cbs=EarlyStoppingCallback(patience=2))
    run = last()
    assert run.metrics["stopped_epoch"] == learner.epoch == 2
    assert run.metrics["best_epoch"] == 0
    assert run.metrics["best_valid_loss"] == learner.recorder.values[0][1]
    assert (run.params["early_stop_monitor"], run.params["early_stop_patience"]) == ("valid_loss", 2)


def test_the_best_epoch_that_is_restored(recorded, tabular, tmp_path):
    learner = tabular(path=tmp_path)
    learner.fit(3, 5.0, cbs=[SaveModelCallback(monitor="accuracy", fname="best")])
    run = last()
    (checkpoint,) = run.checkpoints
    assert (checkpoint.step, checkpoint.monitor) == (run.metrics["best_epoch"], "accuracy")
    assert run.metrics["restored_epoch"] == run.metrics["best_epoch"]
    assert run.metrics["best_accuracy"] == max(by_name(learner)["accuracy"]) == checkpoint.score
    assert run.tags["package_of"] == "best"
    packaged = fitprint.fastai.load_model(run.model_path, trust="all").model.state_dict()
    assert all((packaged[name] == weight).all() for name, weight in learner.model.state_dict().items())


def test_a_package_of_a_checkpoint(recorded, tabular, tmp_path):
    learner = tabular(path=tmp_path)
    learner.fit(2, 0.1, cbs=[SaveModelCallback(every_epoch=1, fname="epoch")])
    run = last()
    assert [checkpoint.step for checkpoint in run.checkpoints] == [0, 1]
    package = fitprint.package_checkpoint(run, 1, trust="all")
    weights = torch.load(tmp_path / "models/epoch_0.pth", weights_only=True)
    packaged = fitprint.fastai.load_model(package, trust="all").model.state_dict()
    assert all((packaged[name] == weight).all() for name, weight in weights.items())


class Skipping(Callback):
    """Leaves out the training of one epoch."""

    def before_train(self):
        if self.epoch == 1:
            raise CancelTrainException


def test_an_epoch_without_a_training_has_no_training_loss(recorded, tabular):
    learner = tabular()
    learner.fit(3, 0.1, cbs=Skipping)
    assert [step for step, _ in last().metric_history("train_loss")] == [0, 2]
    assert [step for step, _ in last().metric_history("valid_loss")] == [0, 1, 2]


class Predicting(Callback):
    """Predicts during the training, for which fastai runs the recorder too."""

    order = 99

    def after_epoch(self):
        if not hasattr(self.learn, "gather_preds") and self.epoch == 0:
            self.learn.get_preds(dl=self.learn.dls.valid.new())


def test_predictions_of_a_callback_are_no_metrics(recorded, tabular):
    tabular().fit(1, 0.1, cbs=Predicting)
    assert len(last().metric_history("valid_loss")) == 1


class Failing(Callback):
    def before_epoch(self):
        if self.epoch == 1:
            raise KeyError("a fault of the user's")


def test_a_training_that_fails_keeps_what_it_had(recorded, tabular):
    fitprint.autolog("fastai", strict=True, quiet=True, keep_incomplete=True)
    with pytest.raises(KeyError, match="a fault of the user's"):
        tabular().fit(3, 0.1, cbs=Failing())
    run = last()
    assert (run.status, run.tags["incomplete"]) == ("FAILED", "true")
    assert len(run.metric_history("valid_loss")) == 1
    assert run.model_path is not None


def test_what_is_validated_afterwards_is_added(recorded, tabular, table):
    learner = tabular()
    learner.fit(1, 0.1)
    held_out = learner.dls.test_dl(table[:8], with_labels=True)
    loss, accuracy = learner.validate(dl=held_out)
    run = last()
    assert run.metrics["valid_loss_held_out"] == pytest.approx(float(loss))
    assert run.metrics["accuracy_held_out"] == pytest.approx(float(accuracy))
    assert len(fitprint.runs()) == 1


def test_importing_the_plugin_gives_no_learner_a_progress_bar(run_python, store):
    done = run_python("""
        import fitprint
        fitprint.autolog("fastai", strict=True)
        import fastai.learner
        import fitprint_fastai
        from fastcore.basics import defaults
        print([callback.__name__ for callback in defaults.callbacks])
    """)
    assert done.stdout.split("\n")[0] == "['TrainEvalCallback', 'Recorder', 'CastToTensor']"
