"""What the tests of the flavor share: kinds of models, and a search for rows."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

KINDS = "kinds_of_statsmodels"
if importlib.util.find_spec("statsmodels") is not None:  # else each file of tests says that it is skipped
    spec = importlib.util.spec_from_file_location(KINDS, Path(__file__).with_name(f"{KINDS}.py"))
    assert spec is not None
    assert spec.loader is not None
    sys.modules[KINDS] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules[KINDS])


@pytest.fixture(scope="session")
def frame() -> pd.DataFrame:
    """120 rows: numbers, a category, groups, and a target of each kind; no number of a row is a round one."""
    rng = np.random.default_rng(7)
    frame = pd.DataFrame({"x": rng.random(120) + 0.1, "z": rng.normal(size=120)})
    frame["g"] = rng.choice(["north", "south", "west"], 120)
    frame["group"] = np.repeat(np.arange(12), 10)
    latent = 1.5 * frame.x - frame.z + (frame.g == "west") + rng.normal(size=120)
    frame["y"] = latent
    frame["yes"] = (latent > latent.median()).astype(int)
    frame["count"] = rng.poisson(np.exp(0.3 * frame.x + 0.2))
    frame["kind"] = np.digitize(latent, np.quantile(latent, [0.3, 0.7]))
    frame["share"] = 1 / (1 + np.exp(-latent))
    frame["time"] = rng.exponential(np.exp(-0.3 * frame.x)) + 0.01
    return frame


@pytest.fixture(scope="session")
def series() -> pd.Series:
    values = np.cumsum(np.random.default_rng(1).normal(size=60)) + 50
    return pd.Series(values, index=pd.date_range("2024-01-01", periods=60, freq="D"), name="level")


@pytest.fixture
def rows_in() -> Callable[[Path, pd.DataFrame], set[str]]:
    """The columns of which values lie in the files of a package, as the eight bytes of a float or spelled out."""

    def search(package: Path, data: pd.DataFrame) -> set[str]:
        content = b"".join(path.read_bytes() for path in package.rglob("*") if path.is_file())
        return {name for name in data.columns if _count(content, data[name]) > 0}

    def _count(content: bytes, column: Any) -> int:
        values = np.asarray(column, dtype=float)
        return sum(value.tobytes() in content or repr(float(value)).encode() in content for value in values)

    return search
