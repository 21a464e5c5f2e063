"""`max_model_size` of a pickle: at most the limit on disk, no second copy in memory, and a run that says why."""

from __future__ import annotations

import json

import pytest

import fitprint

LARGE = """
import json, resource, sys
import numpy, toylearn, fitprint

MB, kind = 1_000_000, sys.argv[1]
fitprint.autolog("toy", quiet=True, max_model_size="10MB")
toylearn.Mean().fit([1], [2])  # imports and warms up what recording needs
model = toylearn.Mean(2.0)
if kind == "one large array":
    model.large = numpy.ones(200 * MB, numpy.uint8)
elif kind == "many small ones":
    model.large = [numpy.ones(MB, numpy.uint8) for _ in range(200)]
else:
    model.large = bytearray(200 * MB)
model.code = (lambda: None) if kind == "by value" else None
resource.setrlimit(resource.RLIMIT_FSIZE, (10 * MB, 10 * MB))  # no file may be larger: it would fail in another way
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
model.fit([1], [2])
print(json.dumps((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 / (200 * MB)))
"""


@pytest.mark.parametrize("kind", ["one large array", "many small ones", "bytes", "by value"])
def test_a_pickle_stops_at_the_limit_and_takes_no_memory(toy, store, run_python, kind):
    done = run_python(LARGE, kind)
    assert done.stderr == ""
    assert json.loads(done.stdout) < 0.2, "of the model's size, over what the process had before"
    run = fitprint.runs()[0]
    assert (run.status, run.params, run.metrics) == ("FINISHED", {"shift": 2.0}, {"mean": 4.0})
    assert [tuple(skip) for skip in run.skipped] == [
        ("model", "max_model_size", "larger than max_model_size (10,000,000 bytes)")
    ]
    assert (run.models, run.model_path) == ({}, None)
    assert sorted(path.name for path in run.path.iterdir()) == ["artifacts", "metrics.jsonl", "run.json"]
    assert not list(store.glob(".open/*"))


WHOLE = """
import json, resource, sys
import numpy, toylearn, fitprint

MB, size = 1_000_000, int(sys.argv[1])
fitprint.autolog("toy", quiet=True, save_in_background=sys.argv[2] == "background")
toylearn.Mean().fit([1], [2])  # imports and warms up what recording needs
model = toylearn.Mean(2.0)
model.weights = [numpy.full(size * MB // 10, at, numpy.uint8) for at in range(10)]
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
model.fit([1], [2])
more = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
package = fitprint.last_run().model_path
assert package.joinpath("model.pkl").stat().st_size > size * MB
assert fitprint.load_model(package).unwrap().weights[7][-1] == 7
print(json.dumps(more * 1024 / (size * MB)))
"""


@pytest.mark.parametrize("size", [100, pytest.param(800, marks=pytest.mark.slow)])
def test_a_large_model_streams_into_its_package_without_a_second_copy(toy, store, run_python, size):
    done = run_python(WHOLE, size, "foreground")
    assert done.stderr == ""
    assert json.loads(done.stdout) < 0.2, "of the model's size, over what the process had before"


def test_in_the_background_it_takes_no_more_than_a_copy(toy, store, run_python):
    done = run_python(WHOLE, 100, "background")
    assert done.stderr == ""
    assert json.loads(done.stdout) < 1.3, "of the model's size, over what the process had before"
