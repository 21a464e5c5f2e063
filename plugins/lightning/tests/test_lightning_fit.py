"""`Trainer.fit`: the run has what Lightning itself logs, and the training is the same as without recording."""

from __future__ import annotations

import contextlib
import csv
import warnings
from typing import Any

import pytest
import torch
from lightning import pytorch as lightning
from lightning.pytorch.callbacks import Callback, EarlyStopping, LearningRateMonitor, ModelCheckpoint
from lightning.pytorch.loggers import CSVLogger
from lightning.pytorch.profilers import SimpleProfiler
from lightning.pytorch.tuner import Tuner
from torch import nn
from torch.utils.data import IterableDataset

import fitprint

NOT_OF_MODELS = {"log_models": False}


@pytest.fixture
def recorded(store):
    """Recording is on without packages, and raises its own errors."""
    fitprint.autolog(strict=True, quiet=True, **NOT_OF_MODELS)
    yield store
    fitprint.disable()


def history(run: Any, name: str) -> list[tuple[int, float]]:
    return [(step, value) for step, value in run.metric_history(name)]


def test_metrics_are_those_that_lightning_gives_its_own_logger(recorded, net, loader, trainer, tmp_path):
    logger = CSVLogger(tmp_path, name=None, version="logged")
    own = trainer(max_epochs=3, logger=logger, log_every_n_steps=1, callbacks=[LearningRateMonitor()])
    own.fit(net(), loader(), loader(10))
    run = fitprint.last_run()
    with open(tmp_path / "logged" / "metrics.csv") as file:
        rows = list(csv.DictReader(file))
    for name, axis in (("train_loss_step", "step"), ("train_loss_epoch", "epoch"), ("val_loss", "epoch")):
        logged = [(int(row[axis]), pytest.approx(float(row[name]))) for row in rows if row[name]]
        assert history(run, name) == logged, name
    assert len(history(run, "train_loss_step")) == 12
    assert history(run, "train_loss") == history(run, "train_loss_epoch")
    assert history(run, "lr-Adam") == [(step, pytest.approx(0.05)) for step in range(12)]


def test_params_are_hyperparameters_and_settings_of_trainer_and_optimizer(recorded, net, loader, trainer):
    trainer(gradient_clip_val=0.5).fit(net(width=7), loader())
    run = fitprint.last_run()
    assert run.name == "Net"
    expected = {"width": 7, "rate": 0.05, "max_epochs": 2, "gradient_clip_val": 0.5, "optimizer": "Adam"}
    assert {name: run.params[name] for name in expected} == expected
    assert run.params["optimizer.lr"] == 0.05
    assert run.params["strategy"] == "SingleDeviceStrategy"
    assert run.tags["device"] == "cpu"
    assert run.tags["precision"] == "32-true"


class SameName(lightning.LightningModule):
    def __init__(self, max_epochs: int, precision: str) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.layer = nn.Linear(3, 1)

    def training_step(self, batch: Any, index: int) -> Any:
        return nn.functional.mse_loss(self.layer(batch[0]), batch[1])

    def configure_optimizers(self) -> Any:
        return torch.optim.SGD(self.parameters(), lr=0.1)


def test_a_hyperparameter_with_the_name_of_a_setting_keeps_it(recorded, net, loader, trainer):
    trainer(max_epochs=1).fit(net(SameName, max_epochs=9, precision="32-true"), loader())
    params = fitprint.last_run().params
    assert params["max_epochs"] == 9
    assert params["trainer.max_epochs"] == 1
    assert params["precision"] == "32-true"
    assert "trainer.precision" not in params


class Everything(Callback):
    """Notes what a user's callback sees, and prints."""

    def __init__(self) -> None:
        self.seen: list[Any] = []

    def on_train_batch_end(self, trainer: Any, module: Any, outputs: Any, batch: Any, index: int) -> None:
        self.seen.append((trainer.global_step, float(outputs["loss"]), batch[0].sum().item()))

    def on_train_epoch_end(self, trainer: Any, module: Any) -> None:
        print("epoch", trainer.current_epoch)


def test_the_training_is_the_same_bit_by_bit(alike, net, loader, trainer, capsys):
    def tell() -> Any:
        module, own = net(), Everything()
        torch.manual_seed(1)
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            fitted = trainer(
                max_epochs=3, callbacks=[own, ModelCheckpoint(monitor="val_loss")], enable_checkpointing=True
            )
            fitted.fit(module, loader(shuffle=True), loader(10))
        weights = [weight.detach().numpy().tobytes() for weight in module.parameters()]
        messages = sorted(
            str(warning.message) for warning in told if "Checkpoint directory" not in str(warning.message)
        )
        callbacks = [type(callback).__name__ for callback in fitted.callbacks]
        hooks = [name for name, value in vars(module).items() if "hook" in name and value]
        states = torch.get_rng_state().numpy().tobytes(), torch.rand(1).item()
        return weights, own.seen, messages, callbacks, hooks, states, module.training, capsys.readouterr().out

    alike(tell, strict=True, **NOT_OF_MODELS)


def test_the_list_of_callbacks_is_the_same_object_with_the_same_callbacks(recorded, net, loader, trainer):
    fitted = trainer(callbacks=[Everything()])
    callbacks, contents, loggers = fitted.callbacks, list(fitted.callbacks), fitted.loggers
    fitted.fit(net(), loader())
    assert fitted.callbacks is callbacks
    assert callbacks == contents
    assert fitted.loggers is loggers == []


class BringsCallbacks(lightning.LightningModule):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(3, 1)

    def configure_callbacks(self) -> Any:
        return [Everything()]

    def training_step(self, batch: Any, index: int) -> Any:
        return nn.functional.mse_loss(self.layer(batch[0]), batch[1])

    def configure_optimizers(self) -> Any:
        return torch.optim.SGD(self.parameters(), lr=0.1)


def test_a_list_that_the_module_s_own_callbacks_replace_is_left_clean_too(recorded, net, loader, trainer):
    fitted = trainer()
    before = fitted.callbacks
    fitted.fit(net(BringsCallbacks), loader())
    assert before == []
    assert [type(callback) for callback in fitted.callbacks] == [Everything]


def test_early_stopping_names_the_epoch_and_the_score(recorded, net, loader, trainer):
    stopping = EarlyStopping("val_loss", patience=2)
    module = net(rate=2.0)
    trainer(max_epochs=30, callbacks=[stopping]).fit(module, loader(), loader(10))
    run = fitprint.last_run()
    assert 0 < stopping.stopped_epoch < 29
    values = dict(history(run, "val_loss"))
    assert run.metrics["stopped_epoch"] == stopping.stopped_epoch == max(values)
    assert run.metrics["best_score"] == pytest.approx(float(stopping.best_score))
    assert run.metrics["best_epoch"] == min(values, key=values.__getitem__)


def test_without_early_stopping_the_best_is_that_of_the_checkpoints(recorded, net, loader, trainer, tmp_path):
    best = ModelCheckpoint(tmp_path / "best", monitor="val_loss")
    trainer(max_epochs=4, callbacks=[best], enable_checkpointing=True).fit(net(), loader(), loader(10))
    run = fitprint.last_run()
    assert run.metrics["best_score"] == pytest.approx(float(best.best_model_score))
    assert f"epoch={run.metrics['best_epoch']:.0f}-" in best.best_model_path
    assert "stopped_epoch" not in run.metrics


def test_accumulated_batches_are_one_step(recorded, net, loader, trainer):
    trainer(max_epochs=1, accumulate_grad_batches=2).fit(net(), loader(30))
    assert [step for step, _ in history(fitprint.last_run(), "train_loss_step")] == [0, 1, 2]


def test_several_validations_in_an_epoch_have_their_optimizer_steps(recorded, net, loader, trainer):
    trainer(max_epochs=2, val_check_interval=0.5).fit(net(), loader(), loader(10))
    run = fitprint.last_run()
    assert [step for step, _ in history(run, "val_loss")] == [1, 3, 5, 7]
    assert [step for step, _ in history(run, "train_loss_epoch")] == [0, 1]


def test_rare_validations_are_not_repeated(recorded, net, loader, trainer):
    trainer(max_epochs=4, check_val_every_n_epoch=2).fit(net(), loader(), loader(10))
    assert [epoch for epoch, _ in history(fitprint.last_run(), "val_loss")] == [1, 3]


class LogsRarely(SameName):
    def training_step(self, batch: Any, index: int) -> Any:
        if index == 1:
            self.log("rare", 1.0 + self.current_epoch)
        self.log("unlogged", float(index), logger=False)
        return super().training_step(batch, index)

    def on_train_batch_end(self, outputs: Any, batch: Any, index: int) -> None:
        self.log("late", 10.0 * index)

    def on_train_epoch_end(self) -> None:
        self.log("at_end", 5.0)


def test_a_value_counts_once_wherever_it_was_logged(recorded, net, loader, trainer):
    trainer().fit(net(LogsRarely, max_epochs=1, precision=""), loader())
    run = fitprint.last_run()
    assert history(run, "rare") == [(1, 1.0), (5, 2.0)]
    assert history(run, "unlogged") == [(step, float(step % 4)) for step in range(8)]
    assert history(run, "late") == [(step, 10.0 * (step % 4)) for step in range(8)]
    assert history(run, "at_end") == [(0, 5.0), (1, 5.0)]


@pytest.mark.filterwarnings("ignore:Be aware that when using `ckpt_path`")
def test_a_resumed_training_goes_on_with_its_steps(recorded, net, loader, trainer, tmp_path):
    saving = ModelCheckpoint(tmp_path / "kept", save_last=True)
    trainer(max_epochs=2, callbacks=[saving], enable_checkpointing=True).fit(net(), loader())
    trainer(max_epochs=4).fit(net(), loader(), ckpt_path=saving.last_model_path)
    resumed, first = fitprint.runs()
    assert resumed.tags["resumed_from"] == first.run_id
    assert "resumed_from" not in first.tags
    assert [step for step, _ in history(first, "train_loss_step")] == list(range(8))
    assert [step for step, _ in history(resumed, "train_loss_step")] == list(range(8, 16))
    assert [epoch for epoch, _ in history(resumed, "train_loss_epoch")] == [2, 3]


def test_checkpoints_are_named_with_their_scores(recorded, net, loader, trainer, tmp_path):
    best = ModelCheckpoint(tmp_path / "best", monitor="val_loss", save_top_k=2, save_last=True)
    module, fitted = net(), trainer(max_epochs=5, callbacks=[best], enable_checkpointing=True)
    fitted.fit(module, loader(), loader(10))
    known = {checkpoint.path: checkpoint for checkpoint in fitprint.last_run().checkpoints}
    kept = {path for path, checkpoint in known.items() if not checkpoint.deleted}
    # Lightning 2.1 makes a link to the last one, which is no further checkpoint
    assert kept == {str(path) for path in (tmp_path / "best").iterdir() if not path.is_symlink()}
    for path, score in best.best_k_models.items():
        assert known[path].score == pytest.approx(float(score))
        assert known[path].monitor == "val_loss"
        assert f"step={known[path].step}" in path
        assert known[path].sha256


def test_of_the_hooks_of_batches_only_the_one_that_is_needed_is_called(recorded, net, loader, trainer):
    profiler = SimpleProfiler()
    trainer(profiler=profiler).fit(net(), loader(), loader(10))
    ours = {name.rpartition(".")[2]: times for name, times in profiler.recorded_durations.items() if "Fitprint" in name}
    by_batch = {hook for hook in ours if "batch" in hook or "backward" in hook or "grad" in hook or "optimizer" in hook}
    assert by_batch == {"on_train_batch_start"}
    assert len(ours["on_train_batch_start"]) == 8


class FailsAt(Callback):
    def __init__(self, step: int, error: BaseException) -> None:
        self.step, self.error = step, error

    def on_train_batch_end(self, trainer: Any, *others: Any) -> None:
        if trainer.global_step == self.step:
            raise self.error


def test_a_failed_training_keeps_what_it_had(recorded, net, loader, trainer):
    fitted = trainer(callbacks=[FailsAt(6, ValueError("no more"))])
    with pytest.raises(ValueError, match="no more"):
        fitted.fit(net(), loader())
    run = fitprint.last_run()
    assert (run.status, run.error["message"]) == ("FAILED", "no more")
    assert [step for step, _ in history(run, "train_loss_step")][:5] == [0, 1, 2, 3, 4]
    assert [epoch for epoch, _ in history(run, "train_loss_epoch")] == [0]
    assert [type(callback) for callback in fitted.callbacks] == [FailsAt]


@pytest.mark.filterwarnings("ignore:Detected KeyboardInterrupt")
def test_an_interrupted_training_ends_as_lightning_ends_it(recorded, net, loader, trainer):
    has_returned = False
    with contextlib.suppress(SystemExit):
        trainer(callbacks=[FailsAt(6, KeyboardInterrupt())]).fit(net(), loader())
        has_returned = True  # Lightning 2.1 only warns
    run = fitprint.last_run()
    assert (run.status, run.tags.get("interrupted")) == (("FINISHED", "true") if has_returned else ("KILLED", None))


def test_validate_and_test_add_to_the_run_of_the_module(recorded, net, loader, trainer):
    module, fitted = net(), trainer()
    fitted.fit(module, loader())
    test_loader = loader(10)
    (tested,) = fitted.test(module, test_loader, verbose=False)
    (validated,) = fitted.validate(module, loader(10), verbose=False)
    (run,) = fitprint.runs()
    assert run.metrics["test_loss_test_loader"] == tested["test_loss"]
    assert run.metrics["val_loss_unknown_dataset"] == validated["val_loss"]


def test_a_module_without_a_run_gets_none_by_being_tested(recorded, net, loader, trainer):
    trainer().test(net(), loader(), verbose=False)
    assert fitprint.runs() == []


def test_what_the_tuner_trains_is_no_run_of_its_own(recorded, net, loader, trainer):
    module, fitted = net(), trainer()
    Tuner(fitted).lr_find(module, loader(50), num_training=5, attr_name="rate")
    assert fitprint.runs() == []
    assert next(flavor.skips for flavor in fitprint.status() if flavor.name == "lightning") == {"lightning_tuner": 1}
    fitted.fit(module, loader())
    (run,) = fitprint.runs()
    assert run.params["optimizer.lr"] == module.rate if hasattr(module, "rate") else True


class Counted(IterableDataset):
    def __init__(self) -> None:
        self.given = 0

    def __iter__(self) -> Any:
        for _ in range(20):
            self.given += 1
            yield torch.ones(3), torch.ones(1)


def test_no_row_of_a_loader_is_taken(alike, net, trainer):
    def tell() -> int:
        dataset = Counted()
        trainer(max_epochs=1).fit(net(), torch.utils.data.DataLoader(dataset, batch_size=5))
        return dataset.given

    alike(tell, **NOT_OF_MODELS)


def test_an_error_while_listening_costs_the_metrics_only(store, net, loader, trainer, monkeypatch, caplog):
    fitprint.autolog(quiet=True, **NOT_OF_MODELS)
    monkeypatch.setattr("fitprint_lightning._listening.computed_metrics", lambda trainer: 1 / 0)
    trainer().fit(net(), loader())
    run = fitprint.last_run()
    assert run.status == "FINISHED"
    assert run.params["max_epochs"] == 2
    assert "ZeroDivisionError" in caplog.text
