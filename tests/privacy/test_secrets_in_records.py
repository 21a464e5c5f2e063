"""Every text of a record is redacted, and the secrets of a run are forgotten when it ends."""

from __future__ import annotations

import fitprint
from fitprint._runs.record import Record, Skip


def test_every_text_of_a_record_is_redacted_and_known_ones_are_not_searched_again():
    asked = []

    def hide(text):
        asked.append(text)
        return text.replace("hunter2", "***")

    record = Record(
        run_id="0" * 32,
        name="run hunter2",
        experiment="hunter2 again",
        tags={"hunter2": "is hunter2", "plain": "plain", "count": 3},
        tag_times={"hunter2": 1.0, "plain": 2.0},
        skipped=[Skip("param hunter2", "error", "hunter2 is wrong")],
        error={"type": "ValueError", "message": "not hunter2"},
    )
    record.redact(hide, {"plain"})
    assert (record.name, record.experiment) == ("run ***", "*** again")
    assert record.tags == {"***": "is ***", "plain": "plain", "count": 3}
    assert record.tag_times == {"***": 1.0, "plain": 2.0}
    assert record.skipped == [Skip("param ***", "error", "*** is wrong")]
    assert record.error == {"type": "ValueError", "message": "not ***"}
    assert "plain" not in asked
    assert all(isinstance(text, str) for text in asked)


def test_a_run_forgets_its_secrets_when_it_ends(store):
    with fitprint.start_run() as run:
        run.log_param("password", "hunter2")
        assert run._writer.secrets.hidden == {"password": ["hunter2"]}
    assert run._writer.secrets.hidden == {}


def test_short_secrets_are_not_searched_in_texts(store):
    with fitprint.start_run() as run:
        run.log_params({"password": "abcd", "token": "xyz"})
        assert run._writer.hide("abcd is not xyz") == "*** is not xyz"
