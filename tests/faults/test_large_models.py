"""Models that are too much: a Ctrl-C while one is written, and memory that runs out while one is pickled."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from typing import ClassVar

import pytest

import fitprint

LARGE = """
import sys
import numpy, toylearn, fitprint

fitprint.autolog("toy", quiet=True)
model = toylearn.Mean(1.0)
model.large = numpy.zeros(400_000_000, numpy.uint8)
model.fit([1], [2])
print("recorded")
"""


def written(store):
    """The bytes of the model's file, as long as it is being written."""
    return sum(path.stat().st_size for path in store.glob(".open/*/.package-*/model.pkl"))


@pytest.mark.process
@pytest.mark.slow
def test_ctrl_c_while_a_large_model_is_written(toy, store, tmp_path):
    script = tmp_path / "large.py"
    script.write_text(LARGE)
    running = subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while running.poll() is None and written(store) < 20_000_000:
        time.sleep(0.002)
    running.send_signal(signal.SIGINT)
    told, error = running.communicate(timeout=300)
    assert (told, running.returncode) == ("", -signal.SIGINT), error
    assert error.strip().endswith("KeyboardInterrupt")
    (run,) = fitprint.runs()
    assert (run.status, run.params, run.metrics) == ("FINISHED", {"shift": 1.0}, {"mean": 3.0})
    assert [skip.rule for skip in run.skipped][-1] == "interrupted"
    assert (run.models, sorted(path.name for path in run.path.iterdir())) == (
        {},
        ["artifacts", "metrics.jsonl", "run.json"],
    )


def test_a_large_buffer_is_written_in_blocks(tmp_path):
    from fitprint.models.package import Package

    class Noting:
        sizes: ClassVar[list[int]] = []

        def write(self, block):
            self.sizes.append(len(block))

    package = Package(tmp_path / "package")
    file = package.open("model.pkl")
    file._file.close()
    file._file = Noting()
    assert file.write(bytes(50 << 20)) == 50 << 20
    assert Noting.sizes == [16 << 20, 16 << 20, 16 << 20, 2 << 20]


NO_MEMORY = """
import json, resource
import numpy, toylearn, fitprint

fitprint.autolog("toy", quiet=True)


class Doubles(toylearn.Mean):
    def __getstate__(self):
        return {**self.__dict__, "copy": numpy.ones(4_000_000_000, numpy.uint8)}


toylearn.Mean().fit([1], [2])
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 300_000_000, resource.RLIM_INFINITY))
model = Doubles(1.0).fit([1], [2])
toylearn.Mean().fit([1], [2])
after, run, _ = fitprint.runs()
print(json.dumps([model.mean_, run.status, run.params, run.metrics, run.skipped, run.model_path, bool(after.models)]))
print(json.dumps([path.name for path in run.path.iterdir() if path.name.startswith(".")]))
"""


def test_memory_that_runs_out_while_pickling_costs_the_package_alone(run_python, toy, store):
    done = run_python(NO_MEMORY)
    first, left = [json.loads(line) for line in done.stdout.splitlines()]
    mean, status, params, metrics, skipped, package, next_has_model = first
    assert (mean, status, params, metrics) == (3.0, "FINISHED", {"shift": 1.0}, {"mean": 3.0})
    assert [skip[:2] for skip in skipped] == [["model", "error"]]
    assert "MemoryError" in skipped[0][2]
    assert (package, left, next_has_model) == (None, [], True)
    (line,) = done.stderr.splitlines()
    assert "toy: model not recorded in run" in line


def test_a_memory_error_of_the_model_itself_is_a_failed_step(toy, store):
    toylearn = toy.imported()
    fitprint.autolog("toy", quiet=True)

    class Full(toylearn.Mean):
        def __reduce_ex__(self, protocol):
            raise MemoryError

    assert Full().fit([1], [2]).mean_ == 2.0
    run = fitprint.last_run()
    assert [skip[:2] for skip in run.skipped] == [("model", "error")]
    assert run.metrics == {"mean": 2.0}
    assert run.model_path is None
