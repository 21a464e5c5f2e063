"""What a run keeps of its code: tags and artifacts of scripts, notebooks, and applications of argparse and Hydra."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

import fitprint
from fitprint._runs import code

pytestmark = pytest.mark.process

SCRIPT = """
import fitprint
fitprint.autolog(store="runs", quiet=True)
with fitprint.start_run("one"):
    pass
"""
GIT = ["git", "-c", "user.name=a", "-c", "user.email=a@b"]


@pytest.fixture
def repository(tmp_path):
    (tmp_path / "train.py").write_text(SCRIPT)
    (tmp_path / "table.csv").write_text("1,2\n")
    (tmp_path / ".gitignore").write_text("runs/\n")
    for arguments in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "first"]):
        subprocess.run([*GIT, *arguments], cwd=tmp_path, check=True)
    return tmp_path


def run_of(repository, *arguments, script=None, **env):
    """The only run of the script, started in the folder of the repository."""
    if script is not None:
        (repository / "train.py").write_text(script)
    variables = {**os.environ, **env}
    subprocess.run([sys.executable, "train.py", *arguments], cwd=repository, env=variables, check=True)
    return latest(repository)


def latest(folder):
    return fitprint.runs(folder / "runs")[0]


def kept(run):
    folder = run.path / "artifacts" / code.FOLDER
    return {file.name: file.read_text("utf-8") for file in folder.iterdir()} if folder.exists() else {}


def test_a_script_of_a_clean_tree(repository):
    run = run_of(repository, "--fast", "two words")
    commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=repository, capture_output=True, text=True).stdout.strip()
    assert (run.tags["git_commit"], run.tags["git_dirty"]) == (commit, "false")
    assert run.tags["command"].endswith(" train.py --fast 'two words'")
    assert kept(run) == {"train.py": SCRIPT}
    assert run.artifacts == ["source_code/train.py"]
    assert run.skipped == []


def test_what_was_not_committed(repository):
    changed = SCRIPT + "api_key = 'abcdefghijk'\n"
    (repository / "table.csv").write_text("1,2\n33,44\n")
    run = run_of(repository, "--db-password", "hunter2xyz", script=changed)
    assert run.tags["git_dirty"] == "true"
    assert kept(run)["train.py"].endswith("api_key = '***'\n")
    assert "\n+api_key = '***'\n" in kept(run)["uncommitted.diff"]
    assert "33,44" not in kept(run)["uncommitted.diff"], "rows of data are not code"
    assert run.tags["command"].endswith("--db-password ***")
    (skip,) = run.skipped
    assert (skip.what, skip.rule) == ("the changes of table.csv", "log_code")


def test_no_code_is_kept(repository):
    run = run_of(repository, script=SCRIPT + "x = 1\n", FITPRINT_LOG_CODE="false")
    assert kept(run) == {}
    assert run.artifacts == []
    assert run.tags["git_dirty"] == "true"
    assert run.skipped == []


def test_a_long_script(repository):
    text = SCRIPT + "# a comment\n" * 10_000
    run = run_of(repository, script=text)
    assert kept(run) == {}
    assert {skip.what for skip in run.skipped} == {"the script train.py", "the changes of train.py"}
    assert "log_code=auto keeps up to 100,000" in run.skipped[0].reason
    run = run_of(repository, FITPRINT_LOG_CODE="true")
    assert kept(run)["train.py"] == text
    assert run.skipped == []


def test_all_texts_are_kept_where_that_is_wanted(repository):
    (repository / "table.csv").write_text("1,2\n33,44\n")
    run = run_of(repository, FITPRINT_LOG_CODE="1")
    assert "+33,44\n" in kept(run)["uncommitted.diff"]
    assert run.skipped == []


def test_what_is_kept_is_what_was_there_at_the_start(repository):
    text = """
import fitprint, pathlib
fitprint.autolog(store="runs", quiet=True)
pathlib.Path("train.py").write_text("something else")
with fitprint.start_run("one"):
    pass
"""
    assert kept(run_of(repository, script=text))["train.py"] == text


WATCHED = """
import sys, threading
begun = []
def watch(event, arguments):
    if event in ("subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.exec", "os.system", "os.spawn",
                 "_thread.start_new_thread"):
        begun.append(event)
sys.addaudithook(watch)
import fitprint
fitprint.autolog(store="runs", quiet=True)
with fitprint.start_run("one"):
    with fitprint.start_run("child", nested=True):
        pass
assert begun == [], begun
assert threading.active_count() == 1
"""


def test_neither_a_process_nor_a_thread_is_started(repository):
    run = run_of(repository, script=WATCHED)
    assert run.tags["git_dirty"] == "true"


def test_child_runs_have_the_tags_alone(repository):
    run_of(repository, script=WATCHED)
    by_name = {run.name: run for run in fitprint.runs(repository / "runs")}
    assert set(kept(by_name["one"])) == {"train.py", "uncommitted.diff"}
    assert kept(by_name["child"]) == {}
    assert by_name["child"].tags["git_commit"] == by_name["one"].tags["git_commit"]


def test_the_state_is_found_out_once(repository, tmp_path):
    script = """
import fitprint, os
from fitprint._core import provenance
fitprint.autolog(store="runs", quiet=True)
found = provenance.code_state_of.cache_info()
assert found.misses == 1, "when recording is turned on"
for _ in range(5):
    with fitprint.start_run("one"):
        pass
assert provenance.code_state_of.cache_info().misses == 1
"""
    run_of(repository, script=script)


def test_a_program_below_fitprint_run(repository):
    (repository / "train.py").write_text("import fitprint\nwith fitprint.start_run('one'):\n    pass\n")
    command = [sys.executable, "-m", "fitprint", "run", "--store", "runs", "train.py", "-x"]
    subprocess.run(command, cwd=repository, check=True)
    run = latest(repository)
    assert set(kept(run)) == {"train.py", "uncommitted.diff"}
    assert run.tags["command"].endswith(" train.py -x")


ARGPARSE = """
import argparse
from pathlib import Path
import fitprint
parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=0.5)
parser.add_argument("--layers", type=int, nargs="*")
parser.add_argument("--out", type=Path)
parser.add_argument("--db-password")
parser.add_argument("--odd", type=lambda text: object())
args = parser.parse_args()
fitprint.autolog(store="runs", quiet=True)
with fitprint.start_run("one"):
    pass
"""


def test_arguments_that_argparse_has_read(repository):
    run = run_of(repository, "--layers", "3", "4", "--out=x", "--db-password=abc", "--odd=1", script=ARGPARSE)
    arguments = {name: value for name, value in run.tags.items() if name.startswith("arg.")}
    assert arguments == {
        "arg.lr": "0.5", "arg.layers": "['3', '4']", "arg.out": "x", "arg.db_password": "***",
    }  # fmt: skip


HYDRA = """
import hydra
import fitprint
@hydra.main(version_base=None, config_path=None)
def main(config):
    fitprint.autolog(store=r"{store}", quiet=True)
    with fitprint.start_run("one"):
        pass
main()
"""


def test_arguments_that_hydra_has_read(repository):
    pytest.importorskip("hydra")
    script = HYDRA.replace("{store}", str(repository / "runs"))
    run = run_of(repository, "+model.depth=3", "+db_password=abc", script=script)
    assert run.tags["arg.model.depth"] == "3"
    assert run.tags["arg.db_password"] == "***"


def test_the_script_of_an_installed_program_is_not_kept(tmp_path):
    test = "import fitprint\ndef test():\n    with fitprint.start_run('one', ):\n        pass\n"
    (tmp_path / "test_it.py").write_text(test)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_it.py"]
    variables = {**os.environ, "FITPRINT_STORE": str(tmp_path / "runs")}
    subprocess.run(command, cwd=tmp_path, env=variables, check=True, stdout=subprocess.DEVNULL)
    assert kept(latest(tmp_path)) == {}


def test_the_cells_of_a_notebook_as_they_were_run(tmp_path):
    pytest.importorskip("IPython")
    script = """
import IPython
shell = IPython.core.interactiveshell.InteractiveShell.instance()
for cell in (
    "import fitprint; fitprint.autolog(store='runs', quiet=True)",
    "token = 'abcdefghijk'",
    "with fitprint.start_run('one'):\\n    pass",
    "x = 1",
    "with fitprint.start_run('two'):\\n    pass",
):
    assert shell.run_cell(cell, store_history=True).success
"""
    (tmp_path / "cells.py").write_text(script)
    variables = {**os.environ, "IPYTHONDIR": str(tmp_path / "ipython")}
    subprocess.run([sys.executable, "cells.py"], cwd=tmp_path, env=variables, check=True)
    two, one = fitprint.runs(tmp_path / "runs")
    text = (one.path / "artifacts" / code.CELLS).read_text("utf-8")
    assert "# In [2]:\ntoken = '***'\n" in text
    assert text.endswith("# In [3]:\nwith fitprint.start_run('one'):\n    pass")
    assert "# In [4]:\nx = 1\n" in (two.path / "artifacts" / code.CELLS).read_text("utf-8")
