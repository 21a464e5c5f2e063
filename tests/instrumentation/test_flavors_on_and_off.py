"""A flavor turned on and off: before and after its framework's import, with errors, versions and twins."""

from __future__ import annotations

import sys

import pytest

import fitprint


def test_the_flavor_waits_for_the_import_and_is_on_then(toy, store, row):
    fitprint.autolog("toy")
    assert "fitprint_toy" not in sys.modules, "no plugin is loaded before its framework"
    assert (row().state, row().version, row().range) == ("waiting", "1.2.3", "toylearn <2,>=1")
    toylearn = toy.imported()
    assert (row().state, row().version) == ("on", "1.2.3")
    toylearn.Mean().fit([1], [2])
    assert [run.name for run in fitprint.runs()] == ["Mean"]
    assert row().runs == 1


def test_the_framework_may_be_imported_first(toy, store, row):
    toylearn = toy.imported()
    fitprint.autolog("toy")
    assert row().state == "on"
    toylearn.Mean().fit([1], [2])
    assert len(fitprint.runs()) == 1


def test_turning_off_restores_every_attribute_exactly(toy, store, row, attributes, same):
    toylearn = toy.imported()
    before = attributes()
    for _ in range(3):
        fitprint.autolog("toy")
        assert not same(before, attributes())
        fitprint.disable()
        assert same(before, attributes())
        assert row().state == "off"
    toylearn.Mean().fit([1], [2])
    assert fitprint.runs() == []


def test_turning_on_twice_wraps_once(toy, store, attributes, same):
    toylearn = toy.imported()
    before = attributes()
    for _ in range(3):
        fitprint.autolog("toy")
        fitprint.toy.autolog()
    toylearn.Mean().fit([1], [2])
    assert len(fitprint.runs()) == 1
    fitprint.disable()
    assert same(before, attributes())


def test_turning_off_while_waiting_leaves_the_import_alone(toy, store, row):
    fitprint.autolog("toy")
    fitprint.disable()
    before_import = row().state
    toy.imported()
    assert (before_import, row().state) == ("off", "off")
    assert "fitprint_toy" not in sys.modules


def test_a_flavor_no_longer_wanted_is_turned_off(toy, store, attributes, same):
    toylearn = toy.imported()
    before = attributes()
    fitprint.autolog("toy")
    fitprint.autolog(exclude_flavors="toy,sklearn,xgboost")
    assert same(before, attributes())
    fitprint.autolog("toy", disable=True)
    assert same(before, attributes())
    toylearn.Mean().fit([1], [2])
    assert fitprint.runs() == []


def test_the_kill_switch_patches_nothing_and_writes_nothing(toy, store, monkeypatch, attributes, same):
    monkeypatch.setenv("FITPRINT_DISABLED", "1")
    toylearn = toy.imported()
    before = attributes()
    fitprint.autolog("toy")
    fitprint.toy.autolog(disable=False)
    assert same(before, attributes())
    toylearn.Mean().fit([1], [2])
    assert not store.exists()


def test_names_bound_before_are_rebound_and_put_back(toy, store):
    toylearn = toy.imported()
    script = type(sys)("toyscript")
    script.fit_it = toylearn.train
    script.untouched = [toylearn.train]
    sys.modules["toyscript"] = script
    original = toylearn.train
    try:
        fitprint.autolog("toy")
        assert script.fit_it is toylearn.train is not original
        assert script.untouched[0] is original, "what lies in containers stays out of reach"
        script.fit_it({"rate": 2.0}, [1])
        assert fitprint.runs()[0].metrics == {"level": 6.0}
        fitprint.disable()
        assert script.fit_it is toylearn.train is original
    finally:
        del sys.modules["toyscript"]


def test_names_bound_while_recording_is_on_are_put_back(toy, store):
    toylearn = toy.imported()
    original = toylearn.train
    fitprint.autolog("toy")
    script = type(sys)("toyscript")
    script.fit_it = toylearn.train
    sys.modules["toyscript"] = script
    try:
        fitprint.disable()
        assert script.fit_it is original
        fitprint.autolog("toy")
        assert script.fit_it is toylearn.train is not original
    finally:
        del sys.modules["toyscript"]


def test_a_module_of_the_framework_imported_later_is_patched_then(toy, store):
    toylearn = toy.imported()
    fitprint.autolog("toy")
    import toylearn.late as late

    booster = toylearn.train({"rate": 1.0}, [1])
    late.refine(booster, [1])
    late.Late().fit([1], [1])
    assert [run.name for run in fitprint.runs()] == ["Late", "Booster", "Booster"]
    assert fitprint.run_of(booster).tags["class"] == "toylearn.late.refine"
    refine = vars(late)["refine"].__wrapped__
    fitprint.disable()
    assert vars(late)["refine"] is refine
    assert type(vars(late.Late)["fit"]).__name__ == "function"


def test_a_module_that_wakes_the_flavor_while_it_is_imported_itself_is_patched_when_it_is_whole(toy, store):
    """As a converter that imports its format before it defines anything: one of the flavor's modules brings another."""
    side = toy.site / "toyside"
    side.mkdir()
    (side / "__init__.py").write_text("from toyside.training import fit_side\n")
    (side / "training.py").write_text(
        "import toylearn\n\ndef fit_side(rows):\n    return toylearn.training.Booster(rows)\n"
    )
    (toy.site / "fitprint_side.py").write_text(
        "from fitprint.plugin import Patch\nfrom fitprint_toy import ToyFlavor\n\n\nclass SideFlavor(ToyFlavor):\n"
        "    def patches(self):\n        return [Patch('toyside.training', 'fit_side'), *super().patches()]\n"
    )
    flavor = "fitprint_side:SideFlavor"
    wakes = f"[fitprint.flavors]\ntoy = {flavor}\n[fitprint.imports]\ntoylearn = {flavor}\ntoyside = {flavor}\n"
    toy.plugin(entry_points=wakes)
    try:
        fitprint.autolog("toy", strict=True)
        import toyside

        booster = toyside.fit_side([1])
        assert [run.name for run in fitprint.runs()] == ["Booster"]
        assert fitprint.run_of(booster) is not None
        sys.modules["toylearn"].train({"rate": 1.0}, [1])
        assert len(fitprint.runs()) == 2
        fitprint.disable()
        assert toyside.fit_side is sys.modules["toyside.training"].fit_side
        assert type(toyside.fit_side).__name__ == "function"
    finally:
        for name in ("toyside", "toyside.training", "fitprint_side"):
            sys.modules.pop(name, None)


def test_turned_off_in_between_a_later_module_is_left_alone(toy, store):
    toy.imported()
    fitprint.autolog("toy")
    fitprint.disable()
    import toylearn.late as late

    assert type(vars(late)["refine"]).__name__ == "function"
    fitprint.autolog("toy")
    assert type(vars(late)["refine"]).__name__ == "Patched"


def test_someone_wrapping_over_us_is_left_told_and_revived(toy, store, row):
    toylearn = toy.imported()
    fitprint.autolog("toy")
    ours = toylearn.Base.fit

    def theirs(self, *args, **kwargs):
        return ours(self, *args, **kwargs)

    theirs.__wrapped__ = ours
    toylearn.Base.fit = theirs
    fitprint.disable()
    assert vars(toylearn.Base)["fit"] is theirs
    assert row().state == "off"
    assert row().reason == "other code has wrapped these again, so they were not restored: toylearn.base.Base.fit"
    toylearn.Mean().fit([1], [2])
    assert fitprint.runs() == []
    fitprint.autolog("toy")
    assert vars(toylearn.Base)["fit"] is theirs
    assert (row().state, row().reason) == ("on", "")
    toylearn.Mean().fit([1], [2])
    assert len(fitprint.runs()) == 1


def test_importing_and_turning_on_in_many_threads_does_not_hang(run_python, toy, store):
    run_python(
        """
        import faulthandler, importlib, threading, fitprint
        faulthandler.dump_traceback_later(60, exit=True)
        start = threading.Barrier(6)

        def turn():
            start.wait()
            for _ in range(20):
                fitprint.autolog("toy", quiet=True)
                fitprint.status()
                fitprint.disable()

        def load():
            start.wait()
            importlib.import_module("toylearn.late").Late().fit([1], [1])

        threads = [threading.Thread(target=work) for work in (turn, turn, turn, load, load, load)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        fitprint.autolog("toy", quiet=True)
        import toylearn
        before = len(fitprint.runs())
        toylearn.Mean().fit([1], [1])
        assert len(fitprint.runs()) == before + 1
        """
    )


def test_a_namespace_per_flavor(toy, store):
    assert repr(fitprint.toy) == "<fitprint flavor toy>"
    assert fitprint.toy.__name__ == "fitprint.toy"
    assert "toy" in dir(fitprint)
    assert "<table" in fitprint.toy._repr_html_()
    with pytest.raises(AttributeError, match="module 'fitprint' has no attribute 'nonsense'"):
        _ = fitprint.nonsense


def test_a_flavor_s_own_call_wins_whatever_the_order(toy, store):
    toylearn = toy.imported()
    fitprint.toy.autolog(run_name="own")
    fitprint.autolog(run_name="general", exclude_flavors="sklearn,xgboost")
    toylearn.Mean().fit([1], [2])
    fitprint.toy.autolog(run_name="own again")
    toylearn.Mean().fit([1], [2])
    assert [run.name for run in fitprint.runs()] == ["own again", "own"]
    fitprint.toy.autolog(disable=True)
    toylearn.Mean().fit([1], [2])
    assert len(fitprint.runs()) == 2


def test_a_flavor_s_own_call_alone_turns_on_it_alone(toy, store):
    toy.imported()
    fitprint.toy.autolog()
    assert {row.name for row in fitprint.status() if row.state not in ("off", "no plugin")} == {"toy"}
