"""The command as a whole: its help, its version, and errors as one line and exit status 1."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import fitprint


def test_version(command):
    assert command("--version").stdout == f"fitprint {fitprint.__version__}\n"


def test_help_names_every_command(command):
    text = command("--help").stdout
    assert text.startswith("Usage: fitprint [OPTIONS] COMMAND")
    for name in ("run", "runs", "show", "inspect", "verify", "flavors", "gc"):
        assert f"\n  {name} " in text
        assert f"Usage: fitprint {name}" in command(name, "-h").stdout
    assert "..." not in text.partition("Commands:")[2]  # every summary fits


@pytest.mark.process
def test_the_console_script(store):
    script = Path(sys.executable).with_name("fitprint")
    done = subprocess.run([script, "--version"], capture_output=True, text=True)
    assert done.stdout == f"fitprint {fitprint.__version__}\n"


def test_a_real_process_from_start_to_end(store, command):
    with fitprint.start_run("a name") as run:
        run.log_metric("loss", 0.5)
    assert "a name" in command("runs").stdout
    assert json.loads(command("runs", "--json").stdout)["runs"][0]["run_id"] == run.run_id
    assert "loss  0.5" in command("show", run.run_id[:20]).stdout
    assert json.loads(command("show", "last", "--json").stdout)["metrics"] == {"loss": 0.5}
    assert isinstance(json.loads(command("flavors", "--json").stdout)["flavors"], list)


@pytest.mark.process
@pytest.mark.skipif(os.name != "posix", reason="needs Python on a system with POSIX shells")
@pytest.mark.parametrize("closed", ["<&-", ">&-", "<&- >&- 2>&-"])
def test_standard_streams_may_be_closed(store, closed):
    fitprint.start_run("a name").end()
    for words in ("runs", "show last", "flavors"):
        done = subprocess.run(["/bin/sh", "-c", f'exec "$0" -m fitprint {words} {closed}', sys.executable])
        assert done.returncode == 0, words


@pytest.mark.parametrize("arguments", [("runs",), ("show", "last"), ("inspect", "last"), ("runs", "--json")])
def test_a_store_that_is_not_there(store, command, arguments):
    done = command(*arguments, status=1)
    assert done.stdout == ""
    assert done.stderr == (
        f"fitprint: the store {store} does not exist; name the folder that holds your runs with "
        "--store or FITPRINT_STORE\n"
    )
    assert not store.exists()


def test_a_store_that_is_a_file(tmp_path, command):
    (tmp_path / "file").write_text("")
    assert command("runs", "--store", "file", status=1).stderr.startswith(
        f"fitprint: the store {tmp_path / 'file'} is not a folder"
    )


def test_a_store_of_an_unknown_kind(command):
    told = command("runs", "--store", "nosuch://x", status=1).stderr
    assert told.startswith("fitprint: no store plugin serves nosuch://")
    assert told.count("\n") == 1


def test_a_setting_that_cannot_be_read_is_told(store, command):
    with fitprint.start_run("a"):
        pass
    done = command("runs", FITPRINT_QUIET="perhaps")
    assert done.stderr.startswith("fitprint: FITPRINT_QUIET: 'perhaps' cannot be read")
    assert done.stdout.count("\n") == 2


def test_a_folder_that_may_not_be_read(tmp_path, invoke, monkeypatch):
    (tmp_path / "store").mkdir()

    def refuse(path):
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(os, "listdir", refuse)
    told = invoke("runs", "--store", "store", status=1).stderr
    assert told == f"fitprint: {tmp_path / 'store'} cannot be read: Permission denied\n"


def test_control_characters_in_what_was_typed(tmp_path, invoke):
    for arguments in (("runs", "--store", "a\x1bb"), ("inspect", "a\x1bb"), ("show", "a\x1b/b")):
        told = invoke(*arguments, status=1).stderr
        assert "a\\x1b" in told
        assert told[:-1].isprintable()


def test_wrong_usage_is_clicks_own(invoke):
    assert "No such command" in invoke("nosuch", status=2).stderr
    assert "Missing argument" in invoke("show", status=2).stderr
