"""`fitprint.lightning.logger()`: Lightning's own kind of logger makes the run that its callback makes."""

from __future__ import annotations

import copy
import gc
import pickle
from argparse import Namespace
from typing import Any

import pytest
from lightning import pytorch as lightning
from lightning.pytorch.callbacks import Callback, LearningRateMonitor, ModelCheckpoint

import fitprint


def record(run: Any) -> dict[str, Any]:
    """What must be the same in two runs of the same training."""
    return {
        "params": run.params,
        "metrics": {name: run.metric_history(name) for name in run.metrics},
        "status": (run.status, run.name, run.error),
        "skipped": run.skipped,
        "models": list(run.models),
        "checkpoints": [(c.path.rpartition("/")[2], c.step, c.monitor) for c in run.checkpoints],
    }


def trained(net: Any, loader: Any, trainer: Any, folder: Any, door: Any, **settings: Any) -> Any:
    saving = ModelCheckpoint(folder, monitor="val_loss", save_last=True)
    settings = {"callbacks": [saving, *settings.pop("callbacks", [])], "enable_checkpointing": True, **settings}
    if isinstance(door, Callback):
        settings["callbacks"].append(door)
    else:
        settings["logger"] = door
    fitted = trainer(log_every_n_steps=1, **settings)
    fitted.fit(net(), loader(), loader(10))
    return fitprint.last_run()


def test_the_run_is_the_one_of_the_callback(store, net, loader, trainer, tmp_path):
    made = {}
    for kind in ("callback", "logger"):
        door = getattr(fitprint.lightning, kind)(strict=True, quiet=True)
        made[kind] = record(trained(net, loader, trainer, tmp_path / kind, door))
    assert made["logger"] == made["callback"]
    assert made["logger"]["params"]["width"] == 4
    assert made["logger"]["models"] == ["model"]
    assert len(made["logger"]["metrics"]["train_loss_step"]) == 8
    assert len(fitprint.runs()) == 2


class Logs(Callback):
    def on_train_start(self, trainer: Any, module: Any) -> None:
        assert trainer.logger.experiment.status == "RUNNING"
        trainer.logger.log_hyperparams(Namespace(seen=3))
        trainer.logger.log_metrics({"before": 1.5}, step=0)

    def on_train_epoch_end(self, trainer: Any, module: Any) -> None:
        trainer.logger.log_metrics({"own": 10.0 * trainer.current_epoch})


def test_what_the_user_logs_is_in_the_run(store, net, loader, trainer, tmp_path):
    logger = fitprint.lightning.logger(strict=True, quiet=True)
    run = trained(net, loader, trainer, tmp_path / "kept", logger, callbacks=[Logs(), LearningRateMonitor()])
    assert run.params["seen"] == 3
    assert run.metric_history("before") == [(0, 1.5)]
    assert run.metric_history("own") == [(4, 0.0), (8, 10.0)]
    assert [step for step, _ in run.metric_history("lr-Adam")] == list(range(8))
    assert "epoch" not in run.metrics


def test_with_autolog_there_is_one_run(store, net, loader, trainer, tmp_path):
    fitprint.autolog(strict=True, quiet=True)
    trained(net, loader, trainer, tmp_path / "kept", fitprint.lightning.logger())
    fitprint.disable()
    assert [run.status for run in fitprint.runs()] == ["FINISHED"]


class Fails(Callback):
    def on_train_batch_end(self, trainer: Any, *others: Any) -> None:
        if trainer.global_step == 6:
            raise ValueError("no more")


@pytest.mark.parametrize("kind", ["callback", "logger"])
def test_a_training_that_fails(store, net, loader, trainer, tmp_path, kind):
    def fail() -> None:
        door = getattr(fitprint.lightning, kind)(quiet=True)
        with pytest.raises(ValueError, match="no more"):
            trained(net, loader, trainer, tmp_path / "kept", door, callbacks=[Fails()])

    fail()
    gc.collect()  # the run ends when nobody holds the traceback any more
    (run,) = fitprint.runs()
    assert (run.status, run.error) == ("FAILED", {"type": "ValueError", "message": "no more"})


def test_a_test_alone_is_no_run(store, net, loader, trainer, caplog):
    trainer(logger=fitprint.lightning.logger(strict=True)).test(net(), loader(), verbose=False)
    assert fitprint.runs() == []
    assert "fitprint" not in caplog.text


def test_checkpoints_are_where_they_are_without_a_logger(store, net, loader, trainer, tmp_path):
    trainer(logger=fitprint.lightning.logger(quiet=True), enable_checkpointing=True).fit(net(), loader())
    assert (tmp_path / "checkpoints").is_dir()


def test_it_copies_and_pickles(store):
    logger = fitprint.lightning.logger(quiet=True)
    for other in (copy.deepcopy(logger), pickle.loads(pickle.dumps(logger))):
        assert isinstance(other, lightning.loggers.Logger)


def test_a_framework_without_loggers_says_so(store):
    with pytest.raises(NotImplementedError, match=r"no logger: fitprint\.pytorch\.callback\(\) may be there"):
        fitprint.pytorch.logger()
