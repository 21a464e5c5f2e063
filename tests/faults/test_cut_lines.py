"""Lines of metrics.jsonl that could be written only in part are taken back, and written whole later."""

from __future__ import annotations

import contextlib
import json
import resource
import signal

import pytest

from fitprint.stores import StoreError
from fitprint.stores.atomic_write import LineFile, read_record, write_file


@contextlib.contextmanager
def files_of_at_most(size):
    """Let every write beyond this size fail with OSError, in this process."""
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)


def test_a_file_that_cannot_be_written_whole_is_removed(tmp_path):
    place = tmp_path / "artifact"
    with pytest.raises(OSError, match="File too large"), files_of_at_most(10):
        write_file(str(place), b"x" * 100)
    assert not place.exists()


@pytest.mark.parametrize("left", ["", "second\nthi"])
def test_lines_are_appended_together_or_not_at_all(tmp_path, left):
    place, file = tmp_path / "metrics.jsonl", LineFile()
    file.append(str(place), "first\n")
    with pytest.raises(OSError, match="File too large"), files_of_at_most(10):
        file.append(str(place), "second\nthird\n")
    assert place.read_text() == "first\n"
    with open(place, "a") as broken:
        broken.write(left)  # as if it could not be taken back
    file.append(str(place), "fourth\n")
    file.append(str(place), "fifth\n")
    assert place.read_text() == "first\nfourth\nfifth\n"


def test_half_a_record_is_no_record(tmp_path):
    (tmp_path / "run.json.partial").write_text('{"format": 2, "na')
    with pytest.raises(FileNotFoundError):
        read_record(str(tmp_path / "run.json"))


def test_a_record_of_a_format_of_the_future_is_said_to_be_one(tmp_path):
    (tmp_path / "run.json").write_text('{"format": 4}')
    with pytest.raises(StoreError, match=r"does not read \(it reads formats 1, 2 and 3\)"):
        read_record(str(tmp_path / "run.json"))


TORN = """
import json, resource, signal
from faulty_files import *

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
run = fitprint.start_run()
run.log_metric("first", 1.0)
run._writer.write()
length = (run.path / "metrics.jsonl").stat().st_size
resource.setrlimit(resource.RLIMIT_FSIZE, (length + 30, resource.RLIM_INFINITY))  # half of the next line fits
run.log_metric("second", 2.0)
try:
    run.metric_history("second")
except OSError as error:
    refused = type(error).__name__
between = (run.path / "metrics.jsonl").stat().st_size - length
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
a_minute_later()
run.log_metric("third", 3.0)
fitprint.end_run()
found = [json.loads(line)["name"] for line in (run.path / "metrics.jsonl").read_text().splitlines()]
print(json.dumps([refused, between, found]))
"""


def test_half_a_line_is_taken_back_and_written_whole_later(run_faulty):
    refused, between, found = json.loads(run_faulty(TORN).stdout)
    assert (refused, between) == ("StoreUnavailable", 0), "the first attempt was that of log_metric itself"
    assert found == ["first", "second", "third"]


NOT_TAKEN_BACK = """
import json
from fitprint.stores.atomic_write import LineFile
from faulty_files import *

STORE.mkdir()
place, lines_ = str(STORE / "metrics.jsonl"), LineFile()
lines_.append(place, "first\\n")
try:
    with fault(4, 28, FROM_THEN_ON) as found:  # open, fstat, write: closing it says that nothing was stored
        lines_.append(place, "second\\n")
except OSError:
    pass
lines_.append(place, "third\\n")
print(json.dumps([found[1], open(place).read()]))
"""


def test_lines_that_could_not_be_taken_back_are_so_before_the_next(run_faulty):
    assert json.loads(run_faulty(NOT_TAKEN_BACK).stdout) == ["close", "first\nthird\n"]
