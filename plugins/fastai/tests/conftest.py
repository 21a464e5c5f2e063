"""What the tests of the flavor share: learners of tables, of texts, of ratings and of images, all of them tiny."""

from __future__ import annotations

import importlib
import random
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("fastai", reason="needs fastai: run `make test-deep`")
torch = pytest.importorskip("torch", reason="needs torch: run `make test-deep`")

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # fastai, and what it imports, use what is deprecated
    for name in ("fastai.tabular.all", "fastai.text.all", "fastai.collab"):
        importlib.import_module(name)

from fastai.callback import progress, schedule, tracker  # noqa: E402, F401  they add to the learners
from fastai.collab import CollabDataLoaders, collab_learner  # noqa: E402
from fastai.data.core import Datasets  # noqa: E402
from fastai.data.transforms import Categorize  # noqa: E402
from fastai.learner import Learner  # noqa: E402
from fastai.losses import CrossEntropyLossFlat  # noqa: E402
from fastai.metrics import accuracy  # noqa: E402
from fastai.tabular.core import Categorify, FillMissing, Normalize  # noqa: E402
from fastai.tabular.data import TabularDataLoaders  # noqa: E402
from fastai.tabular.learner import tabular_learner  # noqa: E402
from fastai.text.core import BaseTokenizer  # noqa: E402
from fastai.text.data import TextDataLoaders  # noqa: E402
from fastai.text.learner import text_classifier_learner  # noqa: E402
from fastai.text.models import AWD_LSTM  # noqa: E402
from fastai.text.models.awdlstm import awd_lstm_clas_config  # noqa: E402

import fitprint  # noqa: E402

FRAMEWORK_WARNS = (
    # fastai 2.7, which fills missing values in place
    "ignore:A value is trying to be set on a copy of a DataFrame or Series through chained assignment:FutureWarning",
)


@pytest.fixture
def recorded(store: Path) -> Iterator[Path]:
    fitprint.autolog("fastai", strict=True, quiet=True)
    yield store
    fitprint.disable()


def seed() -> None:
    torch.manual_seed(0)
    np.random.seed(0)
    random.seed(0)


def silent(learner: Any) -> Any:
    """The learner without its progress bar and its table of metrics."""
    learner.remove_cbs([callback for callback in learner.cbs if isinstance(callback, progress.ProgressCallback)])
    learner.logger = lambda values: None
    return learner


@pytest.fixture
def table() -> pd.DataFrame:
    generator = np.random.default_rng(0)
    frame = pd.DataFrame({"kind": generator.choice(["a", "b"], 24), "size": generator.normal(size=24)})
    frame["count"] = generator.integers(0, 9, 24)
    frame["target"] = np.where(frame["size"] > 0, "yes", "no")
    frame.loc[2, "size"] = np.nan
    return frame


@pytest.fixture
def tabular(table: pd.DataFrame) -> Callable[..., Any]:
    def make(**options: Any) -> Any:
        seed()
        data = TabularDataLoaders.from_df(
            table,
            procs=[Categorify, FillMissing, Normalize],
            cat_names=["kind"],
            cont_names=["size", "count"],
            y_names="target",
            bs=8,
            valid_idx=list(range(16, 24)),
        )
        return silent(tabular_learner(data, layers=[4], metrics=accuracy, **options))

    return make


@pytest.fixture
def texts() -> Callable[[], Any]:
    def make() -> Any:
        seed()
        reviews = {"a good film": "yes", "a bad film": "no", "good good": "yes", "bad bad": "no"}
        frame = pd.DataFrame({"review": [*reviews] * 4, "label": [*reviews.values()] * 4})
        data = TextDataLoaders.from_df(
            frame, text_col="review", label_col="label", bs=4, seed=1, tok_tfm=BaseTokenizer(), num_workers=0
        )
        config = {**awd_lstm_clas_config, "emb_sz": 4, "n_hid": 4, "n_layers": 1}
        return silent(text_classifier_learner(data, AWD_LSTM, config=config, pretrained=False, metrics=accuracy))

    return make


@pytest.fixture
def ratings() -> Callable[[], Any]:
    def make() -> Any:
        seed()
        generator = np.random.default_rng(0)
        frame = pd.DataFrame({"user": generator.integers(0, 5, 40), "item": generator.integers(0, 4, 40)})
        frame["rating"] = (frame["user"] % 2 + frame["item"] / 2).astype(float)
        data = CollabDataLoaders.from_df(frame, bs=8, seed=1)
        return silent(collab_learner(data, n_factors=3, y_range=(0, 3)))

    return make


@pytest.fixture
def pictures() -> Callable[..., Any]:
    """A classifier of images of 300 x 300 pixels in three colours, as numbers of one byte; made without torchvision."""

    def to_tensor(image: object):  # type: ignore[no-untyped-def]  # fastai goes by such annotations
        return torch.from_numpy(image).permute(2, 0, 1).float() / 255

    def brightness(image: object) -> str:
        return "bright" if image.mean() > 127 else "dark"

    def make() -> Any:
        seed()
        generator = np.random.default_rng(0)
        images = [(generator.integers(0, 100, (300, 300, 3)) + 155 * (at % 2)).astype(np.uint8) for at in range(8)]
        data = Datasets(images, [[to_tensor], [brightness, Categorize()]], splits=[list(range(6)), [6, 7]])
        model = torch.nn.Sequential(
            torch.nn.AvgPool2d(100),
            torch.nn.Conv2d(3, 2, 3),
            torch.nn.ReLU(),
            torch.nn.Flatten(),
            torch.nn.Linear(2, 2),
        )
        return silent(Learner(data.dataloaders(bs=2, num_workers=0), model, CrossEntropyLossFlat(), metrics=accuracy))

    return make
