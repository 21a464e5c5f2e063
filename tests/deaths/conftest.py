"""What the tests of deaths share: whether all that a store shows is whole."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

import fitprint
from fitprint.models import mlmodel


@pytest.fixture
def whole(store: Path) -> Callable[[], Counter[str]]:
    """Checks every run of the store and every package that can be seen in it. Returns the runs per status."""

    def check() -> Counter[str]:
        found = fitprint.runs()
        for run in found:
            for name, package in run.models.items():
                assert (package / "checksums.json").is_file(), f"{run.status} {run.run_id} names {name}"
            for folder in run.path.iterdir():
                if folder.is_dir() and folder.name != "artifacts" and not folder.name.startswith(".package-"):
                    check_package(folder)
            if run.status == "FINISHED":
                assert [*run.models] == ["model"]
                if run.path.parent == store:  # one killed before the last rename may have its record beside its place
                    assert not [*run.path.glob(".*"), *run.path.rglob("*.partial")]
                for name in run.artifacts:
                    assert (run.path / "artifacts" / name).is_file()
        gone = {path.name for path in store.iterdir()} - {run.run_id for run in found} - {".open", ".gitignore"}
        assert not gone, "each folder outside of .open is a run that can be read"
        return Counter(run.status for run in found)

    return check


def check_package(folder: Path) -> None:
    listed = json.loads((folder / "checksums.json").read_text())
    files = {file.relative_to(folder).as_posix(): file for file in folder.rglob("*") if file.is_file()}
    assert {*files} - {"checksums.json"} == {*listed}
    for name, digest in listed.items():
        assert hashlib.sha256(files[name].read_bytes()).hexdigest() == digest, (folder, name)
    assert mlmodel.read(folder)["flavors"]


@pytest.fixture
def together(tmp_path: Path, starts_processes: None) -> Callable[..., list[str]]:
    """Runs (script, *arguments) each in a process of its own, all let go at one moment. Returns what they print."""

    def run(*scripts: tuple[object, ...]) -> list[str]:
        started = []
        for text, *arguments in scripts:
            command = [sys.executable, "-c", str(text), *map(str, arguments)]
            pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
            started.append(subprocess.Popen(command, text=True, **pipes))
        for process in started:
            process.stdin.write("\n")
            process.stdin.flush()
        outputs = [process.communicate(timeout=300) for process in started]
        assert [process.returncode for process in started] == [0] * len(started), outputs
        return [output for output, _ in outputs]

    return run
