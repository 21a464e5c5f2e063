"""Flavors that cannot be used: broken plugins, unsupported versions, names taken twice, other flavors' classes."""

from __future__ import annotations

import sys

import pytest

import fitprint
from fitprint._instrumentation import registry


@pytest.mark.parametrize(
    ("plugin", "reason"),
    [
        ("raise RuntimeError('a plugin gone wrong')", "RuntimeError: a plugin gone wrong"),
        ("import no_such_module_at_all", "ModuleNotFoundError: No module named 'no_such_module_at_all'"),
        ("def broken(:", "SyntaxError"),
        ("x = 1", "ToyFlavor"),
        ("ToyFlavor = 3", "is not a fitprint flavor"),
    ],
)
def test_a_plugin_that_fails_never_breaks_the_import(toy, store, caplog, plugin, reason, row):
    (toy.site / "fitprint_toy.py").write_text(plugin)
    fitprint.autolog("toy")
    toylearn = toy.imported()
    assert toylearn.Mean().fit([1], [2]).mean_ == 2.0
    assert row().state == "broken"
    assert reason in row().reason
    assert [line for line in caplog.messages if line.startswith("toy: turning the flavor on failed")]
    assert not store.exists()


PATCHES = """
from fitprint.plugin import Flavor, Patch
class ToyFlavor(Flavor):
    api_version = {contract}
    def patches(self): return [Patch("toylearn.training", "train"), Patch("toylearn.base", "{target}")]
    def save(self, model, package, context): return {{}}
    def load(self, folder, config): return None
"""


def test_a_patch_of_a_name_that_is_not_there_is_broken_and_can_be_turned_off(toy, store, row, attributes, same):
    (toy.site / "fitprint_toy.py").write_text(PATCHES.format(contract=(2, 0), target="Nope.fit"))
    toylearn = toy.imported()
    before = attributes()
    fitprint.autolog("toy")
    assert row().state == "broken"
    assert "Nope" in row().reason
    assert toylearn.train({}, [1]).level == 3.0
    fitprint.disable()
    assert same(before, attributes())


def test_a_broken_flavor_that_is_turned_on_again_is_put_back_too(toy, store, attributes, same):
    (toy.site / "fitprint_toy.py").write_text(PATCHES.format(contract=(2, 0), target="Nope.fit"))
    toy.imported()
    before = attributes()
    fitprint.autolog("toy")
    fitprint.autolog("toy")
    fitprint.disable()
    assert same(before, attributes())


@pytest.mark.parametrize("supported", [">=2", "<1.2.3", "==1.0.*"])
def test_an_unsupported_version_is_left_alone_and_said(toy, store, supported, row, attributes, same):
    toy.plugin(supported)
    toylearn = toy.imported()
    before = attributes()
    fitprint.autolog("toy")
    found = row()
    assert (found.state, found.version) == ("unsupported", "1.2.3")
    assert found.reason.startswith("toylearn 1.2.3 is installed, ")
    assert same(before, attributes())
    assert "fitprint_toy" not in sys.modules, "nor is the plugin loaded"
    toylearn.Mean().fit([1], [2])
    assert fitprint.runs() == []


def test_the_version_is_that_of_the_framework_and_not_of_what_it_builds_on(toy, store, row):
    requires = ("beneath>=9; extra == 'instruments'", "toylearn>=1,<2; extra == 'instruments'")
    toy.distribution("beneath", "9.9")
    toy.distribution("fitprint-toy", "0.1", "[fitprint.flavors]\ntoylearn = fitprint_toy:ToyFlavor\n", requires)
    toy.imported()
    fitprint.autolog("toylearn")
    assert (row("toylearn").state, row("toylearn").version) == ("on", "1.2.3")


def test_without_a_range_every_version_is_supported(toy, store, row):
    toy.distribution("fitprint-toy", "0.1", "[fitprint.flavors]\ntoylearn = fitprint_toy:ToyFlavor\n")
    toy.imported()
    fitprint.autolog("toylearn")
    assert (row("toylearn").state, row("toylearn").range) == ("on", "any"), "the flavor's name is the module"


def test_a_name_claimed_by_two_distributions_is_broken_and_both_are_named(toy, store, row, attributes, same):
    toy.distribution("other-toy", "1.0", "[fitprint.flavors]\ntoy = other_toy:Flavor\n")
    toylearn = toy.imported()
    before = attributes()
    fitprint.autolog()
    assert row().state == "broken"
    assert "fitprint-toy" in row().reason
    assert "other-toy" in row().reason
    assert same(before, attributes())
    toylearn.Mean().fit([1], [2])


@pytest.mark.parametrize("name", ["pyfunc", "models", "testing", "not-a-name"])
def test_names_of_public_modules_and_of_no_kind_are_refused(toy, store, name, row):
    toy.plugin(entry_points=f"[fitprint.flavors]\n{name} = fitprint_toy:ToyFlavor\n")
    fitprint.autolog()
    assert row(name).state == "broken"
    assert "cannot be a flavor's name" in row(name).reason


def test_a_class_of_another_flavor_s_framework_is_left_to_that_flavor(toy, store):
    """In a class's MRO the first top-level module with a registered flavor decides."""
    entry_points = (
        "[fitprint.flavors]\nother = other_flavor:Flavor\n[fitprint.imports]\notherlearn = other_flavor:Flavor\n"
    )
    toy.distribution("fitprint-other", "1.0", entry_points)
    (toy.site / "otherlearn.py").write_text(
        "from toylearn import Base\nclass Theirs(Base):\n    def fit(self, rows, labels=None):\n        return self\n"
    )
    toylearn = toy.imported()
    import otherlearn

    fitprint.autolog("toy")
    assert registry.owner_of(otherlearn.Theirs) == "other"
    assert registry.owner_of(toylearn.Mean) == "toy"
    assert registry.owner_of(dict) is None
    otherlearn.Theirs().fit([1], [2])
    assert fitprint.runs() == [], "its own flavor is off: nobody records it"

    class Mine(toylearn.Base):
        def fit(self, rows, labels=None):
            return super().fit(rows, labels)

    assert registry.owner_of(Mine) == "toy"
    Mine().fit([1], [2])
    assert [run.name for run in fitprint.runs()] == ["Mine"]
    del sys.modules["otherlearn"]
