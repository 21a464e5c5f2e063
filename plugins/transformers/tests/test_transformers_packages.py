"""Packages: what is written, what reads them, and what is refused."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import transformers
import yaml

import fitprint
from fitprint.models import PackageError

FIXTURES = Path(__file__).parent / "fixtures"
TEXTS = ["a good film", "a bad film"]
MASKED = ["a [MASK] film", "[MASK]"]


def document(package):
    return yaml.safe_load((package / "MLmodel").read_text())


def package_of(trainer):
    trainer.train()
    return fitprint.last_run().model_path


def test_the_layout_is_mlflows(recorded, make_trainer):
    package = package_of(make_trainer())
    flavors = document(package)["flavors"]
    assert flavors["transformers"] == {
        "code": None,
        "task": "text-classification",
        "instance_type": "TextClassificationPipeline",
        "torch_dtype": "torch.float32",
        "pipeline_model_type": "BertForSequenceClassification",
        "source_model_name": "",
        "model_binary": "model",
        "components": ["tokenizer"],
        "tokenizer_type": flavors["transformers"]["tokenizer_type"],
        "transformers_version": transformers.__version__,
    }
    assert flavors["python_function"]["loader_module"] == "mlflow.transformers"
    assert "data" not in flavors["python_function"]
    assert sorted(path.name for path in package.iterdir() if path.is_dir()) == ["components", "model"]
    assert (package / "components/tokenizer/tokenizer.json").is_file()
    lines = {line.partition("==")[0] for line in (package / "requirements.txt").read_text().split()}
    assert {"transformers", "torch", "tokenizers", "safetensors"} <= lines


def test_a_pipeline_comes_back_with_the_weights_of_the_training(recorded, make_trainer):
    trainer = make_trainer()
    package = package_of(trainer)
    pipeline = fitprint.transformers.load_model(package)
    assert type(pipeline).__name__ == "TextClassificationPipeline"
    assert not pipeline.model.training
    weights = pipeline.model.state_dict()
    assert all(torch.equal(weights[name], weight) for name, weight in trainer.model.state_dict().items())


@pytest.mark.parametrize(
    ("name", "task", "rows"),
    [
        ("BertForTokenClassification", "token-classification", TEXTS),
        ("BertForMaskedLM", "fill-mask", MASKED),
        ("GPT2LMHeadModel", "text-generation", TEXTS),
    ],
)
def test_the_task_is_told_from_the_head(recorded, make_trainer, load_elsewhere, mlflow_pythons, name, task, rows):
    trainer = make_trainer(name)
    package = package_of(trainer)
    assert fitprint.last_run().skipped == []
    assert document(package)["flavors"]["transformers"]["task"] == task
    predicted = fitprint.load_model(package).predict(rows)
    assert [type(text) for text in predicted] == [str, str]
    if task == "text-generation":  # which draws random numbers
        assert all(text.startswith(given) for given, text in zip(rows, predicted, strict=True))
        return
    if mlflow_pythons.get("mlflow3"):
        assert load_elsewhere(package, rows, mlflow_pythons["mlflow3"]).tolist() == predicted
    one = fitprint.load_model(package).predict(pd.DataFrame({0: rows[:1]}))
    assert one == predicted[:1]


def test_what_text_classification_takes(recorded, make_trainer):
    model = fitprint.load_model(package_of(make_trainer()))
    expected = model.unwrap()(TEXTS)
    for rows in (TEXTS, np.array(TEXTS, dtype=object), pd.DataFrame({"review": TEXTS}), pd.Series(TEXTS)):
        predicted = fitprint.transformers.load_model(fitprint.last_run().model_path)
        assert predicted(TEXTS) == expected
        flavor_predicts = _flavor().predict(model.unwrap(), rows)
        assert flavor_predicts.to_dict("records") == expected
    pairs = [{"text": "a good film", "text_pair": "good"}, {"text": "bad", "text_pair": "bad"}]
    of_pairs = _flavor().predict(model.unwrap(), pd.DataFrame(pairs))
    assert of_pairs.to_dict("records") == model.unwrap()(pairs)
    scores = _flavor().predict(model.unwrap(), TEXTS, {"function_to_apply": "none"})
    assert scores["score"].tolist() != [answer["score"] for answer in expected]


def _flavor():
    from fitprint._instrumentation import registry

    return registry.entries()["transformers"].flavor()


def test_a_model_without_a_tokenizer_can_be_loaded(recorded, make_trainer, mlflow_pythons):
    trainer = make_trainer()
    trainer.processing_class = None
    trainer.data_collator = transformers.default_data_collator
    package = package_of(trainer)
    (skip,) = fitprint.last_run().skipped
    assert skip.what == "predict"
    assert "processing_class" in skip.reason
    assert "python_function" not in document(package)["flavors"]
    parts = fitprint.transformers.load_model(package)
    assert sorted(parts) == ["model", "task"]
    assert type(parts["model"]).__name__ == "BertForSequenceClassification"


@pytest.mark.mlflow
def test_stock_mlflow_gives_the_parts_of_what_has_no_task(recorded, make_trainer, mlflow_python, run_python):
    trainer = make_trainer()
    trainer.processing_class = None
    trainer.data_collator = transformers.default_data_collator
    package = package_of(trainer)
    script = """
        import sys, mlflow.transformers
        print(type(mlflow.transformers.load_model(sys.argv[1], return_type="components")["model"]).__name__)
    """
    done = run_python(script, package, python=mlflow_python, env={"PYTHONPATH": None})
    assert done.stdout.split() == ["BertForSequenceClassification"]


def test_log_model_takes_what_mlflows_takes(recorded, make_trainer, make_model, tokenizer, tmp_path):
    model = make_model().eval()
    pipeline = transformers.pipeline("text-classification", model=model, tokenizer=tokenizer, device="cpu")
    expected = pipeline(TEXTS)
    given = {
        "pipeline": pipeline,
        "parts": {"model": model, "tokenizer": tokenizer},
        "trainer": make_trainer(),  # of a model that is the same, because the seed is
    }
    for name, subject in given.items():
        fitprint.transformers.save_model(transformers_model=subject, path=tmp_path / name)
        predicted = fitprint.load_model(tmp_path / name).predict(TEXTS).to_dict("records")
        assert [answer["label"] for answer in predicted] == [answer["label"] for answer in expected]
        assert [answer["score"] for answer in predicted] == pytest.approx([answer["score"] for answer in expected])
    with pytest.raises(TypeError, match="neither a model, a pipeline nor a trainer"):
        fitprint.transformers.save_model(object(), tmp_path / "object")


def test_a_class_of_the_users_own(recorded, make_trainer):
    class Renamed(transformers.BertForSequenceClassification):
        pass

    trainer = make_trainer()
    trainer.model.__class__ = Renamed
    package = package_of(trainer)
    (skip,) = fitprint.last_run().skipped
    assert "Renamed" in skip.reason
    with pytest.raises(PackageError, match="is not a PreTrainedModel of transformers"):
        fitprint.transformers.load_model(package)
    assert Renamed.from_pretrained(package / "model").config.hidden_size == 8


@pytest.mark.newest  # written by transformers 5
@pytest.mark.parametrize("name", ["classifier"])
def test_packages_of_mlflow_load(name):
    package = FIXTURES / name
    assert fitprint.transformers.load_model(package).task == "text-classification"
    predicted = fitprint.load_model(package).predict(TEXTS)
    expected = pd.read_json(package.with_suffix(".json"))
    assert predicted["label"].tolist() == expected["label"].tolist()
    np.testing.assert_allclose(predicted["score"], expected["score"], rtol=1e-6)


def test_what_a_package_may_not_name(recorded, make_trainer, tmp_path):
    package = package_of(make_trainer())
    for key, value, message in (
        ("pipeline_model_type", "Trainer", "is not a PreTrainedModel of transformers"),
        ("tokenizer_type", "pipeline", "is not a PreTrainedTokenizerBase of transformers"),
        ("components", ["../../outside"], "which is not known"),
        ("model_binary", "../outside", "leads outside of the package"),
        ("peft_adaptor", "peft", "load it with peft"),
    ):
        changed = document(package)
        changed["flavors"]["transformers"][key] = value
        target = tmp_path / key
        shutil.copytree(package, target)
        (target / "checksums.json").unlink()
        (target / "MLmodel").write_text(yaml.safe_dump(changed))
        with pytest.raises(PackageError, match=message):
            fitprint.transformers.load_model(target)


def test_a_damaged_package_says_so(recorded, make_trainer, tmp_path):
    package = package_of(make_trainer())
    shutil.copytree(package, tmp_path / "damaged")
    (tmp_path / "damaged/model/model.safetensors").write_bytes(b"no weights")
    (tmp_path / "damaged/checksums.json").unlink()
    with pytest.raises(PackageError, match="model cannot be loaded"):
        fitprint.transformers.load_model(tmp_path / "damaged")


LARGE = """
import transformers

def make(count):
    config = transformers.DistilBertConfig(vocab_size=2, dim=1000, hidden_dim=1000, n_heads=1, n_layers=count // 6)
    return transformers.DistilBertForSequenceClassification(config)
"""


@pytest.mark.slow
def test_a_large_model_is_saved_without_a_second_copy_in_memory(memory_of_saving):
    assert memory_of_saving("transformers", LARGE) < 0.2


def test_the_limit_of_the_size_is_the_one_that_the_readme_says(said_limit):
    assert _flavor().defaults["max_model_size"] == said_limit
