"""What the tests of the flavor share: recording that raises its own errors, and a pipeline with a few texts."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

spacy = pytest.importorskip("spacy")

import fitprint  # noqa: E402

TEXTS = {
    "what a pleasure": "good",
    "a waste of time": "bad",
    "great fun for all": "good",
    "so dull": "bad",
    "lovely": "good",
    "never again": "bad",
}


@pytest.fixture
def recorded(store: Path) -> Iterator[Path]:
    fitprint.autolog("spacy", strict=True, quiet=True)
    yield store
    fitprint.disable()


@pytest.fixture
def pipeline() -> Callable[..., Any]:
    """A blank pipeline of English with a component, and its examples, seeded."""

    def make(component: str = "textcat", config: dict[str, Any] | None = None) -> tuple[Any, list[Any]]:
        spacy.util.fix_random_seed(0)
        nlp = spacy.blank("en")
        nlp.add_pipe(component, config=config or {})
        return nlp, [spacy.training.Example.from_dict(nlp.make_doc(text), facts(text)) for text in TEXTS]

    return make


@pytest.fixture
def steps() -> Callable[..., list[float]]:
    """Trains for some steps. Returns the losses of each, as spaCy gives them."""

    def train(nlp: Any, examples: list[Any], count: int = 3, **options: Any) -> list[float]:
        found = []
        for _ in range(count):
            losses: dict[str, float] = {}
            nlp.update(examples, losses=losses, **options)
            found.append(float(sum(losses.values())))
        return found

    return train


def facts(text: str) -> dict[str, Any]:
    good = TEXTS[text] == "good"
    return {"cats": {"good": float(good), "bad": float(not good)}, "entities": [(0, len(text.split()[0]), "WORD")]}


@pytest.fixture
def corpus(tmp_path: Path, pipeline: Callable[..., Any]) -> Callable[..., Path]:
    """Files for `spacy train`: a corpus and a configuration. Returns the path of the latter."""

    def write(component: str = "textcat", architecture: str = "spacy.TextCatBOW.v2", steps: int = 6) -> Path:
        nlp, examples = pipeline(component)
        docs = spacy.tokens.DocBin(docs=[example.reference for example in examples])
        for name in ("train", "dev"):
            docs.to_disk(tmp_path / f"{name}.spacy")
        config = nlp.config.copy()
        config["paths"].update(train=str(tmp_path / "train.spacy"), dev=str(tmp_path / "dev.spacy"))
        config["training"].update(max_steps=steps, eval_frequency=2, patience=0, seed=3)
        config["components"][component]["model"] = {
            "@architectures": architecture,
            "exclusive_classes": True,
            "ngram_size": 1,
            "no_output_layer": False,
        }
        (tmp_path / "config.cfg").write_text(config.to_str(), "utf-8")
        random.seed(0)
        return tmp_path / "config.cfg"

    return write
