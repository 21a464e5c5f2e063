"""State of the process: what fitprint knows is forgotten between two tests, and where needed in a forked child."""

from __future__ import annotations

import logging
import os

import pytest

import fitprint
from fitprint._core import process_state
from fitprint._core.privacy import in_force, redactor_for
from fitprint.testing.reset import forget_everything


def test_what_was_registered_last_is_reset_first(monkeypatch):
    called = []
    monkeypatch.setattr(process_state, "_resets", [])

    @process_state.on_reset
    def below():
        called.append("below")

    @process_state.on_reset
    def above():
        called.append("above")

    process_state.reset_all()
    assert called == ["above", "below"]


@pytest.mark.process
def test_a_forked_child_resets_before_anything_else():
    called = []
    process_state.in_forked_child(lambda: called.append(os.getpid()))
    child = os.fork()
    if child == 0:
        os._exit(called != [os.getpid()])
    assert os.waitpid(child, 0)[1] == 0
    assert called == []


def test_what_a_test_did_is_forgotten(toy, store):
    fitprint.autolog(redact=("internal-[0-9]+",), store="elsewhere")
    toy.imported().Mean().fit([1], [2])
    assert fitprint.last_run() is not None
    left_open = fitprint.start_run()

    forget_everything()

    assert left_open.status == "KILLED"
    assert fitprint.active_run() is None
    assert fitprint.last_run() is None
    assert {(row.runs, row.state) for row in fitprint.status() if row.name == "toy"} == {(0, "off")}
    assert fitprint.get_tracking_uri() == str(store)
    assert in_force() is redactor_for((), ())
    logger = logging.getLogger("fitprint")
    assert (logger.handlers, logger.filters, logger.level) == ([], [], logging.NOTSET)
