"""A job that its scheduler stops and starts again goes on in the run that it has left: the setting `resume`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

import fitprint
from fitprint._core.job import current_job

SLURM = {"SLURM_JOB_ID": "41", "SLURM_JOB_NAME": "churn", "SLURM_RESTART_COUNT": "0"}
AGAIN = {"SLURM_RESTART_COUNT": "1"}

TRAINS = """
import sys
import fitprint, toylearn
fitprint.autolog(quiet=True, log_code=False)
first, last, stays = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "stays"

class Net(toylearn.Mean):
    def fit(self, X, y):
        for epoch in range(first, last):
            fitprint.log_metric("loss", 1 / (epoch + 1), step=epoch)
            if epoch % 3 == 2:
                fitprint.log_metric("val_loss", 2 / (epoch + 1), step=epoch)
        fitprint.active_run()._writer.write()
        print(fitprint.active_run().run_id, flush=True)
        if stays:
            sys.stdin.read()
        return super().fit(X, y)

BLOCK
"""
FIT = "Net().fit([1], [2])"


@pytest.fixture
def job(toy, store, monkeypatch, starts_processes):
    """Runs the script as a start of a job. One that `stays` is killed in the midst of its training."""
    monkeypatch.setenv("FITPRINT_RESUME", "auto")

    def start(first, last, stays=False, block=FIT, **variables):
        environment = {**os.environ, **SLURM, **variables}
        command = [sys.executable, "-c", TRAINS.replace("BLOCK", block), str(first), str(last), "stays" * stays]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
        ) as process:
            run_id = process.stdout.readline().strip()
            if stays:
                process.send_signal(signal.SIGKILL)
                process.wait()
            else:
                errors = process.communicate()[1]
                assert (process.returncode, errors) == (0, "")
        return run_id

    return start


def steps(run, name="loss"):
    return [step for step, _ in run.metric_history(name)]


def test_a_job_that_is_started_again_goes_on_in_its_run(job, store):
    run_id = job(0, 5, stays=True)
    assert fitprint.get_run(run_id).status == "KILLED"
    assert job(0, 4, **AGAIN) == run_id
    (run,) = fitprint.runs()
    assert (run.status, run.path, run.skipped) == ("FINISHED", store / run_id, [])
    assert steps(run) == list(range(9)), "it counted anew, and its steps follow those before"
    assert steps(run, "val_loss") == [2, 7]
    assert run.model_path.is_dir()
    assert {name: run.tags[name] for name in ("scheduler", "job_id", "job_name", "job_attempt", "job_starts")} == {
        "scheduler": "slurm",
        "job_id": "41",
        "job_name": "churn",
        "job_attempt": "1",
        "job_starts": "2",
    }
    assert os.listdir(store / ".open") == []


def test_steps_that_a_framework_counts_on_stay(job):
    run_id = job(0, 5, stays=True)
    assert job(4, 8, **AGAIN) == run_id
    assert steps(fitprint.get_run(run_id)) == [*range(5), *range(4, 8)]


def test_a_third_start(job):
    run_id = job(0, 3, stays=True)
    assert job(0, 2, stays=True, **AGAIN) == run_id
    assert job(0, 2, SLURM_RESTART_COUNT="2") == run_id
    (run,) = fitprint.runs()
    assert (steps(run), run.tags["job_starts"]) == (list(range(7)), "3")


def test_the_run_of_a_block_goes_on_too_and_training_is_recorded_on_it(job):
    block = f"with fitprint.start_run('nightly'):\n    {FIT}"
    run_id = job(0, 3, stays=True, block=block)
    assert job(0, 3, block=block, **AGAIN) == run_id
    (run,) = fitprint.runs()
    assert (run.name, run.status, steps(run), run.flavor) == ("nightly", "FINISHED", list(range(6)), "toy")


def test_a_line_that_was_cut_costs_no_value_of_the_next_start(job, store):
    run_id = job(0, 3, stays=True)
    (folder,) = (store / ".open").iterdir()
    with open(folder / "metrics.jsonl", "a") as file:
        file.write('{"name": "loss", "st')
    assert job(3, 5, **AGAIN) == run_id
    assert steps(fitprint.get_run(run_id)) == list(range(5))


@pytest.mark.parametrize(
    "variables",
    [
        {"SLURM_JOB_ID": "42"},
        {"SLURM_ARRAY_JOB_ID": "41", "SLURM_ARRAY_TASK_ID": "3"},
        {"SLURM_PROCID": "1"},
        {"FITPRINT_RESUME": ""},
        {"FITPRINT_RESUME": "another id"},
        {"FITPRINT_RUN_NAME": "another name"},
        {"FITPRINT_EXPERIMENT": "another experiment"},
    ],
)
def test_what_is_another_run(job, variables):
    run_id = job(0, 3, stays=True)
    assert job(0, 3, **AGAIN, **variables) != run_id
    assert sorted(run.status for run in fitprint.runs()) == ["FINISHED", "KILLED"]


def test_a_run_that_has_finished_is_left_alone(job):
    assert job(0, 3) != job(0, 3, **AGAIN)
    assert [run.status for run in fitprint.runs()] == ["FINISHED", "FINISHED"]


def test_processes_of_one_start_do_not_take_each_other_s_runs(job, monkeypatch):
    monkeypatch.setenv("_FITPRINT_START", "one")
    assert job(0, 3, stays=True) != job(0, 3)


def test_a_run_that_failed_goes_on_without_its_error(job):
    fails = f"toylearn.Mean.fit = lambda *args: 1 / 0\ntry:\n    {FIT}\nexcept ZeroDivisionError:\n    pass"
    run_id = job(0, 3, block=fails)
    assert fitprint.get_run(run_id).status == "FAILED"
    assert job(0, 3, **AGAIN) == run_id
    run = fitprint.get_run(run_id)
    assert (run.status, run.error) == ("FINISHED", None)


def test_an_id_of_one_s_own(job, monkeypatch):
    monkeypatch.setenv("FITPRINT_RESUME", "night-7")
    run_id = job(0, 3, stays=True, SLURM_JOB_ID="")
    assert job(0, 3, SLURM_JOB_ID="") == run_id


def moved_elsewhere(store, run_id):
    file = store / ".open" / run_id / "run.json"
    file.write_text(file.read_text().replace(f'"host": "{os.uname().nodename}", "boot', '"host": "far", "boot'))
    assert '"far"' in file.read_text()


def test_slurm_says_that_the_earlier_start_on_another_host_has_ended(job, store):
    run_id = job(0, 3, stays=True)
    moved_elsewhere(store, run_id)
    assert fitprint.get_run(run_id).status == "RUNNING", "its lease has not run out"
    assert job(0, 3, **AGAIN) == run_id


def test_where_nobody_says_so_another_run_begins_and_a_line_tells(job, store, caplog, toy, monkeypatch):
    run_id = job(0, 3, stays=True)
    moved_elsewhere(store, run_id)
    for name, value in SLURM.items():  # not started again: another step of the same job
        monkeypatch.setenv(name, value)
    fitprint.autolog(quiet=True)
    toy.imported().Mean()
    with fitprint.start_run("Net") as run:
        assert run.run_id != run_id
    assert caplog.messages == []
    import toylearn

    class Net(toylearn.Mean):
        pass

    Net().fit([1], [2])
    assert fitprint.last_run().run_id != run_id
    assert caplog.messages == [
        f"an earlier start of this job has left run {run_id} open: whether its process has ended cannot be seen yet, "
        "so that another run begins"
    ]


SERVICE = {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}


@pytest.mark.parametrize(
    ("variables", "tags"),
    [
        ({}, {}),
        (
            {"SLURM_JOB_ID": "57", "SLURM_ARRAY_JOB_ID": "50", "SLURM_ARRAY_TASK_ID": "7"},
            {"scheduler": "slurm", "job_id": "50", "job_task": "7"},
        ),
        (
            {**SERVICE, "HOSTNAME": "train-x2"},
            {"scheduler": "kubernetes", "pod": "train-x2", "job_id": "train-x2"},
        ),
        (
            {**SERVICE, "POD_NAME": "p", "JOB_NAME": "train", "JOB_UID": "6f-1", "JOB_COMPLETION_INDEX": "2"},
            {"scheduler": "kubernetes", "pod": "p", "job_name": "train", "job_id": "6f-1", "job_task": "2"},
        ),
        ({**SERVICE, "AZUREML_RUN_ID": "calm_tree"}, {"scheduler": "azureml", "job_id": "calm_tree"}),
        ({"DATABRICKS_RUNTIME_VERSION": "16.4"}, {"scheduler": "databricks"}),
    ],
)
def test_the_tags_of_a_job(store, monkeypatch, variables, tags):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with fitprint.start_run() as run:
        pass
    names = ("scheduler", "job_id", "job_name", "job_task", "job_attempt", "job_starts", "pod")
    assert {name: value for name, value in run.tags.items() if name in names} == tags
    assert (current_job() is None) == (not tags)
