"""How the values of settings are read, and what `autolog()` says to arguments that are none."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import fitprint
from fitprint._core import guard as _guard
from fitprint._settings import layers as _configuration
from fitprint._settings import parsers as _readers
from fitprint._settings import table as _settings


@pytest.mark.parametrize("text", ["1", "true", "TRUE", "Yes", "oN", " on "])
def test_true_in_any_case(text):
    assert _readers.boolean(text) is True


@pytest.mark.parametrize("text", ["0", "false", "False", "NO", "off"])
def test_false_in_any_case(text):
    assert _readers.boolean(text) is False


def test_booleans_themselves_and_numbers():
    assert (_readers.boolean(True), _readers.boolean(False)) == (True, False)
    assert (_readers.boolean(1), _readers.boolean(0)) == (True, False)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("100MB", 100_000_000),
        ("1.5GiB", 3 * 2**29),
        ("none", None),
        ("2kB", 2_000),
        ("2KiB", 2_048),
        ("1 tb", 10**12),
        ("1TIB", 2**40),
        ("17", 17),
        ("17 B", 17),
        ("0", 0),
        (17, 17),
        (1.5, 1),
        (None, None),
    ],
)
def test_sizes(text, expected):
    assert _readers.size(text) == expected


@pytest.mark.parametrize("text", ["", "MB", "-1", "1..5MB", "1 parsec", "ten", True, [], "1e6", "0x10", "nan", "MB 1"])
def test_what_is_no_size(text):
    with pytest.raises(ValueError, match=r"a size such as 100MB, 1\.5GiB or a number of bytes"):
        _readers.size(text)


def test_names_are_lists_or_comma_separated():
    assert _readers.names("a, b,,c ") == ("a", "b", "c")
    assert _readers.names(["a", "b"]) == ("a", "b")
    assert _readers.names(name for name in "ab") == ("a", "b")
    for wrong in (3, [3], [None], {"a": 1}.values()):
        with pytest.raises(ValueError, match=r"\S"):
            _readers.names(wrong)


def test_tags_are_mappings_or_pairs():
    assert _readers.tags("team=x, job=y=z,") == {"team": "x", "job": "y=z"}
    assert _readers.tags({"team": 1}) == {"team": "1"}
    assert _readers.tags("empty=") == {"empty": ""}
    assert _readers.tags(None) == {}
    for wrong in ("team", "=x", "team=x,job"):
        with pytest.raises(ValueError, match="tags as name=value"):
            _readers.tags(wrong)


def test_seconds_and_whole_numbers():
    assert (_readers.seconds("0.5"), _readers.seconds(2), _readers.seconds("inf")) == (0.5, 2.0, float("inf"))
    for wrong in ("-1", "nan", "soon", True, None, [1]):
        with pytest.raises(ValueError, match="seconds"):
            _readers.seconds(wrong)
    assert (_readers.whole_number("3"), _readers.whole_number(0), _readers.whole_number(4.0)) == (3, 0, 4)
    assert _readers.whole_number(None) > 10**9, "None is no limit, as in MLflow"
    for wrong in ("-1", "many", 1.5, "1.5", True, float("nan"), float("inf"), [1]):
        with pytest.raises(ValueError, match="whole number"):
            _readers.whole_number(wrong)


def test_texts_are_texts_and_paths():
    assert _readers.text(Path("/a/b")) == "/a/b"
    for wrong in (3, ["a"], True):
        with pytest.raises(ValueError, match="a text or a path"):
            _readers.text(wrong)


def test_rules_are_callables():
    assert _readers.callables(print) == (print,)
    assert _readers.callables([print, len]) == (print, len)
    for wrong in ("print", [print, 3], 3, dict, [print, dict]):
        with pytest.raises(ValueError, match="callables"):
            _readers.callables(wrong)


def test_an_argument_that_is_no_setting_raises_with_the_nearest_name():
    with pytest.raises(TypeError, match=r"autolog\(\) has no argument 'log_modells'; did you mean 'log_models'\?"):
        fitprint.autolog(log_modells=True)
    with pytest.raises(TypeError, match=r"the settings are: .*max_model_size"):
        fitprint.autolog(zzz=1)


def test_a_value_that_cannot_be_read_raises_with_what_is_accepted():
    with pytest.raises(ValueError, match=r"autolog\(max_model_size=\.\.\.\): 'much' cannot be read; accepted: a size"):
        fitprint.autolog(max_model_size="much")
    with pytest.raises(ValueError, match=r"autolog\(quiet=\.\.\.\): 'perhaps' cannot be read; accepted: 1 or 0"):
        fitprint.autolog(quiet="perhaps")


def test_an_unknown_flavor_raises_with_the_registered_ones(toy):
    with pytest.raises(ValueError, match=r"no flavor is called 'nope'; registered: .*toy"):
        fitprint.autolog("nope")
    with pytest.raises(ValueError, match="no flavor is called 'nope'"):
        fitprint.autolog(["toy", "nope"])


@pytest.mark.parametrize("arguments", [{"nope": 1}, {"quiet": "perhaps"}, {"flavors": "nope"}])
def test_a_call_that_raises_changes_nothing(toy, store, arguments):
    fitprint.autolog("toy", experiment="before")
    with pytest.raises((TypeError, ValueError)):
        fitprint.autolog(**arguments)
    assert _configuration.current().settings().experiment == "before"
    assert next(row.state for row in fitprint.status() if row.name == "toy") == "waiting"


def test_mlflow_s_names_of_settings_are_understood():
    read = _settings.check_arguments(
        {"silent": True, "log_model_signatures": False, "extra_tags": {"a": 1}, "max_tuning_runs": 2}
    )
    assert read == {"quiet": True, "log_signatures": False, "tags": {"a": "1"}, "max_child_runs": 2}


def test_mlflow_s_names_without_meaning_are_told_in_one_line_and_ignored(caplog):
    _guard.reset_warned()
    with caplog.at_level("WARNING", logger="fitprint"):
        for _ in range(2):
            read = _settings.check_arguments({"exclusive": True, "registered_model_name": "m", "quiet": True})
    assert read == {"quiet": True}
    assert caplog.messages == [
        "autolog() ignores arguments of MLflow that have no meaning here: exclusive, registered_model_name"
    ]


def test_a_setting_as_a_variable_of_the_shell_holds_in_a_process_of_its_own(run_python, tmp_path):
    variables = {
        "FITPRINT_STORE": "from-the-shell",
        "FITPRINT_TAGS": "team=x,job=y",
        "FITPRINT_RUN_NAME": "named",
        "FITPRINT_EXPERIMENT": "e",
    }
    run_python("import fitprint\nwith fitprint.start_run(): pass", env=variables)
    (run,) = fitprint.runs(os.path.join(tmp_path, "from-the-shell"))
    assert (run.name, run.experiment) == ("named", "e")
    assert {"team": "x", "job": "y"}.items() <= run.tags.items()


@pytest.mark.parametrize("call", ["autolog(exclusive=True)", "start_run()"])
def test_lines_before_recording_is_on_say_whose_they_are(run_python, store, call):
    done = run_python(f"import fitprint\nfitprint.{call}", env={"FITPRINT_MAX_MODEL_SIZE": "much"})
    assert "fitprint: FITPRINT_MAX_MODEL_SIZE: 'much' cannot be read; accepted: a size" in done.stderr
    assert all(line.startswith("fitprint: ") for line in done.stderr.splitlines())
