"""The settings as options of a command, and the variables that they become."""

from __future__ import annotations

import os

import click
import pytest
from click.testing import CliRunner

from fitprint._settings.layers import Configuration
from fitprint._settings.table import TABLE, Settings
from fitprint.cli.options import environment_of, setting_options

OUTSIDE = [name for name, setting in TABLE.items() if not setting.metadata["argument_only"]]
ANOTHER = {"yes/no": "--{0}", "NAME,NAME": "a,b", "NAME=VALUE,...": "a=b", "SIZE": "17MB", "SECONDS": "0.25"}
"""A value of each kind that is nobody's default."""


@pytest.fixture
def given():
    """The variables that some options become, or what the command says to them."""

    @click.command()
    @click.argument("words", nargs=-1)
    @setting_options
    def command(words, **values):
        assert set(values) == {*OUTSIDE}
        command.environment = environment_of(values)

    def run(*arguments, status=0):
        result = CliRunner().invoke(command, arguments)
        assert result.exit_code == status, result.output
        return result.output if status or "--help" in arguments else command.environment

    return run


def option(name):
    return f"--{name.replace('_', '-')}"


def another_value(name):
    """The arguments for a value other than the default, and that value as a setting has it."""
    setting = TABLE[name]
    kind = setting.metadata["read"].kind
    if kind == "yes/no":
        return [f"--no-{name.replace('_', '-')}" if setting.default else option(name)], not setting.default
    text = {"TEXT": "/another", "COUNT": "3"}.get(kind) or ANOTHER.get(kind) or kind.split("|")[-1]
    return [option(name), text], setting.metadata["read"](text)


@pytest.mark.parametrize("name", OUTSIDE)
def test_each_setting_is_an_option_that_holds_in_another_process(given, name):
    arguments, expected = another_value(name)
    environment = given(*arguments)
    assert list(environment) == [f"FITPRINT_{name.upper()}"]
    found = getattr(Configuration(environment=environment, directory="/here").settings(), name)
    assert found == expected
    assert found != getattr(Settings(), name)


def test_what_is_not_given_is_no_variable(given):
    assert given() == {}
    assert given("--tags", "", "--store", "") == {}


def test_a_flag_can_be_turned_off(given):
    assert given("--no-log-models", "--quiet") == {"FITPRINT_LOG_MODELS": "0", "FITPRINT_QUIET": "1"}


def test_repeating_an_option_of_several_adds_to_it(given):
    environment = given("--exclude-flavors", "a", "--exclude-flavors", "b,c", "--tags", "x=1", "--tags", "y=2")
    assert environment == {"FITPRINT_EXCLUDE_FLAVORS": "a,b,c", "FITPRINT_TAGS": "x=1,y=2"}


def test_a_folder_is_that_of_the_command_wherever_the_other_process_runs(given):
    assert given("--store", "runs") == {"FITPRINT_STORE": os.path.join(os.getcwd(), "runs")}
    assert given("--store", "s3://bucket/runs") == {"FITPRINT_STORE": "s3://bucket/runs"}


def test_a_value_that_cannot_be_read_ends_the_command_with_what_is_accepted(given):
    said = given("--max-model-size", "much", status=2)
    assert "'--max-model-size': 'much' cannot be read; accepted: a size such as 100MB" in " ".join(said.split())
    assert "'--trust'" in given("--trust", "nobody", status=2)


def test_the_help_has_each_setting_with_its_kind_its_meaning_and_its_default(given):
    shown = " ".join(given("--help").split())
    for name in OUTSIDE:
        assert option(name) in shown
    assert "--max-model-size SIZE Write no package larger than this" in shown
    assert "/ --no-log-models Write a package of each trained model. [true]" in shown
    assert "--trust all|verified|no-pickle" in shown
    assert "--rules" not in shown
