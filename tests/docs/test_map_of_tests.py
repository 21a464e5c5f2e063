"""The map in tests/README.md names every folder of the source and every folder of tests."""

from __future__ import annotations

import re
from pathlib import Path

import fitprint

TESTS = Path(__file__).parents[1]
MAP = (TESTS / "README.md").read_text("utf-8")


def folders(place: Path) -> set[str]:
    return {folder.name for folder in place.iterdir() if folder.is_dir() and folder.name != "__pycache__"}


def test_every_folder_of_the_source_is_in_the_map():
    rows = re.findall(r"^\| `(\w+)` \|", MAP, re.MULTILINE)
    assert sorted(rows) == sorted(folders(Path(fitprint.__file__).parent))


def test_every_folder_of_tests_is_in_the_map():
    named = {*re.findall(r"`(\w+)`", MAP)}
    assert folders(TESTS) <= named


def test_the_map_names_no_folder_of_tests_that_is_not_there():
    rows = re.findall(r"^\| `\w+` \|(.*)\|(.*)\|$", MAP, re.MULTILINE)
    themes = re.findall(r"^- `(\w+)`:", MAP.partition("## Running them")[0], re.MULTILINE)
    named = {name for row in rows for column in row for name in re.findall(r"`(\w+)`", column)}
    assert named | {*themes} <= folders(TESTS)
