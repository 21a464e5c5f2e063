"""What the tests of the flavor share: a tiny tokenizer, tiny models made from a config, and a trainer of them."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

transformers = pytest.importorskip("transformers", reason="needs transformers: run `make test-deep`")
torch = pytest.importorskip("torch", reason="needs torch: run `make test-deep`")

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # transformers 4, and what it imports, use what is deprecated
    importlib.import_module("transformers.trainer")

from tokenizers import Tokenizer, models, pre_tokenizers  # noqa: E402

import fitprint  # noqa: E402

WORDS = ("[PAD]", "[UNK]", "[MASK]", "a", "good", "bad", "film")
TEXTS = {"a good film": 1, "a bad film": 0, "good": 1, "bad": 0}
BERT = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8}
GPT = {"n_embd": 8, "n_layer": 1, "n_head": 2, "n_positions": 32, "bos_token_id": 1, "eos_token_id": 1}


@pytest.fixture
def recorded(store: Path) -> Iterator[Path]:
    fitprint.autolog("transformers", strict=True, quiet=True)
    yield store
    fitprint.disable()


@pytest.fixture
def mlflow_python(mlflow_python: str, request: pytest.FixtureRequest) -> str:
    """The interpreter of one environment with stock MLflow, if that predicts with this release of transformers."""
    is_5 = int(transformers.__version__.partition(".")[0]) >= 5
    if is_5 and request.node.name.startswith("test_stock_mlflow_loads_it") and "mlflow2" in request.node.name:
        pytest.skip("the plugin says why: MLflow 2 names pipelines that transformers 5 does not have")
    return mlflow_python


@pytest.fixture
def tokenizer() -> Any:
    words = Tokenizer(models.WordLevel({word: at for at, word in enumerate(WORDS)}, unk_token="[UNK]"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=words, pad_token="[PAD]", unk_token="[UNK]", mask_token="[MASK]"
    )


@pytest.fixture
def make_model() -> Callable[..., Any]:
    """A model of a class, made from a config and seeded."""

    def make(name: str = "BertForSequenceClassification") -> Any:
        torch.manual_seed(0)
        if name.startswith("GPT2"):
            return getattr(transformers, name)(transformers.GPT2Config(**GPT, vocab_size=len(WORDS), pad_token_id=0))
        config = transformers.BertConfig(**BERT, vocab_size=len(WORDS), max_position_embeddings=32)
        return getattr(transformers, name)(config)

    return make


@pytest.fixture
def make_trainer(tokenizer: Any, make_model: Callable[..., Any]) -> Callable[..., Any]:
    """A trainer of a tiny model; for a model of tokens, each token is its own label."""

    def make(name: str = "BertForSequenceClassification", callbacks: Any = None, **arguments: Any) -> Any:
        by_token = "SequenceClassification" not in name
        rows = []
        for text, label in TEXTS.items():
            tokens = tokenizer(text, padding="max_length", max_length=3)
            labels = [token % 2 for token in tokens["input_ids"]] if "Token" in name else tokens["input_ids"]
            rows.append({**tokens, "labels": labels if by_token else label})
        given = {
            "max_steps": 4,
            "logging_steps": 1,
            "report_to": "none",
            "disable_tqdm": True,
            "use_cpu": True,
            "save_strategy": "no",
            "per_device_train_batch_size": 2,
        }
        return transformers.Trainer(
            make_model(name),
            transformers.TrainingArguments("trainer", **{**given, **arguments}),
            train_dataset=rows,
            eval_dataset=rows,
            processing_class=tokenizer,
            callbacks=callbacks,
        )

    return make
