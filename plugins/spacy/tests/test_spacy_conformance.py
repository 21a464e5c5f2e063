"""spaCy on the conformance kit."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

spacy = pytest.importorskip("spacy")
pytest.importorskip("spacy.training.loop")

from fitprint.testing import Budget, Case, FlavorConformance  # noqa: E402

TOK2VEC = {
    "@architectures": "spacy.HashEmbedCNN.v2",
    "pretrained_vectors": None,
    "width": 8,
    "depth": 1,
    "embed_size": 20,
    "window_size": 1,
    "maxout_pieces": 2,
    "subword_features": False,
}
TEXTCAT = {"model": {"@architectures": "spacy.TextCatCNN.v2", "exclusive_classes": True, "tok2vec": TOK2VEC}}
NER = {
    "model": {
        "@architectures": "spacy.TransitionBasedParser.v2",
        "state_type": "ner",
        "extra_state_tokens": False,
        "hidden_width": 16,
        "maxout_pieces": 1,
        "use_upper": True,
        "tok2vec": TOK2VEC,
    }
}
TEXTS = {"what a pleasure": 1.0, "a waste of time": 0.0, "great fun for all": 1.0, "so dull": 0.0}


def data(component: str, config: dict[str, Any]) -> dict[str, Any]:
    spacy.util.fix_random_seed(0)
    nlp = spacy.blank("en")
    nlp.add_pipe(component, config=config)
    examples = [
        spacy.training.Example.from_dict(
            nlp.make_doc(text),
            {"cats": {"good": good, "bad": 1.0 - good}, "entities": [(0, len(text.split()[0]), "WORD")]},
        )
        for text, good in TEXTS.items()
    ]
    return {"nlp": nlp, "examples": examples, "losses": []}


def train(given: dict[str, Any]) -> tuple[Any, list[dict[str, float]]]:
    nlp = given["nlp"]
    nlp.initialize(lambda: given["examples"])
    for _ in range(4):
        losses: dict[str, float] = {}
        nlp.update(given["examples"], drop=0.1, losses=losses)
        given["losses"].append(dict(losses))
    return nlp, given["losses"]


def save(trained: tuple[Any, list[dict[str, float]]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        trained[0].to_disk(folder)


def nested(given: dict[str, Any]) -> None:
    """A step that trains another pipeline: by way of the batch, which it reads."""
    other = data("textcat", TEXTCAT)

    class Batch(list):  # type: ignore[type-arg]
        def __iter__(self) -> Any:
            if other:
                inner = dict(other)
                other.clear()
                train(inner)
            return super().__iter__()

    given["nlp"].initialize(lambda: given["examples"])
    given["nlp"].update(Batch(given["examples"]))


def history(trained: tuple[Any, list[dict[str, float]]]) -> dict[str, list[float]]:
    return {f"{name}_loss": [losses[name] for losses in trained[1]] for name in trained[1][0]}


def categories(nlp: Any, rows: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame({"predictions": [nlp(text).cats for text in rows["text"]]})


@pytest.mark.filterwarnings("ignore:.*W095")  # a golden package is of another version of spaCy
class TestSpacy(FlavorConformance):
    flavor = "spacy"
    golden = Path(__file__).with_name("golden")
    budget = Budget(seconds=0.5)
    without = {  # noqa: RUF012
        "test_early_stopping_is_told": "a loop ends when its author ends it; `train` is tested in test_spacy_train.py",
        "test_models_clone": "spaCy copies no pipeline untrained",
    }
    cases = (
        Case(
            "textcat",
            data=lambda: data("textcat", TEXTCAT),
            loop=True,
            train=train,
            ends=save,
            model=lambda trained: trained[0],
            rows=lambda given: pd.DataFrame({"text": [*TEXTS, "nothing like it"]}),
            predict=categories,
            params=lambda trained: {"lang": "en", "pipeline": ["textcat"], "drop": 0.1},
            history=history,
            nested=nested,
            fails=lambda given: spacy.training.loop.train(given["nlp"], stdout=io.StringIO()),  # there is no corpus
        ),
        Case(
            "ner",
            data=lambda: data("ner", NER),
            loop=True,
            train=train,
            ends=save,
            model=lambda trained: trained[0],
            history=history,
        ),
    )
