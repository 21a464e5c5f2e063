"""Which versions of the plugin API a flavor may be written for, and the warning of hooks that will be removed."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import fitprint
from fitprint._instrumentation import api_version
from fitprint._instrumentation.api_version import check_version, deprecated_hook

PLUGINS = Path(__file__).parents[2] / "plugins"


@pytest.fixture
def newer(monkeypatch):
    """A fitprint with version 2.3 of the plugin API, and no hook that is deprecated."""
    monkeypatch.setattr(api_version, "API_VERSION", (2, 3))
    monkeypatch.setattr(api_version, "_deprecated", [])


def version_of(toy, text):
    plugin = toy.site / "fitprint_toy.py"
    plugin.write_text(plugin.read_text().replace("api_version = (2, 0)", text))


def row():
    return next(row for row in fitprint.status() if row.name == "toy")


@pytest.mark.parametrize("version", [(2, 0), (2, 1), (2, 3)])
def test_the_same_major_version_and_any_minor_one_up_to_our_own(newer, version):
    check_version(version, "fitprint-toy")


@pytest.mark.parametrize(
    ("version", "mend"),
    [
        ((2, 4), "install a newer fitprint"),
        ((3, 0), "install a newer fitprint"),
        ((1, 9), "install a newer fitprint-toy"),
    ],
)
def test_others_are_refused_with_what_to_install(newer, version, mend):
    with pytest.raises(TypeError) as refused:
        check_version(version, "fitprint-toy")
    assert str(refused.value) == (
        f"fitprint-toy was written for version {version[0]}.{version[1]} of the plugin API, and this fitprint has "
        f"version 2.3: {mend}"
    )


@pytest.mark.parametrize("version", [2, "2.0", (2,), (2, "0"), None])
def test_what_is_no_version(version):
    with pytest.raises(TypeError, match="api_version is a pair of numbers, such as"):
        check_version(version, "fitprint-toy")


@pytest.mark.parametrize(
    ("text", "state", "reason"),
    [
        ("", "on", ""),
        ("api_version = (2, 99)", "broken", "for version 2.99 of the plugin API, and this fitprint has version 2.1:"),
        ("api_version = (99, 0)", "broken", "for version 99.0 of the plugin API"),
        ("api_version = 1", "broken", "fitprint-toy declares 1 as the version"),
    ],
)
def test_a_flavor_of_another_version_is_not_turned_on(toy, store, text, state, reason):
    version_of(toy, text)
    toy.imported().Mean().fit([1], [2])
    fitprint.autolog("toy")
    assert row().state == state
    assert reason in row().reason


def test_every_plugin_says_its_version():
    flavors, engines = (sorted(PLUGINS.glob(f"*/src/*/{name}.py")) for name in ("_flavor", "_engine"))
    assert {file.parents[2] for file in flavors + engines} == {file.parent for file in PLUGINS.glob("*/pyproject.toml")}
    for file in flavors + engines:
        text = file.read_text("utf-8")
        classes = [node for node in ast.parse(text).body if isinstance(node, ast.ClassDef)]
        lines = [ast.unparse(line) for cls in classes for line in cls.body]
        # of a flavor, the version that it was written for; engines and `gives_way` came with 2.1
        needed = (2, 1) if file in engines or "gives_way" in text else (2, 0)
        assert f"api_version = {needed}" in lines, file


def test_a_deprecated_hook_is_warned_of_once(toy, store, caplog, newer):
    deprecated_hook("source", since=(2, 3), removed_in=(3, 0), instead="origin")
    deprecated_hook("target", since=(2, 3), removed_in=(3, 0), instead="labels")  # the toy does not define it
    deprecated_hook("identity", since=(2, 4), removed_in=(3, 0), instead="key")  # not yet
    toy.imported()
    fitprint.autolog("toy")
    fitprint.toy.autolog(disable=True)
    fitprint.toy.autolog()
    assert row().state == "on", "it is still asked for"
    assert caplog.messages == [
        "fitprint-toy defines source, which is deprecated since version 2.3 of the plugin API and is no longer called "
        "from 3.0 on; define origin instead"
    ]


def test_a_flavor_that_has_the_new_hook_too_is_not_warned_of(toy, store, caplog, newer):
    deprecated_hook("source", since=(2, 3), removed_in=(3, 0), instead="origin")
    plugin = toy.site / "fitprint_toy.py"
    origin = "    def origin(self, call):\n        return None\n\n"
    plugin.write_text(plugin.read_text().replace("    def source(", f"{origin}    def source("))
    toy.imported()
    fitprint.autolog("toy")
    assert caplog.messages == []


def test_a_hook_is_not_removed_in_the_version_that_deprecates_it():
    with pytest.raises(ValueError, match=r"source is deprecated since 2.1, so it can be removed in a later version"):
        deprecated_hook("source", since=(2, 1), removed_in=(2, 1), instead="origin")
