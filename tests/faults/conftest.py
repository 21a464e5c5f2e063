"""Processes whose file operations can be made to fail: the C library of `failing_files.c`, preloaded."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def failing_files(tmp_path_factory: pytest.TempPathFactory, starts_processes: None) -> Path:
    """The compiled library."""
    compiler = shutil.which("cc")
    if not sys.platform.startswith("linux") or compiler is None:
        pytest.skip("file operations are made to fail by a C library for Linux: needs `cc`")
    built = tmp_path_factory.mktemp("built") / "failing_files.so"
    source = HERE / "failing_files.c"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", built, source, "-ldl"], check=True)
    return built


@pytest.fixture
def run_faulty(run_python: Any, failing_files: Path, store: Path) -> Callable[..., Any]:
    """As `run_python`, in a process whose file operations can be made to fail: see `faulty_files.py`."""
    earlier = os.environ.get("PYTHONPATH")
    path = os.pathsep.join([str(HERE), *([earlier] if earlier else [])])

    def run(script: str, *arguments: object, env: dict[str, str | None] | None = None, **options: Any) -> Any:
        wanted = {"LD_PRELOAD": str(failing_files), "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", **(env or {})}
        return run_python(script, *arguments, env=wanted, **options)

    return run
