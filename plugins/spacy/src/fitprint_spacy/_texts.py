"""Predict categories from texts, as MLflow's wrapper of a spaCy pipeline does."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any

import pandas as pd
from spacy.pipeline import TextCategorizer
from spacy.util import resolve_dot_names

SAMPLE_TEXTS = 5
_EMPTY = ("", "")
"""Enough for a signature, which only says that there is a column of text. Predicting any other text would add its words
to the pipeline's vocabulary."""


def of_examples(examples: Any) -> list[str]:
    """Return the first texts of a batch; none of an iterator, which the training has consumed."""
    few = examples[:SAMPLE_TEXTS] if isinstance(examples, (list, tuple)) else ()
    return [example.reference.text for example in few]


def of_corpus(nlp: Any) -> list[str]:
    """Return the first texts on which `train` has evaluated the pipeline."""
    config = nlp.config.interpolate()
    (corpus,) = resolve_dot_names(config, [config["training"]["dev_corpus"]])
    return [example.reference.text for example in islice(corpus(nlp), SAMPLE_TEXTS)]


def rows(texts: Iterable[str], nlp: Any) -> list[str] | None:
    """Return what a package predicts on: texts. None when the pipeline does not predict."""
    return (list(texts) or list(_EMPTY)) if categorizes(nlp) else None


def categorizes(nlp: Any) -> bool:
    """Return whether a component of the pipeline predicts categories."""
    return any(isinstance(pipe, TextCategorizer) for _, pipe in nlp.pipeline)


def categories(nlp: Any, data: Any) -> pd.DataFrame:
    """Predict the categories of texts.

    Args:
        nlp: The pipeline.
        data: A DataFrame with one column of text, a Series, or a list or array of shape (n,) or (n, 1).

    Returns:
        A column ``predictions`` with a dict from category to score for each text.

    Raises:
        ValueError: The data has several columns.
    """
    texts = data if isinstance(data, (pd.DataFrame, pd.Series)) else pd.DataFrame(data)
    if isinstance(texts, pd.DataFrame):
        if texts.shape[1] != 1:
            raise ValueError(f"a spaCy package predicts on one column of text, and the data has {texts.shape[1]}")
        texts = texts.iloc[:, 0]
    predicted = [nlp(text).cats for text in texts]
    return pd.DataFrame({"predictions": pd.Series(predicted, index=texts.index, dtype=object)})
