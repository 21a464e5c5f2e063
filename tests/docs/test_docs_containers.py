"""The YAML and the shell scripts of docs/containers.md name settings that exist and do what the page says.

The scripts run with the scheduler's commands replaced by ones that only run what they are given.
"""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import fitprint
from fitprint._settings.table import TABLE, read_value

pytestmark = pytest.mark.process

DOCUMENT = Path(__file__).parents[2] / "docs" / "containers.md"
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
BLOCKS = FENCE.findall(DOCUMENT.read_text("utf-8"))
YAML = [text for language, text in BLOCKS if language == "yaml"]
SCRIPTS = [text for language, text in BLOCKS if language == "sh"]
SLURM = {
    "SLURM_JOB_ID": "17",
    "SLURM_JOB_NAME": "churn",
    "SLURM_ARRAY_JOB_ID": "16",
    "SLURM_PROCID": "0",
}
TRAIN = (
    "import sys\nimport toylearn\nprint(sys.argv)\nkind = type('Trained', (toylearn.Base,), {})\nkind().fit([1], [2])\n"
)

DIES_ONCE = """
import os
import toylearn

class Trained(toylearn.Mean):
    def fit(self, X, y):
        if os.environ["SLURM_RESTART_COUNT"] == "0":
            os.kill(os.getpid(), 9)
        return super().fit(X, y)

Trained().fit([1.0], [1.0])
"""


def variables(document: Any) -> Iterator[tuple[str, Any]]:
    """Names and values of FITPRINT_* variables anywhere in a document: in a mapping, or as Kubernetes lists them."""
    if isinstance(document, dict):
        if str(document.get("name", "")).startswith("FITPRINT_"):
            yield document["name"], document["value"]
        for name, value in document.items():
            if str(name).startswith("FITPRINT_"):
                yield name, value
            else:
                yield from variables(value)
    elif isinstance(document, list):
        for part in document:
            yield from variables(part)


def commands(document: Any) -> Iterator[list[str]]:
    if isinstance(document, dict):
        for name, value in document.items():
            if name == "command":
                yield value.split() if isinstance(value, str) else value
            else:
                yield from commands(value)
    elif isinstance(document, list):
        for part in document:
            yield from commands(part)


def checked(name: str, value: Any) -> None:
    assert isinstance(value, str), f"{name}: {value!r} is no text, which a variable has to be"
    setting = name.removeprefix("FITPRINT_").lower()
    assert setting in TABLE, f"{name} is no setting"
    read_value(TABLE[setting], value, name)


@pytest.mark.parametrize("text", YAML)
def test_variables_in_yaml_are_settings_with_values_that_can_be_read(text):
    (document,) = yaml.safe_load_all(text)
    found = list(variables(document))
    assert len(found) == text.count("FITPRINT_") > 0
    for name, value in found:
        checked(name, value)


def test_commands_in_yaml_are_runs_of_a_script():
    found = [command for text in YAML for command in commands(yaml.safe_load(text))]
    assert found == [["fitprint", "run", "python", "train.py"]] * 2


def test_volumes_that_are_mounted_are_there():
    (job,) = [manifest for manifest in map(yaml.safe_load, YAML) if manifest.get("kind") == "Job"]
    pod = job["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    mounts = {volume["name"]: volume["mountPath"] for volume in container["volumeMounts"]}
    assert {volume["name"] for volume in pod["volumes"]} == {*mounts}
    assert dict(variables(job))["FITPRINT_STORE"] == mounts["runs"]


@pytest.mark.parametrize("text", SCRIPTS)
def test_scripts_are_shell_and_set_only_settings(text):
    done = subprocess.run(["bash", "-n"], input=text, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    for name in re.findall(r"export (FITPRINT_\w+)=", text):
        assert name.removeprefix("FITPRINT_").lower() in TABLE


# ---- scripts that run


@pytest.fixture
def submit(tmp_path, toy):
    """Runs a script of the document as its scheduler would, and gives the runs that it left in a store."""
    (tmp_path / "train.py").write_text(TRAIN)
    commands = tmp_path / "bin"
    commands.mkdir()
    for name, text in (
        ("srun", 'exec "$@"'),
        ("python", f'exec "{sys.executable}" "$@"'),
        ("fitprint", f'exec "{sys.executable}" -m fitprint "$@"'),
    ):
        (commands / name).write_text(f"#!/bin/bash\n{text}\n")
        (commands / name).chmod(0o755)

    def run(text: str, store: str = "fitprint-runs", cwd: str = ".", **more: str) -> list[fitprint.Run]:
        assert text.startswith("#!/bin/bash\n")
        environment = {**os.environ, **SLURM, "SLURM_SUBMIT_DIR": str(tmp_path), "TMPDIR": str(tmp_path / "node")}
        environment["PATH"] = f"{commands}{os.pathsep}{os.environ['PATH']}"
        (tmp_path / "node").mkdir(exist_ok=True)
        done = subprocess.run(
            ["bash"], input=text, cwd=tmp_path / cwd, env={**environment, **more}, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return fitprint.runs(str(tmp_path / store)) if (tmp_path / store).exists() else []

    return run


def script_with(words: str) -> str:
    (found,) = [text for text in SCRIPTS if words in text]
    return found


def test_every_script_is_run_here():
    tested = ("-m train", "--array", "SLURM_PROCID", "hand_over", "--requeue", "chmod 2775", "fitprint verify")
    assert [script_with(name) for name in tested] == SCRIPTS


def test_the_forms_of_fitprint_run(submit):
    assert len(submit(script_with("-m train"), "runs")) == 1
    runs = submit(script_with("-m train"))
    assert [run.experiment for run in runs] == ["churn"] * 4


def test_tasks_of_an_array_write_into_one_store(submit):
    script = script_with("--array")
    for task in ("0", "1"):
        runs = submit(script, SLURM_ARRAY_TASK_ID=task)
    assert [run.tags["slurm_task"] for run in runs] == ["1", "0"]
    assert {run.experiment for run in runs} == {"churn"}


def test_one_of_many_processes_records(submit):
    script = script_with("SLURM_PROCID")
    assert submit(script, SLURM_PROCID="1") == []
    assert len(submit(script, SLURM_PROCID="0")) == 1


def test_runs_of_the_node_are_handed_over(submit, tmp_path):
    submit(script_with("hand_over"))
    runs = submit(script_with("hand_over"))
    assert [run.name for run in runs] == ["Trained"] * 2
    assert all(run.model_path is not None and (run.model_path / "MLmodel").exists() for run in runs)
    assert list((tmp_path / "node").iterdir()) == []


def test_what_was_recorded_is_handed_over_when_the_time_is_up(submit, tmp_path):
    (tmp_path / "train.py").write_text(TRAIN + "import os, signal, time\nos.kill(os.getppid(), 15)\ntime.sleep(300)\n")
    script = script_with("hand_over")
    text = f"bash -c {_quoted(script)}; [ $? = 143 ]\n"
    (run,) = submit("#!/bin/bash\n" + text)
    assert run.status == "FINISHED"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def test_a_job_that_was_requeued_goes_on_in_its_run(submit, tmp_path):
    (tmp_path / "train.py").write_text(DIES_ONCE)
    script = script_with("--requeue") + "true\n"
    (killed,) = submit(script, SLURM_RESTART_COUNT="0")
    (run,) = submit(script, SLURM_RESTART_COUNT="1")
    assert (killed.status, run.status, run.run_id) == ("KILLED", "FINISHED", killed.run_id)


def test_runs_of_a_group_are_the_group_s(submit, tmp_path):
    (run,) = submit(script_with("chmod 2775"), "team-runs")
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in (run.path, *run.path.rglob("*"))}
    assert modes[run.path] == 0o2775
    assert all(mode & 0o060 == 0o060 for mode in modes.values()), modes


def test_names_that_kubernetes_injects_are_no_settings(run_python, toy, store):
    injected = {
        "FITPRINT_PORT": "tcp://10.0.0.1:80",
        "FITPRINT_SERVICE_HOST": "10.0.0.1",
        "FITPRINT_STORE_PORT_80_TCP_ADDR": "10.0.0.1",
    }
    script = "import fitprint, toylearn\nfitprint.autolog(quiet=True)\ntoylearn.Mean().fit([1], [2])\n"
    assert run_python(script, env=injected).stderr == ""
    assert len(fitprint.runs(str(store))) == 1
