"""How many interpreters the kit starts: few in the fast mode, in which scripts run in forks of a warm one."""

from __future__ import annotations

import os
import sys

import pytest

from fitprint.testing import processes

STARTS = """
import os
with open({log!r}, "a") as log:
    log.write("started\\n")
"""
IN_PROCESSES = "discovery or listed or order or restores or process_of_its_own or loader_works"
FORKS = pytest.mark.skipif(not processes.can_fork(), reason="needs Python on a system that forks")


@pytest.fixture
def starts(toy, tmp_path):
    """Counts the interpreters that were started: each runs the toy's `sitecustomize`, and a fork of one does not."""
    log = tmp_path / "starts.txt"
    log.touch()
    (toy.site / "sitecustomize.py").write_text(STARTS.format(log=os.fspath(log)))
    return lambda: len(log.read_text().splitlines())


@FORKS
@pytest.mark.slow
@pytest.mark.parametrize(("mode", "expected"), [("fast", 7), ("full", 22)])
def test_interpreters_that_are_started_for_six_cases(checked, starts, monkeypatch, mode, expected):
    monkeypatch.setattr(processes, "_MODE", mode)
    done = checked(IN_PROCESSES)
    assert done.code == 0, done.text
    assert starts() == expected


@FORKS
@pytest.mark.slow
def test_stock_mlflow_is_imported_for_the_first_package_and_once_for_the_others(
    checked, starts, mlflow_pythons, monkeypatch
):
    monkeypatch.setattr(processes, "_MODE", "fast")
    done = checked("stock_mlflow")
    assert done.code == 0, done.text
    assert "10 passed" in done.text
    assert starts() == 2 * len(mlflow_pythons)


@pytest.mark.slow
def test_without_forks_every_process_is_a_fresh_one(checked, starts, monkeypatch):
    monkeypatch.setattr(processes, "can_fork", lambda: False)
    monkeypatch.setattr("fitprint.testing.bench.can_fork", lambda: False)
    done = checked("restores")
    assert done.code == 0, done.text
    assert starts() == 6


def test_another_mode_is_refused(checked, monkeypatch):
    monkeypatch.setattr(processes, "_MODE", "quick")
    done = checked("restores")
    assert done.code == 1
    assert "FITPRINT_KIT is 'quick'; set it to fast or to full" in done.text


@FORKS
def test_a_framework_that_cannot_be_imported_by_itself(checked, toy, monkeypatch):
    monkeypatch.setattr(processes, "_MODE", "fast")
    refuses = "import sys\nif 'warm.py' in sys.orig_argv[1]:\n    raise ImportError('not by itself')\n"
    module = toy.site / "toylearn" / "__init__.py"
    module.write_text(refuses + module.read_text())
    done = checked("restores")
    assert done.code == 1
    assert "an interpreter that only imports toylearn" in done.text
    assert "ImportError: not by itself" in done.text
    assert "set FITPRINT_KIT=full" in done.text


@FORKS
@pytest.mark.process
def test_a_module_that_is_not_installed_there_is_left_to_the_script(tmp_path):
    file = tmp_path / "script.py"
    file.write_text("import sys; print('json' in sys.modules)")
    warm = processes.WarmInterpreter()
    try:
        assert warm.run(["no_such_module", "json"], [str(file)], tmp_path, {**os.environ}).stdout == "True\n"
    finally:
        warm.close()


@FORKS
@pytest.mark.parametrize(
    ("script", "ended"),
    [
        ("import sys; print('1'); sys.exit(3)", (3, "1\n", "")),
        ("import atexit; atexit.register(print, '2'); print('1')", (0, "1\n2\n", "")),
        ("import os, sys; print(os.environ['MINE'], sys.argv[1:], __name__)", (0, "mine ['a'] __main__\n", "")),
        ("import os; os.kill(os.getpid(), 9)", (-9, "", "")),
    ],
)
@pytest.mark.process
def test_a_script_in_a_fork_is_as_in_an_interpreter(tmp_path, script, ended):
    file = tmp_path / "script.py"
    file.write_text(script)
    warm = processes.WarmInterpreter()
    try:
        for _ in range(2):
            done = warm.run(["json"], [str(file), "a"], tmp_path, {**os.environ, "MINE": "mine"})
            assert tuple(done) == ended
    finally:
        warm.close()
    assert (
        tuple(processes.run_fresh([sys.executable, str(file), "a"], tmp_path, {**os.environ, "MINE": "mine"})) == ended
    )


@FORKS
@pytest.mark.process
def test_a_script_that_hangs_is_killed_and_the_next_one_runs(tmp_path, monkeypatch):
    monkeypatch.setattr(processes, "HANGS_AFTER", 0.5)
    file = tmp_path / "script.py"
    warm = processes.WarmInterpreter()
    try:
        file.write_text("import time\nprint('begun', flush=True)\ntime.sleep(600)")
        assert warm.run(["json"], [str(file)], tmp_path, os.environ) == (None, "begun\n", "")
        monkeypatch.setattr(processes, "HANGS_AFTER", 300)
        file.write_text("print('done')")
        assert warm.run(["json"], [str(file)], tmp_path, os.environ) == (0, "done\n", "")
    finally:
        warm.close()
