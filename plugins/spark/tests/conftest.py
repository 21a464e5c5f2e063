"""The tests of the flavor need its framework; what they share is in plugins/conftest.py.

There is one Java virtual machine for all tests of a process: `SparkSession.builder.getOrCreate()` gives its session.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pyspark", reason="needs pyspark: run `make test-jvm`")

FRAMEWORK_WARNS = (
    "ignore:PySpark does not yet fully support pandas:FutureWarning",
    "ignore:unclosed:ResourceWarning",
)

os.environ["SPARK_CONF_DIR"] = str(Path(__file__).with_name("conf"))
os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")


@pytest.fixture(scope="session")
def spark() -> Iterator[Any]:
    """The one session of this process."""
    from pyspark.sql import SparkSession

    session = SparkSession.builder.getOrCreate()
    yield session
    session.stop()
