"""Settings that are given outside the script: in every process that works for it, and the kill switch above all."""

from __future__ import annotations

import pytest

import fitprint

SCRIPT = """
import os, subprocess, sys
import joblib, fitprint, toylearn
import multiprocessing

def fit(number):
    toylearn.Mean(float(number)).fit([1], [2])

if __name__ == "__main__":
    fitprint.autolog("toy")
    for name in [name for name in os.environ if name.startswith("FITPRINT_") and sys.argv[1] != "subprocess"]:
        del os.environ[name]  # what workers know they know from us
    fit(0)
    if sys.argv[1] == "loky":
        joblib.Parallel(n_jobs=2)(joblib.delayed(fit)(number) for number in (1, 2))
    elif sys.argv[1] == "spawn":
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            pool.map(fit, (1, 2))
    elif sys.argv[1] == "subprocess":
        again = "import fitprint, toylearn\\nfitprint.autolog('toy')\\nfor n in 1., 2.: toylearn.Mean(n).fit([1], [2])"
        subprocess.run([sys.executable, "-c", again], check=True)
"""


@pytest.mark.parametrize("how", ["loky", "spawn", "subprocess"])
def test_they_hold_in_every_process_that_works_for_the_script(toy, store, run_python, how):
    outside = {"FITPRINT_EXPERIMENT": "outside", "FITPRINT_TOY_TAGS": "team=x", "FITPRINT_LOG_MODELS": "off"}
    done = run_python(SCRIPT, how, env=outside)
    runs = fitprint.runs()
    assert sorted(run.params["shift"] for run in runs) == [0.0, 1.0, 2.0]
    for run in runs:
        assert (run.experiment, run.tags["team"], run.models) == ("outside", "x", {})
    assert done.stderr.count(" → ") == 3
    assert "FITPRINT_" not in done.stderr


DISABLED = """
import threading
import joblib, fitprint, toylearn

start, call, fit = threading.Thread.start, joblib.Parallel.__call__, toylearn.Base.fit
fitprint.autolog(disable=False, disabled=False)
fitprint.toy.autolog(disabled=False)
assert threading.Thread.start is start, "nothing is patched"
assert joblib.Parallel.__call__ is call
assert toylearn.Base.fit is fit
toylearn.Mean().fit([1], [2])
assert {row.state for row in fitprint.status()} <= {"off", "no plugin"}
"""


def test_the_kill_switch_leaves_everything_as_it_was(toy, store, run_python):
    done = run_python(DISABLED, env={"FITPRINT_DISABLED": "1"})
    assert (done.stdout, done.stderr) == ("", "")
    assert not store.exists()


def test_the_kill_switch_ends_what_was_on(toy, store, monkeypatch):
    toylearn = toy.imported()
    fitprint.autolog("toy")
    fitprint.toy.autolog(experiment="own")
    monkeypatch.setenv("FITPRINT_DISABLED", "yes")
    fitprint.toy.autolog()
    toylearn.Mean().fit([1], [2])
    assert [*fitprint.runs()] == []
    monkeypatch.setenv("FITPRINT_DISABLED", "no")
    fitprint.toy.autolog()
    toylearn.Mean().fit([1], [2])
    assert len(fitprint.runs()) == 1


def test_what_is_asked_for_by_name_is_done_all_the_same(store, monkeypatch):
    monkeypatch.setenv("FITPRINT_DISABLED", "1")
    fitprint.autolog()
    with fitprint.start_run():
        fitprint.log_param("a", 1)
    assert fitprint.runs()[0].params == {"a": 1}
