"""The line per run: what it says, how many there are, and how it gets along with terminals and progress bars."""

from __future__ import annotations

import fcntl
import importlib
import logging
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

import numpy
import pytest

import fitprint
from fitprint._console.logger import RateLimiter
from fitprint._runs import summary_line

TRAIN = """
import sys, toylearn, fitprint
fitprint.autolog()
def train(count=1):
    for _ in range(count):
        toylearn.Mean().fit([[1.0], [2.0]], [1.0, 2.0])
"""
LINE = re.compile(r"fitprint: Mean → store/[0-9a-f]{32}  \S.*in \d+ ms.*")
CODES = re.compile(r"\x1b\[[0-9;]*m")


def lines(stderr: str) -> list[str]:
    return [line for line in stderr.splitlines() if "fitprint: " in line]


def test_the_line_says_what_was_recorded_where_and_how_long_it_took(run_python, toy, store):
    done = run_python(TRAIN + "train()")
    (line,) = lines(done.stderr)
    assert LINE.fullmatch(line)
    assert re.search(r"  \d+(\.\d)? k?B  in \d+ ms", line)
    assert done.stdout == ""


def test_quiet_turns_it_off(run_python, toy, store):
    assert run_python(TRAIN.replace("autolog()", "autolog(quiet=True)") + "train()").stderr == ""
    assert run_python(TRAIN + "train()", env={"FITPRINT_QUIET": "1"}).stderr == ""


def test_what_was_left_out_is_named(toy, store, caplog):
    fitprint.autolog(max_model_size=10)
    with caplog.at_level(logging.INFO):
        toy.imported().Mean().fit([[1.0]], [1.0])
    assert caplog.messages[-1].endswith("  not recorded: model")


def test_a_failed_training_is_told_by_its_error(toy, store, caplog):
    fitprint.autolog()
    with caplog.at_level(logging.INFO), pytest.raises(ValueError, match="no rows"):
        toy.imported().Mean().fit([], [])
    assert "FAILED (ValueError)" in caplog.messages[-1]


def test_the_first_metric_of_held_out_data_has_a_line_of_its_own(toy, store, caplog):
    toy.imported()
    scoring = importlib.import_module("toylearn.scoring")
    fitprint.autolog()
    TEST, target = numpy.array([1.0, 2.0, 4.0]), [1.0, 1.0, 1.0]
    with caplog.at_level(logging.INFO):
        model = scoring.Line().fit([1, 2], [0.5, 0.5])
        scoring.error(target, model.predict(TEST))
        scoring.average(target=target, predictions=model.predict(TEST))
    run = fitprint.run_of(model)
    assert [message.startswith("Line → ") for message in caplog.messages] == [True, True]
    where = f"Line → store/{run.run_id}  error 1 on "
    assert caplog.messages[1].startswith(where), caplog.messages
    assert caplog.messages[1].removeprefix(where) in ("TEST", "held-out data", "unknown data")


def test_quiet_and_the_pace_hold_for_the_line_of_held_out_data_too(toy, store, caplog):
    toy.imported()
    scoring = importlib.import_module("toylearn.scoring")
    rows, target = numpy.array([1.0, 2.0]), [1.0, 1.0]
    fitprint.autolog(quiet=True)
    with caplog.at_level(logging.INFO):
        scoring.error(target, scoring.Line().fit([1, 2], [0.5, 0.5]).predict(rows))
        assert caplog.messages == []
        fitprint.autolog(quiet=False)
        for _ in range(9):
            model = scoring.Line().fit([1, 2], [0.5, 0.5])
            scoring.error(target, model.predict(rows))
    assert len(caplog.messages) == 10
    summary_line.pace.reset()


# ---- how many


def test_a_run_whose_line_of_held_out_data_is_held_back_too_counts_once(toy, store, caplog):
    toy.imported()
    scoring = importlib.import_module("toylearn.scoring")
    fitprint.autolog()
    with caplog.at_level(logging.INFO):
        for _ in range(7):  # two lines each
            model = scoring.Line().fit([1, 2], [0.5, 0.5])
            scoring.error([1.0, 1.0], model.predict(numpy.array([1.0, 2.0])))
    assert len(caplog.messages) == 10
    assert summary_line.pace.take_held_back() == 2
    summary_line.pace.reset()


def test_ten_are_told_and_the_rest_is_counted_at_the_end(run_python, toy, store):
    told = lines(run_python(TRAIN + "train(25)").stderr)
    assert len(told) == 11
    assert all(LINE.fullmatch(line) for line in told[:10])
    assert told[10] == "fitprint: 15 more runs → store"


def test_the_next_line_says_how_many_had_none(toy, store, caplog):
    fitprint.autolog()
    with caplog.at_level(logging.INFO):
        for _ in range(13):
            toy.imported().Mean().fit([[1.0]], [1.0])
        assert len(caplog.messages) == 10
        summary_line.pace._times.extend([float("-inf")] * 10)  # a minute later
        toy.imported().Mean().fit([[1.0]], [1.0])
    assert caplog.messages[-1].endswith("  and 3 runs before it")
    summary_line.pace.reset()


def test_after_a_minute_there_are_ten_more():
    pace = RateLimiter(most=2, seconds=0.0)
    assert [pace.admit() for _ in range(5)] == [0] * 5
    pace = RateLimiter(most=2, seconds=1e9)
    assert [pace.admit() for _ in range(5)] == [0, 0, None, None, None]
    assert (pace.take_held_back(), pace.take_held_back()) == (3, 0)


def test_a_forked_child_does_not_tell_of_its_parent_s_runs(run_python, toy, store):
    fork = """
train(12)
if not os.fork():
    sys.exit()
os.wait()
"""
    told = lines(run_python(TRAIN + "import os" + fork).stderr)
    assert told[10:] == ["fitprint: 2 more runs → store"]


def test_other_lines_are_not_counted_and_not_held_back(run_python, toy, store):
    script = TRAIN + "from fitprint._core.guard import warn_user\nfor i in range(20): warn_user(f'line {i}')\ntrain(3)"
    assert len(lines(run_python(script).stderr)) == 23


def test_the_limit_starts_no_thread(run_python, toy, store):
    run_python(TRAIN + "train(15)\nimport threading; assert threading.active_count() == 1")


# ---- where


def at_a_terminal(script: str, folder: Path, **variables: str) -> str:
    """What a script writes to standard error, that being a terminal."""
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 200, 0, 0))
    environment = {**os.environ, "TERM": "xterm-256color", **variables}
    for name in {"NO_COLOR", "FORCE_COLOR"} - {*variables}:
        environment.pop(name, None)
    done = subprocess.Popen([sys.executable, "-c", script], cwd=folder, env=environment, stderr=its)
    os.close(its)
    shown = b""
    while True:
        try:
            block = os.read(ours, 65536)
        except OSError:  # its other side is closed
            break
        if not block:
            break
        shown += block
    os.close(ours)
    assert done.wait(120) == 0, shown
    return shown.decode("utf-8").replace("\r\n", "\n")


@pytest.mark.process
def test_it_is_coloured_on_a_terminal_and_says_the_same(toy, store, tmp_path):
    shown = at_a_terminal(TRAIN + "train()", tmp_path)
    assert "\x1b[1mMean\x1b[0m" in shown
    assert LINE.fullmatch(CODES.sub("", shown).strip())


@pytest.mark.process
@pytest.mark.parametrize("variables", [{"NO_COLOR": "1"}, {"TERM": "dumb"}, {"NO_COLOR": "1", "FORCE_COLOR": "1"}])
def test_colours_are_turned_off_by_the_variables_for_that(toy, store, tmp_path, variables):
    assert not CODES.search(at_a_terminal(TRAIN + "train()", tmp_path, **variables))


def test_colours_are_forced_where_there_is_no_terminal(run_python, toy, store):
    assert CODES.search(run_python(TRAIN + "train()", env={"FORCE_COLOR": "1"}).stderr)
    assert not CODES.search(run_python(TRAIN + "train()", env={"FORCE_COLOR": None}).stderr)


def test_a_program_s_own_logging_gets_plain_text(run_python, toy, store):
    script = "import logging; logging.basicConfig(level='INFO', format='%(name)s|%(message)s')" + TRAIN + "train()"
    told = run_python(script, env={"FORCE_COLOR": "1"}).stderr
    assert re.fullmatch(r"fitprint\|Mean → store/\S+  .*\n", told)


def test_a_program_s_records_are_plain_after_a_queue_or_a_pickle(toy, store):
    import pickle

    kept = []

    class Keeps(logging.Handler):
        def emit(self, record):
            kept.append(pickle.loads(pickle.dumps(record)))

    handler = Keeps()
    logging.getLogger().addHandler(handler)
    try:
        logging.getLogger().setLevel("INFO")
        fitprint.autolog()
        toy.imported().Mean().fit([[1.0]], [1.0])
    finally:
        logging.getLogger().setLevel("WARNING")
        logging.getLogger().removeHandler(handler)
    assert kept[0].getMessage().startswith("Mean → ")


BAR = """
from tqdm import tqdm
bar = tqdm(total=3, ncols=60, mininterval=0, desc="mine", file={stream})
bar.update()
train()
bar.update()
bar.close()
"""


def shown_at_last(written: str) -> list[str]:
    """The lines of a terminal after all that was written: a carriage return goes back to the start of the line."""
    found = []
    for line in CODES.sub("", written).split("\n"):
        cells = ""
        for part in line.split("\r"):
            cells = part + cells[len(part) :]
        found.append(cells.rstrip())
    return found


@pytest.mark.process
@pytest.mark.parametrize("stream", ["sys.stderr", "sys.stdout"])
def test_a_line_goes_through_a_live_bar_and_not_over_it(toy, store, tmp_path, stream):
    pytest.importorskip("tqdm")
    written = at_a_terminal(TRAIN + BAR.format(stream=stream), tmp_path)
    found = [line for line in shown_at_last(written) if line]
    assert LINE.fullmatch(found[0]), found
    if stream == "sys.stderr":
        assert len(found) == 2
        assert found[1].startswith("mine:  67%")


@pytest.mark.process
def test_the_line_of_a_long_training_leaves_a_bar_of_the_program_s_own_alone(toy, store, tmp_path):
    """Keras draws such a bar: it has no end of line until the epoch ends, and nobody can ask it for room."""
    script = (
        TRAIN
        + """
from fitprint._runs import adder
adder.LONG = 0.0
class Slow(toylearn.Mean):
    def fit(self, X, y):
        for step in range(3):
            sys.stderr.write(f"\\r{step + 1}/3 {'=' * 10 * (step + 1)}")
            fitprint.log_metric("loss", 0.5, step=step)
        sys.stderr.write("\\n")
        return super().fit(X, y)
Slow().fit([[1.0]], [1.0])
"""
    )
    first, told, redrawn, end = [line for line in shown_at_last(at_a_terminal(script, tmp_path)) if line]
    assert first == "1/3 " + "=" * 10
    assert re.fullmatch(r"fitprint: Slow is training → fitprint show [0-9a-f]{12} --follow --store store", told)
    assert redrawn == "3/3 " + "=" * 30
    assert end.startswith("fitprint: Slow → ")


def test_a_bar_that_is_closed_is_let_alone_and_tqdm_is_never_imported(run_python, toy, store):
    pytest.importorskip("tqdm")
    closed = run_python(TRAIN + BAR.format(stream="sys.stdout") + "train()")
    assert len(lines(closed.stderr)) == 2
    run_python(TRAIN + "train(); assert not {'tqdm', 'IPython'} & {*sys.modules}")


def test_a_forked_child_waits_for_no_lock_of_a_bar(run_python, toy, store):
    pytest.importorskip("tqdm")
    script = """
import os, threading
from tqdm import tqdm
bar, held, done = tqdm(total=3), threading.Event(), threading.Event()
def hold():
    with tqdm.get_lock():
        held.set()
        done.wait()
threading.Thread(target=hold).start()
held.wait()
child = os.fork()
if not child:
    train()
    os._exit(0)
status = os.waitpid(child, 0)[1]
done.set()
assert status == 0
"""
    assert len(lines(run_python(TRAIN + script).stderr)) == 1
