"""What the tests of the flavor share: a data set."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import Any

import pytest

_OF_ENGINES = {"distributed": "test_xgboost_dask.py", "pyspark": "test_xgboost_spark.py"}
collect_ignore = [file for module, file in _OF_ENGINES.items() if importlib.util.find_spec(module) is None]
"""The tests of an engine belong to the environment that has it: see `make test-engines` and `make test-jvm`."""


@pytest.fixture(scope="session")
def frames(cancer: Callable[..., Any]) -> Any:
    return cancer(6, 400)


@pytest.fixture(scope="session")
def arrays(frames: Any) -> Any:
    return frames._make(frame.to_numpy() for frame in frames)
