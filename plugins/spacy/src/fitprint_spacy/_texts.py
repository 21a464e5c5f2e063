"""Texts in, categories out: as MLflow's wrapper of a spaCy pipeline has it."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any

import pandas as pd
from spacy.pipeline import TextCategorizer
from spacy.util import resolve_dot_names

FEW = 5
_EMPTY = ("", "")
"""For a signature, which says no more than that there is a column of text: any other text would add its words to the
pipeline's vocabulary when it is predicted on."""


def of_examples(examples: Any) -> list[str]:
    """The first texts of a batch; none of an iterator, which the training has read."""
    few = examples[:FEW] if isinstance(examples, (list, tuple)) else ()
    return [example.reference.text for example in few]


def of_corpus(nlp: Any) -> list[str]:
    """The first texts that `train` has evaluated the pipeline on."""
    config = nlp.config.interpolate()
    (corpus,) = resolve_dot_names(config, [config["training"]["dev_corpus"]])
    return [example.reference.text for example in islice(corpus(nlp), FEW)]


def rows(texts: Iterable[str], nlp: Any) -> list[str] | None:
    """What a package predicts on: texts, in a column of any name. None where the pipeline does not predict."""
    return (list(texts) or list(_EMPTY)) if categorizes(nlp) else None


def categorizes(nlp: Any) -> bool:
    """Whether a component of the pipeline gives categories."""
    return any(isinstance(pipe, TextCategorizer) for _, pipe in nlp.pipeline)


def categories(nlp: Any, data: Any) -> pd.DataFrame:
    """A column ``predictions``: for each text a dict from category to score.

    ``data``: a DataFrame with one column of text, a Series, or a list or array of texts, of shape (n,) or (n, 1).
    Raises ValueError for other shapes.
    """
    found = data if isinstance(data, (pd.DataFrame, pd.Series)) else pd.DataFrame(data)
    if isinstance(found, pd.DataFrame):
        if found.shape[1] != 1:
            raise ValueError(f"a spaCy package predicts on one column of text, and there are {found.shape[1]}")
        found = found.iloc[:, 0]
    predicted = [nlp(text).cats for text in found]
    return pd.DataFrame({"predictions": pd.Series(predicted, index=found.index, dtype=object)})
