"""Every text of a record is redacted, and the secrets of a run are forgotten when it ends."""

from __future__ import annotations

import pytest

import fitprint
from fitprint._runs.record import Record, Skip
from fitprint._runs.side_writer import SideWriter
from fitprint.models import requirement_lines


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


def test_tags_are_hidden_by_their_names_and_by_their_contents(store):
    fitprint.autolog(quiet=True, tags={"team_password": "hunter2hunter2", "team": "blue"})
    with fitprint.start_run("n", tags={"dbpwd": "hunter3"}) as run:
        run.set_tag("api_key", "hunter4hunter4")
        run.set_tags({"data": "https://h/c?sig=a%2Fb", "note": "it is hunter4hunter4"})
    expected = {"team_password": "***", "team": "blue", "dbpwd": "***", "api_key": "***", "data": "https://h/c?sig=***"}
    assert expected.items() <= run.tags.items()
    assert "hunter" not in (run.path / "run.json").read_text()
    assert run.tags["note"] == "it is ***"


def test_tags_of_another_process_are_hidden_too(store):
    with fitprint.start_run() as run:
        pass
    joined = SideWriter(str(store), run.run_id)
    joined.add_tags({"api_key": "hunter2hunter2"})
    joined.write()
    assert fitprint.get_run(run.run_id).tags["api_key"] == "***"
    assert "hunter" not in next((run.path / "also").iterdir()).read_text()


def test_the_message_about_a_refused_requirement_hides_the_password_in_it():
    line = "--extra-index=https://ci:hunter2secret@packages.example.org/simple"
    with pytest.raises(ValueError, match="it is not one of the options") as raised:
        requirement_lines.read([line])
    assert "hunter2secret" not in str(raised.value)
    assert "https://***@packages.example.org" in str(raised.value)
