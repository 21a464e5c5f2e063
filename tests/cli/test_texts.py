"""Values as text: cleaned, shortened, measured."""

from __future__ import annotations

import json

import pytest

from fitprint.cli import texts
from fitprint.cli.runs_table import _wrapped, id_digits


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0 ms"), (0.0124, "12 ms"), (0.9994, "999 ms"), (0.9996, "1.0 s"), (59.94, "59.9 s"), (59.96, "1m 00s"),
        (125.4, "2m 05s"), (3599.6, "1h 00m"), (11520, "3h 12m"), (86399, "23h 59m"), (183_600, "2d 3h"),
        (None, ""), ("x", ""), (float("nan"), ""), (float("inf"), ""), (-1, ""),
    ],
)  # fmt: skip
def test_durations(seconds, shown):
    assert texts.duration(seconds) == shown


def test_control_characters_are_spelled_out():
    assert texts.clean("a\tb\x1b[0m\x85\u200f\ud800ü漢") == "a\\tb\\x1b[0m\\x85\\u200f\\ud800ü漢"


@pytest.mark.parametrize(
    ("text", "length", "shown"), [("abc", 3, "abc"), ("abcd", 3, "ab…"), ("", 0, ""), ("abc", 1, "…")]
)
def test_shortening(text, length, shown):
    assert texts.shortened(text, length) == shown


def test_json_is_ascii_and_strict():
    value = {"a": float("nan"), "b": "ü漢😀\ud800\x7f\x1b", "c": [float("inf")]}
    text = texts.as_json(value)
    assert text.isascii()
    assert text.isprintable() or text.replace("\n", "").isprintable()
    assert json.loads(text) == {"a": "NaN", "b": "ü漢😀\ud800\x7f\x1b", "c": ["Infinity"]}


def test_heads_are_broken_at_their_underscores():
    assert _wrapped("training_accuracy_score").split("\n") == ["training_", "accuracy_", "score"]
    assert _wrapped("val_f1_score").split("\n") == ["val_f1_", "score"]
    assert _wrapped("loss").split("\n") == ["loss"]
    assert _wrapped("averyverylongname").split("\n") == ["averyverylo…"]
    assert _wrapped("").split("\n") == [""]


def test_ids_have_twelve_digits_at_least():
    near, far = "01" + "0" * 29 + "1", "02" + "0" * 30
    nearer = near[:20] + "f" * 12
    assert id_digits([far], [far, near]) == 12
    assert id_digits([near], [far, nearer, near]) == 21
    assert id_digits([far], [far, nearer, near]) == 12
    assert id_digits([near], [near]) == 12
