"""Histories of metrics: what a million values cost, and how they are read without reading all of them."""

from __future__ import annotations

import json
import math
import random
import signal
import tracemalloc

import pytest

import fitprint
from fitprint._runs import series
from fitprint._runs.series import Line, Series, from_document, to_lines
from fitprint._runs.side_writer import side_writer


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("FITPRINT_STORE", str(tmp_path / "runs"))
    return tmp_path / "runs"


@pytest.fixture
def rarely_written(monkeypatch):
    monkeypatch.setattr("fitprint._runs.adder.FLUSH_INTERVAL", 1000.0)


def strict(text):
    def refuse(word):
        raise AssertionError(f"{word} is no JSON")

    return json.loads(text, parse_constant=refuse)


@pytest.mark.parametrize(
    "steps",
    [range(5), range(100, 0, -20), [7] * 5, [0, 1, 2, 4, 8], [3, 3, 3, 3, 4], [2**70 + step for step in range(5)], [9]],
)
@pytest.mark.parametrize("times", [[1.5] * 5, [1.0, 1.001, 1.5, 1.25, 9.0]])
def test_a_series_is_read_as_it_was_written(steps, times):
    values = [0.1, math.inf, -0.0, 1e-300, 1 / 3][: len(steps)]
    written = Series("loss", list(steps), values, times[: len(steps)])
    (line,) = to_lines(written)
    assert from_document(strict(line)) == written
    seen = Line(line.encode().removesuffix(b"\n"))
    assert (seen.name, len(seen)) == ("loss", len(steps))
    points = [seen.point(position) for position in range(len(steps))]
    assert points == list(zip(written.steps, values, strict=True))


def test_values_that_are_no_numbers_are_words():
    (line,) = to_lines(Series("loss", [0, 1], [math.nan, -math.inf], [0.0, 0.0]))
    assert strict(line)["values"] == ["NaN", "-Infinity"]
    assert math.isnan(Line(line.encode().strip()).point(0)[1])


@pytest.mark.parametrize("name", ["loss", 'a "b" \\ c', "é\n\u2028", '", "values": [', "\udcff"])
def test_a_name_of_any_letters_is_found(store, name):
    with fitprint.start_run() as run:
        run._writer.add_series(name, [1.0, 2.0], [0, 1], [1.0, 2.0])
        run._writer.add_series("other", [3.0, 4.0], [0, 1], [1.0, 2.0])
    found = fitprint.get_run(run.run_id)
    assert found.metric_history(name) == [(0, 1.0), (1, 2.0)]
    assert found.metric_history(name, max_points=1) == [(1, 2.0)]


@pytest.mark.parametrize(
    "line",
    [
        '{"name": "m", "step": 0, "stride": 1, "time": 1.0, "values": []}',
        '{"name": "m", "step": 0, "time": 1.0, "values": [1.0,2.0]}',
        '{"name": "m", "steps": [1], "time": 1.0, "values": [1.0,2.0]}',
        '{"name": "m", "step": 0, "stride": 1, "time": 1.0, "waits": [1,2], "values": [1.0,2.0]}',
        '{"name": "m", "step": 0, "stride": 1e400, "time": 1.0, "values": [1.0,2.0]}',
        '{"name": "m", "step": 0, "stride": 1, "time": 1.0, "values": [1.0,[2.0]]}',
        '{"name": "m", "step": 0, "stride": 1, "time": 1.0, "values": [1.0,nul',
    ],
)
def test_lines_that_cannot_be_read_are_left_out(store, line):
    with fitprint.start_run() as run:
        run.log_metric("m", 1.0)
    with open(run.path / "metrics.jsonl", "a") as file:
        file.write(line + "\n" + '{"name": "m", "step": 1, "value": 2.0, "time": 1.0}\n')
    found = fitprint.get_run(run.run_id)
    assert found.metric_history("m") == [(0, 1.0), (1, 2.0)]
    assert set(found.metric_history("m", max_points=100)) == {(0, 1.0), (1, 2.0)}


def test_a_value_of_a_long_history_costs_thirty_bytes(store, rarely_written):
    made, count = random.Random(0), 50_000
    values = [made.gauss(0, 1) for _ in range(count)]
    with fitprint.start_run() as run:
        for step, value in enumerate(values):
            run._writer.add_metric("loss", value, step, 1.8e9 + step * 0.1)
    assert (run.path / "metrics.jsonl").stat().st_size < 30 * count
    assert fitprint.get_run(run.run_id).metric_history("loss") == list(enumerate(values))


def test_what_waits_in_memory_is_bounded(store, rarely_written):
    with fitprint.start_run() as run:
        for step in range(25_000):
            run._writer.add_metric("loss", 0.5, step, 1.0)
        assert len((run.path / "metrics.jsonl").read_text().splitlines()) >= 20_000 / series.MOST_ON_A_LINE


def test_a_curve_has_evenly_spread_points_with_both_ends(store):
    with fitprint.start_run() as run:
        for name in ("loss", "other"):
            run._writer.add_series(name, [float(step) for step in range(10_000)], range(10_000), [0.0] * 10_000)
        run.log_metric("loss", 10_000.0, step=10_000)
    found = fitprint.get_run(run.run_id)
    assert found.metric_history("loss", max_points=5) == [(step, float(step)) for step in range(0, 10_001, 2500)]
    assert len(found.metric_history("loss", max_points=1000)) == 1000
    assert found.metric_history("loss", max_points=20_000) == found.metric_history("loss")
    assert found.metric_history("loss", max_points=0) == found.metric_history("none", max_points=9) == []


def test_a_curve_has_the_values_of_other_processes_too(store):
    with fitprint.start_run() as run:
        run._writer.add_series("loss", [0.0] * 100, range(100), [1.0] * 100)
    other = side_writer(str(store), run.run_id)
    other.add_series("loss", [1.0] * 101, range(100, 201), [2.0] * 101)
    other.write()
    (side,) = (run.path / "also").iterdir()
    assert sum('"metric"' in line for line in side.read_text().splitlines()) == 1, "all values on one line"
    found = fitprint.get_run(run.run_id)
    assert len(found.metric_history("loss")) == 201
    assert found.metric_history("loss", max_points=3) == [(0, 0.0), (100, 1.0), (200, 1.0)]
    assert found.metrics == {"loss": 1.0}


@pytest.mark.slow
def test_a_curve_takes_little_memory(store):
    with fitprint.start_run() as run:
        run._writer.add_series("loss", [1 / 3] * 500_000, range(500_000), [0.0] * 500_000)
    size = (run.path / "metrics.jsonl").stat().st_size
    found = fitprint.get_run(run.run_id)
    tracemalloc.start()
    try:
        assert len(found.metric_history("loss", max_points=1000)) == 1000
        assert tracemalloc.get_traced_memory()[1] < size / 10
    finally:
        tracemalloc.stop()


def test_a_killed_process_leaves_the_lines_that_it_had_written(store, run_python):
    code = """
    import os, signal, time
    import fitprint

    run = fitprint.start_run()
    for step in range(3000):
        run._writer.add_metric("loss", float(step), step, time.time())
    run._writer.flush_metrics()
    with open(run.path / "metrics.jsonl", "ab") as file:
        file.write(b'{"name": "loss", "step": 3000, "stride": 1, "time": 1.0, "values": [3000.0,30')
    print(run.run_id, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
    """
    ended = run_python(code, check=False)
    assert ended.returncode == -signal.SIGKILL
    found = fitprint.get_run(ended.stdout.split()[0])
    assert found.status == "KILLED"
    assert found.metric_history("loss") == [(step, float(step)) for step in range(3000)]


def test_a_time_that_is_no_number_is_refused(store):
    with fitprint.start_run() as run, pytest.raises(ValueError, match="a timestamp is a number"):
        run.log_metric("loss", 1.0, timestamp=math.nan)
