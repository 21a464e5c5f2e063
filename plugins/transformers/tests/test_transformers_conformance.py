"""transformers on the conformance kit."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

transformers = pytest.importorskip("transformers", reason="needs transformers: run `make test-deep`")
torch = pytest.importorskip("torch", reason="needs torch: run `make test-deep`")

import accelerate  # noqa: E402
from tokenizers import Tokenizer, models, pre_tokenizers  # noqa: E402

from fitprint.testing import Budget, Case, FlavorConformance  # noqa: E402

WORDS = ("[PAD]", "[UNK]", "a", "good", "bad", "film")
TEXTS = {"a good film": 1, "a bad film": 0, "good": 1, "bad": 0}
SIZES = {"vocab_size": len(WORDS), "max_position_embeddings": 8}
BERT = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8}
GPT = {"n_embd": 8, "n_layer": 1, "n_head": 2, "n_positions": 8, "vocab_size": len(WORDS)}
TIMES = [f"{of}_{name}" for of in ("train", "eval") for name in ("runtime", "samples_per_second", "steps_per_second")]
DIFFERS = {
    **dict.fromkeys((*(f"metric {name}" for name in TIMES), "artifacts/history.json"), "they hold durations"),
    "artifacts/checkpoints.json": "it holds the times at which files were written",
    "param logging_dir": "transformers 4 puts the time into its name",
}
ARGUMENTS = {
    "output_dir": "trainer",
    "max_steps": 4,
    "logging_steps": 1,
    "learning_rate": 0.1,
    "report_to": "none",
    "disable_tqdm": True,
    "use_cpu": True,
    "save_strategy": "no",
    "per_device_train_batch_size": 2,
}


class Noting(transformers.TrainerCallback):  # type: ignore[misc, name-defined, unused-ignore]
    """A callback of the user's, which takes a value out of what is logged."""

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **more: Any) -> None:
        logs.pop("grad_norm", None)


class TrainsAnother(transformers.TrainerCallback):  # type: ignore[misc, name-defined, unused-ignore]
    """Trains another model before the training begins."""

    def on_train_begin(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        train(classifier())


def tokenizer() -> Any:
    words = Tokenizer(models.WordLevel({word: at for at, word in enumerate(WORDS)}, unk_token="[UNK]"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    return transformers.PreTrainedTokenizerFast(tokenizer_object=words, pad_token="[PAD]", unk_token="[UNK]")


def classifier() -> dict[str, Any]:
    tokens = tokenizer()
    rows = [{**tokens(text), "labels": label} for text, label in TEXTS.items()]
    return {
        "model": lambda: transformers.BertForSequenceClassification(transformers.BertConfig(**BERT, **SIZES)),
        "arguments": ARGUMENTS,
        "tokenizer": tokens,
        "rows": rows,
        "callbacks": [Noting()],
    }


def language_model() -> dict[str, Any]:
    """A training without a tokenizer that does not learn, and stops for that."""
    rows = [{"input_ids": [2, 3, 5], "labels": [2, 3, 5]}, {"input_ids": [2, 4, 5], "labels": [2, 4, 5]}]
    evaluation = {"eval_strategy": "steps", "eval_steps": 1, "metric_for_best_model": "loss"}
    evaluation |= {"greater_is_better": False, "load_best_model_at_end": True}  # the last: transformers 4 stops only so
    folder = f"trainer of {threading.current_thread().name}"  # threads share no checkpoints
    saving = {"output_dir": folder, "save_strategy": "steps", "save_steps": 1}
    config = {**GPT, "bos_token_id": 1, "eos_token_id": 1, "pad_token_id": 0}
    return {
        "model": lambda: transformers.GPT2LMHeadModel(transformers.GPT2Config(**config)),
        "arguments": {**ARGUMENTS, **evaluation, **saving, "learning_rate": 0.0},
        "tokenizer": None,
        "rows": rows,
        "callbacks": [transformers.EarlyStoppingCallback(2)],
    }


def trainer(data: dict[str, Any]) -> Any:
    # what accelerate knows is shared by all threads, and arguments would make it anew while another thread trains by it
    accelerate.Accelerator(cpu=True)
    shared = {"accelerator_config": {"use_configured_state": True}}
    torch.manual_seed(0)
    made = transformers.Trainer(
        data["model"](),
        transformers.TrainingArguments(**data["arguments"], **shared),
        train_dataset=data["rows"],
        eval_dataset=data["rows"],
        processing_class=data["tokenizer"],
        callbacks=data["callbacks"],
    )
    made.remove_callback(transformers.PrinterCallback)  # it prints durations, as the bar of a checkpoint does
    transformers.utils.logging.disable_progress_bar()
    return made


def train(data: dict[str, Any]) -> Any:
    made = trainer(data)
    made.train()
    return made


def predict(model: Any, rows: list[str]) -> pd.DataFrame:
    made = transformers.pipeline("text-classification", model=model.eval(), tokenizer=tokenizer(), device=model.device)
    return pd.DataFrame(made(rows))


def scores(made: Any, data: dict[str, Any]) -> dict[str, float]:
    held_out = made.eval_dataset
    return {"eval_loss_held_out": made.evaluate(held_out)["eval_loss"]}


def history(made: Any) -> dict[str, list[float]]:
    values: dict[str, list[float]] = {}
    for entry in made.state.log_history:
        for name, value in entry.items():
            if name not in ("epoch", "step"):
                values.setdefault(name, []).append(value)
    return values


class TestTransformers(FlavorConformance):
    flavor = "transformers"
    golden = Path(__file__).with_name("golden")
    budget = Budget(seconds=0.5)
    without = {  # noqa: RUF012
        "test_the_native_model_comes_back": "a pipeline comes back, as from MLflow: see test_transformers_packages.py",
        "test_save_model_and_log_model_write_the_same": "a model alone has no tokenizer, and does not predict",
        "test_disabling_restores_every_attribute": "transformers keeps in its module whatever was asked of it: see "
        "test_transformers_train.py",
        "test_models_clone": "transformers copies no model untrained",
    }

    @pytest.fixture
    def mlflow_python(self, mlflow_python):
        """The one of conftest.py, which knows what MLflow 2 cannot read."""
        return mlflow_python

    cases = (
        Case(
            "classifier",
            data=classifier,
            train=train,
            by_callback=lambda data, callback: train({**data, "callbacks": [*data["callbacks"], callback]}),
            callback_differs=DIFFERS,
            model=lambda made: made.model,
            scores=scores,
            rows=lambda data: list(TEXTS),
            predict=predict,
            params=lambda made: {**ARGUMENTS, **BERT, **SIZES, "report_to": [], "save_strategy": "no"},
            history=history,
            nested=lambda data: train({**data, "callbacks": [TrainsAnother()]}),
            fails=lambda data: trainer(data).train(resume_from_checkpoint="nowhere"),
        ),
        Case(
            "language model",
            data=language_model,
            train=train,
            by_callback=lambda data, callback: train({**data, "callbacks": [*data["callbacks"], callback]}),
            callback_differs=DIFFERS,
            model=lambda made: made.model,
            history=history,
            stopped=lambda made: {"stopped_epoch": made.state.epoch, "best_metric": made.state.best_metric},
        ),
    )
