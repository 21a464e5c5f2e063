"""Iris as every kind of data that scikit-learn trains on, each with a model for it; and other kinds of models.

Imported by the tests here, and by scripts in environments that have MLflow and neither fitprint nor pytest.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_diabetes, load_iris
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestRegressor
from sklearn.feature_extraction import DictVectorizer
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.multioutput import MultiOutputRegressor
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder
from sklearn.tree import DecisionTreeClassifier

NUMBERS, TARGET = load_iris(return_X_y=True)
order = np.random.default_rng(0).permutation(len(TARGET))
NUMBERS, TARGET = NUMBERS[order], TARGET[order]
FRAME = pd.DataFrame(NUMBERS, columns=["a", "b", "c", "d"])
WORDS = np.array(["setosa", "versicolor", "virginica"], dtype=object)[TARGET]
TEXTS = [f"{word} flower number {number % 7}" for number, word in enumerate(WORDS)]
MIXED = FRAME.assign(word=WORDS)


def tree() -> Any:
    return DecisionTreeClassifier(max_depth=3, random_state=0)


def of_words(*columns: str) -> Any:
    encode = ColumnTransformer([("words", OneHotEncoder(handle_unknown="ignore"), list(columns))], remainder="drop")
    return make_pipeline(encode, LogisticRegression())


def of_text() -> Any:
    return make_pipeline(CountVectorizer(), MultinomialNB())


def boosted() -> Any:
    return HistGradientBoostingClassifier(max_iter=2, categorical_features="from_dtype", random_state=0)


def codes(frame: pd.DataFrame) -> pd.DataFrame:
    """The numbers of the categories, which text does not have."""
    return frame[["word"]].apply(lambda column: column.cat.codes)


def kinds() -> dict[str, tuple[Any, Any, Any]]:
    """Name to (an untrained model, data, target)."""
    diabetes, progress = load_diabetes(return_X_y=True)
    return {
        **{name: (model, data, TARGET) for name, (model, data) in kinds_of_iris().items()},
        "regression": (LinearRegression(), diabetes, progress),
        "two outputs": (MultiOutputRegressor(LinearRegression()), diabetes, np.c_[progress, -progress]),
        "forest": (RandomForestRegressor(5), diabetes, progress),
        "clusters": (KMeans(3, n_init=1), diabetes, None),
        "components": (PCA(2), diabetes, None),
    }


def kinds_of_iris() -> dict[str, tuple[Any, Any]]:
    """Name to (an untrained model, data)."""
    days = pd.Series(pd.to_datetime("2024-01-01") + pd.to_timedelta(TARGET, "D"))  # in pandas' own resolution
    whole = (FRAME * 10).round()
    return {
        # frames
        "floats": (tree(), FRAME),
        "float32": (tree(), FRAME.astype("float32")),
        "whole numbers": (tree(), whole.astype("int64")),
        "int16": (tree(), whole.astype("int16")),
        "uint64": (tree(), whole.astype("uint64")),
        "truth values": (tree(), FRAME > 3),
        "floats with missing": (boosted(), FRAME.mask(FRAME > 6)),
        "Int64": (tree(), whole.astype("Int64")),
        "Int64 with missing": (boosted(), whole.astype("Int64").mask(FRAME > 6)),
        "boolean": (tree(), (FRAME > 3).astype("boolean")),
        "text column": (of_words("word"), MIXED),
        "text column with missing": (of_words("word"), MIXED.assign(word=np.where(FRAME["a"] > 6.5, None, WORDS))),
        "text column of pandas": (of_words("word"), MIXED.astype({"word": "string"})),
        "category": (boosted(), MIXED.astype({"word": "category"})),
        "category encoded": (of_words("word"), MIXED.astype({"word": "category"})),
        "category by its codes": (
            make_pipeline(FunctionTransformer(codes), tree()),
            MIXED.astype({"word": "category"}),
        ),
        "category of numbers": (boosted(), FRAME.assign(kind=pd.Categorical(TARGET + 5))),
        "moments": (of_words("day"), FRAME.assign(day=days)),
        "moments with a zone": (of_words("day"), FRAME.assign(day=days.dt.tz_localize("Europe/Vienna"))),
        "numbered columns": (tree(), pd.DataFrame(NUMBERS)),
        "sparse columns": (tree(), pd.DataFrame.sparse.from_spmatrix(sparse.csr_matrix(NUMBERS))),
        "objects": (make_pipeline(SimpleImputer(), tree()), FRAME.astype(object).mask(FRAME > 6, None)),
        # arrays and matrices
        "array": (tree(), NUMBERS),
        "array of float32": (tree(), NUMBERS.astype("float32")),
        "array of whole numbers": (tree(), (NUMBERS * 10).astype("int64")),
        "array of truth values": (tree(), NUMBERS > 3),
        "array of objects": (tree(), NUMBERS.astype(object)),
        "array of words": (make_pipeline(OneHotEncoder(), tree()), WORDS.astype(str)[:, None]),
        "csr matrix": (tree(), sparse.csr_matrix(NUMBERS)),
        "csc matrix": (tree(), sparse.csc_matrix(NUMBERS)),
        "csr array": (tree(), sparse.csr_array(NUMBERS)),
        "dok matrix": (tree(), sparse.dok_matrix(NUMBERS)),
        "one column with gaps among others": (
            boosted(),
            MIXED.assign(a=whole["a"].astype("Int64").mask(FRAME["a"] > 6), day=days)[["a", "b", "day"]].assign(
                day=lambda frame: frame["day"].dt.day
            ),
        ),
        # everything else
        "list of lists": (tree(), NUMBERS.tolist()),
        "list of texts": (of_text(), TEXTS),
        "array of texts": (of_text(), np.array(TEXTS)),
        "series of texts": (of_text(), pd.Series(TEXTS)),
        "named series of texts": (of_text(), pd.Series(TEXTS, name="text")),
        "list of dicts": (
            make_pipeline(DictVectorizer(), tree()),
            [{"a": float(row[0]), "word": word} for row, word in zip(NUMBERS, WORDS, strict=True)],
        ),
    }
