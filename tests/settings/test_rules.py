"""Rules: built-in, the flavor's, installed and the caller's: what they are given and when, and what is counted."""

from __future__ import annotations

import pytest

import fitprint
from fitprint._core import guard as _guard
from fitprint._recorder.rules import BUILT_IN, rule_name


@pytest.fixture
def lines(caplog):
    _guard.reset_warned()
    return lambda: [message for message in caplog.messages if "→" not in message]


@pytest.fixture
def trained(toy, store):
    """Trains with some rules in force: the runs it left, newest first, and what was counted."""

    def train(*rules, rows=(1, 2, 3), **settings):
        toylearn = toy.imported()
        fitprint.autolog("toy", rules=rules, **settings)
        toylearn.Mean(0.5).fit(list(rows), list(rows))
        return fitprint.runs(), skips()

    return train


def skips():
    return next(row.skips for row in fitprint.status() if row.name == "toy")


class TooFewRows:
    """A rule as others write it: an object with a name."""

    name = "too_few_rows"

    def __init__(self, fewest):
        self.fewest = fewest

    def __call__(self, call):
        rows = call.argument("rows")
        return f"{len(rows)} rows, under {self.fewest}" if len(rows) < self.fewest else None


def test_a_rule_s_reason_leaves_no_run_and_is_counted_by_its_name(trained):
    assert trained(TooFewRows(4)) == ([], {"too_few_rows": 1})
    runs, counted = trained(TooFewRows(3))
    assert (len(runs), counted) == (1, {"too_few_rows": 1})


def test_a_function_is_a_rule_under_its_own_name(trained):
    def no_means(call):
        return "no means" if call.class_name == "toylearn.base.Mean" else None

    assert trained(no_means) == ([], {"no_means": 1})


def test_what_a_rule_is_given(trained):
    seen = []

    def look(call):
        seen.append((call.flavor.name, call.class_name, call.name, dict(call.params), dict(call.data_shapes)))

    trained(look)
    assert seen == [("toy", "toylearn.base.Mean", "fit", {"shift": 0.5}, {})]


def test_a_rule_that_reads_the_seconds_is_asked_when_the_call_has_returned(trained):
    asked = []

    def short(call):
        asked.append("asked")
        return "too short" if call.seconds < 1000 else None

    assert trained(short) == ([], {"short": 1})
    assert asked == ["asked", "asked"]
    assert [*fitprint.runs()] == []


def test_a_rule_that_needs_no_seconds_is_asked_once(trained):
    asked = []
    trained(lambda call: asked.append(call.class_name))
    assert asked == ["toylearn.base.Mean"]


def test_min_fit_seconds_is_a_rule_like_any_other(trained):
    assert [rule_name(rule) for rule in BUILT_IN] == ["exclude_estimators", "min_fit_seconds", "rank_zero_only"]
    assert trained(min_fit_seconds=1000) == ([], {"min_fit_seconds": 1})


def test_a_rule_that_raises_is_told_once_and_ignored(trained, lines):
    def broken(call):
        raise ValueError("of its own")

    for _ in range(2):
        runs, _ = trained(broken)
    assert len(runs) == 2
    assert lines() == ["toy: rule broken raised, and is ignored: ValueError: of its own"]


@pytest.mark.parametrize("answer", [None, False, "", 0])
def test_an_answer_that_is_no_reason_records(trained, answer):
    runs, counted = trained(lambda call: answer)
    assert (len(runs), counted) == (1, {})


def test_true_is_a_refusal_without_a_reason(trained):
    assert trained(lambda call: True) == ([], {"<lambda>": 1})


def test_what_a_refused_call_trains_in_turn_leaves_no_run_either(toy, store):
    toylearn = toy.imported()

    class Meta(toylearn.Base):
        def fit(self, rows, labels=None):
            toylearn.Mean().fit(rows, labels)
            self.mean_ = 0.0
            return self

    def no_meta(call):
        return "none of these" if call.class_name.endswith("Meta") else None

    fitprint.autolog("toy", rules=[no_meta])
    Meta().fit([1], [2])
    assert ([*fitprint.runs()], skips()) == ([], {"no_meta": 1})


def test_a_refused_call_does_not_take_the_run_of_the_user(toy, store):
    toylearn = toy.imported()
    fitprint.autolog("toy", rules=TooFewRows(2))
    with fitprint.start_run() as run:
        toylearn.Mean(1.0).fit([1], [2])
        toylearn.Mean(2.0).fit([1, 2], [2, 2])
    assert [run.params for run in fitprint.runs()] == [{"shift": 2.0}]
    assert run.skipped == []


def test_a_call_refused_afterwards_leaves_its_reason_in_the_user_s_run(toy, store):
    toylearn = toy.imported()
    fitprint.autolog("toy", min_fit_seconds=1000)
    with fitprint.start_run():
        toylearn.Mean(1.0).fit([1], [2])
    (run,) = fitprint.runs()
    assert [skip[:2] for skip in run.skipped] == [("the training by fit", "min_fit_seconds")]
    assert (run.metrics, run.models, skips()) == ({}, {}, {"min_fit_seconds": 1})


RULES = """
class Never:
    name = "never"

    def __call__(self, call):
        return "never" if call.params["shift"] == 13 else None


def unlucky(call):
    return "unlucky" if call.params["shift"] == 7 else None
"""


@pytest.fixture
def installed(toy):
    """A distribution that brings rules: a class, a function, one that cannot be imported and one that is none."""
    (toy.site / "house_rules.py").write_text(RULES)
    points = "never = house_rules:Never\nunlucky = house_rules:unlucky\ngone = house_rules:Gone\nnone = sys:path"
    toy.distribution("house-rules", "1", f"[fitprint.rules]\n{points}\n", modules=("house_rules",))
    return toy


def test_installed_rules_hold_without_a_word_in_the_script(installed, store, lines):
    toylearn = installed.imported()
    fitprint.autolog("toy")
    for shift in (1, 7, 13):
        toylearn.Mean(shift).fit([1], [2])
    assert [run.params["shift"] for run in fitprint.runs()] == [1]
    assert skips() == {"never": 1, "unlucky": 1}
    assert sorted(lines()) == [
        "rule gone cannot be loaded and is not asked: AttributeError: module 'house_rules' has no attribute 'Gone'",
        "rule none cannot be loaded and is not asked: TypeError: sys:path cannot be called",
    ]


def test_a_flavor_s_own_rules(toy, store):
    file = toy.site / "fitprint_toy.py"
    file.write_text(file.read_text() + "\n\nToyFlavor.rules = (lambda call: 'none of these',)\n")
    toy.imported()
    fitprint.autolog("toy")
    toy.imported().Mean().fit([1], [2])
    assert ([*fitprint.runs()], skips()) == ([], {"<lambda>": 1})


def test_what_is_left_out_of_a_run_is_counted_too(trained):
    runs, counted = trained(log_models=False, exclude_params="sh*")
    assert [skip[:2] for skip in runs[0].skipped] == [("param shift", "exclude_params"), ("model", "log_models")]
    assert counted == {"exclude_params": 1, "log_models": 1}
    trained(log_models=False)
    assert skips() == {"exclude_params": 1, "log_models": 2}
    assert next(row.runs for row in fitprint.status() if row.name == "toy") == 2


def test_status_says_it_in_its_table(trained):
    trained(TooFewRows(4))
    assert "too_few_rows 1" in fitprint.status()._repr_html_()


# ---- rules and workers

SPREAD = """
import sys, threading
import joblib, fitprint, toylearn
from concurrent.futures import ProcessPoolExecutor
import multiprocessing

def fit(number):
    toylearn.Mean(float(number)).fit([1], [2])
    return next(row.skips for row in fitprint.status() if row.name == "toy")

def odd(call):
    return "odd" if call.params["shift"] % 2 else None

if __name__ == "__main__":
    lock = threading.Lock()
    def unpicklable(call):
        return lock and None
    def large(call, data=bytes(5_000_000)):
        return None
    def of_main(call):
        return "large" if call.params["shift"] > 4 else None
    fitprint.autolog("toy", rules=[odd, unpicklable, large, of_main, lambda call: None], quiet=True)
    how = sys.argv[1]
    if how == "loky":
        joblib.Parallel(n_jobs=2)(joblib.delayed(fit)(number) for number in range(7))
    else:
        with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context(how)) as pool:
            list(pool.map(fit, range(7)))
"""


@pytest.mark.parametrize("how", ["loky", "spawn", "fork"])
def test_rules_hold_in_workers_and_one_that_cannot_be_pickled_breaks_nothing(toy, store, run_python, how):
    done = run_python(SPREAD, how)
    assert sorted(run.params["shift"] for run in fitprint.runs()) == [0.0, 2.0, 4.0]
    told = [line for line in done.stderr.splitlines() if "rule" in line]
    assert len(told) == 2, done.stderr
    assert told[0].startswith("fitprint: rule unpicklable cannot be handed to workers and has no effect there: ")
    assert told[1].endswith(
        "rule large cannot be handed to workers and has no effect there: "
        "ValueError: its pickle is larger than 1,000,000 bytes"
    )
