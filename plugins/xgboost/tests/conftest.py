"""What the tests of the flavor share: a data set."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import Any

import pytest

collect_ignore = [] if importlib.util.find_spec("distributed") else ["test_xgboost_dask.py"]
"""The tests with dask are those of the environment that has it: see `make test-engines`."""


@pytest.fixture(scope="session")
def frames(cancer: Callable[..., Any]) -> Any:
    return cancer(6, 400)


@pytest.fixture(scope="session")
def arrays(frames: Any) -> Any:
    return frames._make(frame.to_numpy() for frame in frames)
