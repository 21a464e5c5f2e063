"""What the tests of the flavor share: a data set."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest


@pytest.fixture(scope="session")
def frames(cancer: Callable[..., Any]) -> Any:
    return cancer(6, 400)


@pytest.fixture(scope="session")
def arrays(frames: Any) -> Any:
    return frames._make(frame.to_numpy() for frame in frames)
