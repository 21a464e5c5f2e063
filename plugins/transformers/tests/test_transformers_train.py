"""`Trainer.train`: one run, with what the trainer itself logs, and a training that is as without recording."""

from __future__ import annotations

import math

import pytest
import torch
import transformers

import fitprint

EVALUATING = {"eval_strategy": "steps", "eval_steps": 2, "metric_for_best_model": "loss", "greater_is_better": False}
SAVING = {"save_strategy": "steps", "save_steps": 2}


def last():
    run = fitprint.last_run()
    assert run is not None
    return run


def test_a_training_is_one_run(recorded, make_trainer):
    trainer = make_trainer(**EVALUATING, learning_rate=0.1)
    trainer.train()
    (run,) = fitprint.runs()
    assert (run.name, run.status, run.skipped) == ("BertForSequenceClassification", "FINISHED", [])
    assert fitprint.run_of(trainer.model).run_id == run.run_id == fitprint.run_of(trainer).run_id
    logged = [(entry["step"], entry["loss"]) for entry in trainer.state.log_history if "loss" in entry]
    assert run.metric_history("loss") == logged
    assert [step for step, _ in run.metric_history("eval_loss")] == [2, 4]
    assert [step for step, _ in run.metric_history("epoch")] == [1, 2, 3, 4]
    assert run.params["learning_rate"] == 0.1
    assert run.params["hidden_size"] == 8
    assert run.metrics.get("best_metric") == trainer.state.best_metric  # transformers 4.46 knows one only if it saves
    assert run.tags["device"] == "cpu"
    assert run.tags["precision"] == "fp32"
    assert "history.json" in run.artifacts


def test_a_training_is_as_without_recording(store, make_trainer):
    def train():
        trainer = make_trainer(**EVALUATING, learning_rate=0.1)
        trainer.model.bert.encoder.layer[0].attention.self.dropout.p = 0.5  # so that random numbers matter
        mode = trainer.model.training
        trainer.train()
        losses = [entry.get("loss", entry.get("eval_loss")) for entry in trainer.state.log_history]
        weights = {name: weight.tolist() for name, weight in trainer.model.state_dict().items()}
        callbacks = [type(callback).__name__ for callback in trainer.callback_handler.callbacks]
        config = trainer.model.config.to_dict()
        return losses, weights, callbacks, config, trainer.model.training, mode, torch.rand(3).tolist()

    plain = train()
    fitprint.autolog("transformers", strict=True, quiet=True)
    assert train() == plain
    fitprint.disable()
    assert [run.status for run in fitprint.runs()] == ["FINISHED"]


class TakingOut(transformers.TrainerCallback):
    def on_log(self, args, state, control, logs=None, **more):
        logs.clear()


def test_the_users_callbacks_neither_change_nor_hide_anything(recorded, make_trainer):
    own = [TakingOut()]
    trainer = make_trainer(callbacks=own)
    before = list(trainer.callback_handler.callbacks)
    trainer.train()
    assert trainer.callback_handler.callbacks == before
    assert len(own) == 1
    assert len(last().metric_history("loss")) == 4


class Failing(transformers.TrainerCallback):
    def on_step_end(self, args, state, control, **more):
        if state.global_step == 3:
            raise KeyError("a fault of the user's")


def test_a_training_that_fails_keeps_what_it_had(recorded, make_trainer):
    fitprint.autolog("transformers", strict=True, quiet=True, keep_incomplete=True)
    trainer = make_trainer(callbacks=[Failing()])
    before = list(trainer.callback_handler.callbacks)
    with pytest.raises(KeyError, match="a fault of the user's"):
        trainer.train()
    run = last()
    assert (run.status, run.error["type"]) == ("FAILED", "KeyError")
    assert len(run.metric_history("loss")) == 2
    assert run.tags["incomplete"] == "true"
    assert fitprint.load_model(run.model_path).predict(["good"])["label"].tolist()
    assert trainer.callback_handler.callbacks == before


def test_early_stopping(recorded, make_trainer):
    stopping = transformers.EarlyStoppingCallback(1)
    arguments = {**EVALUATING, **SAVING, "max_steps": 8, "learning_rate": 0.0, "load_best_model_at_end": True}
    trainer = make_trainer(callbacks=[stopping], **arguments)
    trainer.train()
    run = last()
    assert trainer.state.global_step == 4
    assert run.metrics["stopped_epoch"] == trainer.state.epoch == 2.0
    assert run.metrics["best_epoch"] == run.metrics["restored_epoch"] == 1.0
    assert run.tags["package_of"] == "best"


@pytest.mark.newest  # transformers 4.46 cannot go on from its own checkpoints with a torch from 2.6 on
def test_checkpoints_and_a_training_that_goes_on_from_one(recorded, make_trainer, tmp_path):
    make_trainer(**EVALUATING, **SAVING).train()
    first = last()
    assert [(checkpoint.step, checkpoint.monitor) for checkpoint in first.checkpoints] == [
        (2, "eval_loss"),
        (4, "eval_loss"),
    ]
    scores = dict(first.metric_history("eval_loss"))
    assert [checkpoint.score for checkpoint in first.checkpoints] == [scores[2], scores[4]]
    package = fitprint.package_checkpoint(first, 1)
    at_step_2 = transformers.BertForSequenceClassification.from_pretrained("trainer/checkpoint-2")
    packaged = fitprint.transformers.load_model(package).model
    assert all((packaged.state_dict()[name] == weight).all() for name, weight in at_step_2.state_dict().items())
    trainer = make_trainer(max_steps=6)
    trainer.train(resume_from_checkpoint="trainer/checkpoint-4")
    assert last().tags["resumed_from"] == first.run_id
    assert [step for step, _ in last().metric_history("loss")] == [5, 6]


def test_the_package_of_the_best_checkpoint(recorded, make_trainer):
    fitprint.autolog("transformers", strict=True, quiet=True, package_of="best")
    trainer = make_trainer(
        **{**EVALUATING, "greater_is_better": True}, **SAVING, learning_rate=0.1
    )  # the worst is best
    trainer.train()
    run = last()
    best = int(trainer.state.best_model_checkpoint.rpartition("-")[2])
    assert (run.tags["package_of"], run.tags["package_step"]) == ("best", str(best))
    expected = transformers.BertForSequenceClassification.from_pretrained(f"trainer/checkpoint-{best}")
    packaged = fitprint.transformers.load_model(run.model_path).model
    assert all((packaged.state_dict()[name] == weight).all() for name, weight in expected.state_dict().items())


def test_what_is_evaluated_and_predicted_afterwards_is_added(recorded, make_trainer):
    trainer = make_trainer()
    trainer.train()
    held_out = trainer.eval_dataset[:2]
    evaluated = trainer.evaluate(held_out)
    predicted = trainer.predict(held_out)
    run = last()
    assert run.metrics["eval_loss_held_out"] == evaluated["eval_loss"]
    assert run.metrics["test_loss_held_out"] == predicted.metrics["test_loss"]
    assert not [name for name in run.metrics if name.endswith("runtime_held_out")]
    assert len(fitprint.runs()) == 1


def test_an_evaluation_without_a_training_is_no_run(recorded, make_trainer):
    assert math.isfinite(make_trainer().evaluate()["eval_loss"])
    assert fitprint.runs() == []


def test_a_model_of_the_users_own_leaves_no_package(recorded, make_trainer, tokenizer):
    class Own(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = torch.nn.Linear(1, 2)

        def forward(self, input_ids, labels=None, **more):
            logits = self.linear(input_ids[:, :1].float())
            return {"loss": torch.nn.functional.cross_entropy(logits, labels), "logits": logits}

    given = make_trainer()
    trainer = transformers.Trainer(Own(), given.args, train_dataset=given.train_dataset, processing_class=tokenizer)
    trainer.train()
    assert [(skip.what, skip.rule) for skip in last().skipped] == [("model", "flavor")]
    assert len(last().metric_history("loss")) == 4


def test_a_large_model_is_refused_before_it_is_written(recorded, make_trainer):
    fitprint.autolog("transformers", strict=True, quiet=True, max_model_size=1000)
    make_trainer().train()
    assert [(skip.what, skip.rule) for skip in last().skipped] == [("model", "max_model_size")]


def test_saving_a_model_draws_no_progress_bar(recorded, make_trainer, capfd):
    trainer = make_trainer()
    trainer.train()
    assert "Writing model" not in capfd.readouterr().err


def test_disabling_puts_back_the_methods_of_the_trainer(store):
    names = ("train", "evaluate", "predict")
    before = [vars(transformers.Trainer)[name] for name in names]
    fitprint.autolog("transformers", strict=True, quiet=True)
    on = [vars(transformers.Trainer)[name] for name in names]
    fitprint.disable()
    after = [vars(transformers.Trainer)[name] for name in names]
    assert all(old is not new for old, new in zip(before, on, strict=True))
    assert all(old is new for old, new in zip(before, after, strict=True))


REPORTING = """
import sys
{first}
import transformers
arguments = transformers.TrainingArguments("out", report_to="fitprint", use_cpu=True)
from transformers.integrations.integration_utils import get_reporting_integration_callbacks
print([made.__name__ for made in get_reporting_integration_callbacks(arguments.report_to)])
"""


@pytest.mark.parametrize(
    "first", ["import fitprint\nfitprint.transformers", "import fitprint_transformers", "import fitprint"]
)
def test_the_name_for_report_to_is_known_once_the_plugin_is_asked_for(run_python, first):
    """transformers looks for no plugins: it has a dict of names, to which the plugin adds its own."""
    done = run_python(REPORTING.format(first=first), check=False)
    if first == "import fitprint":
        assert "fitprint is not supported, only " in done.stderr
    else:
        assert done.stdout.split() == ["['FitprintCallback']"]


def test_a_training_that_reports_to_fitprint_is_recorded_without_autolog(store, make_trainer):
    import fitprint_transformers  # noqa: F401

    make_trainer(report_to="fitprint").train()
    (run,) = fitprint.runs()
    assert len(run.metric_history("loss")) == 4
    assert run.model_path is not None
