"""A loop that the user saves: its package is made or renewed, and the loop goes on."""

from __future__ import annotations

import gc
import json
import os
import weakref

import pytest

import fitprint
from fitprint._instrumentation import registry
from fitprint._runs.gc import clean
from fitprint.stores import open_store


def seen():
    """(name, status, packages) of the runs, oldest first."""
    return [(run.name, run.status, sorted(run.models)) for run in fitprint.runs()][::-1]


def train(net, steps=3):
    for step in range(steps):
        net.update([float(step)])
    return net


def level_in(run):
    """The level of the net in the package of a run."""
    return fitprint.load_model(run.model_path).unwrap().level


def uuid_of(run):
    """What identifies the package of a run."""
    return json.loads((run.model_path / "checksums.json").read_text())["MLmodel"]


@pytest.fixture
def flavor(looping):
    """The class of the toy's flavor."""
    return type(registry.entries()["toy"].flavor())


def test_five_epochs_with_five_checkpoints_are_one_run(net, tmp_path):
    for epoch in range(5):
        train(net, 2)
        net.to_disk(tmp_path / f"{epoch}")
        run = fitprint.last_run()
        assert level_in(run) == net.level
        assert run.params["steps"] == net.steps
        assert seen() == [("Net", "RUNNING", ["model"])]
    fitprint.disable()
    assert seen() == [("Net", "FINISHED", ["model"])]
    assert [step for step, _ in run.metric_history("loss")] == list(range(10))
    assert run.skipped == []
    assert sorted(path.name for path in run.path.iterdir()) == ["metrics.jsonl", "model", "run.json"]
    assert fitprint.load_model(f"runs:/{run.run_id}/model").unwrap().level == net.level


def test_what_is_at_rest_is_on_disk(net, tmp_path, store):
    train(net)
    net.to_disk(tmp_path / "net")
    (folder,) = (store / ".open").iterdir()
    record = json.loads((folder / "run.json").read_text())
    assert record["params"]["steps"] == 3
    assert list(record["models"]) == ["model"]
    assert len((folder / "metrics.jsonl").read_text().splitlines()) == 3


def test_the_end_keeps_the_package_of_the_last_save_and_says_what_came_after_it(net, tmp_path):
    train(net)
    net.to_disk(tmp_path / "net")
    level = net.level
    train(net, 2)
    fitprint.disable()
    run = fitprint.last_run()
    assert list(run.models) == ["model"]
    assert net.level != level == level_in(run)
    assert run.params["steps"] == 5
    assert [(skip.what, skip.rule) for skip in run.skipped] == [("the model after its last save", "saved")]
    assert run.skipped[0].reason.startswith("2 steps came after")


def test_a_failing_last_step_costs_no_saved_package(net, tmp_path):
    train(net)
    net.to_disk(tmp_path / "net")
    with pytest.raises(TypeError):
        net.update(None)
    fitprint.disable()
    run = fitprint.last_run()
    assert (run.status, list(run.models)) == ("FAILED", ["model"])
    assert run.skipped[0].reason.startswith("1 step came after")


def test_the_package_is_not_written_again_when_nothing_was_trained(net, tmp_path):
    train(net)
    net.to_disk(tmp_path / "net")
    run = fitprint.last_run()
    before = uuid_of(run)
    net.to_disk(tmp_path / "again")
    assert uuid_of(run) == before
    net.update([1.0])
    net.to_disk(tmp_path / "again")
    assert uuid_of(run) != before


def test_an_object_that_is_gone_after_it_was_saved(looping, tmp_path):
    net = train(looping.Net())
    run = fitprint.run_of(net)
    net.to_disk(tmp_path / "net")
    level = net.level
    del net
    assert (run.status, run.skipped) == ("FINISHED", [])
    assert level_in(run) == level


def test_another_training_ends_a_loop_that_was_saved(looping, net, tmp_path):
    train(net)
    net.to_disk(tmp_path / "net")
    run = fitprint.last_run()
    level = net.level
    net.initialize()
    assert (run.status, level_in(run)) == ("FINISHED", level)
    train(net)
    net.to_disk(tmp_path / "net")
    looping.train_whole(net, [[1.0]])
    assert seen() == [("Net", "FINISHED", ["model"])] * 3


def test_a_package_of_the_users_own_is_never_replaced(net, tmp_path):
    train(net)
    fitprint.log_model(net, "model")
    run = fitprint.last_run()
    mine = (run.path / "model" / "checksums.json").read_text()
    for _ in range(2):
        train(net)
        net.to_disk(tmp_path / "net")
    assert sorted(run.models) == ["model", "model-2"]
    assert (run.path / "model" / "checksums.json").read_text() == mine
    assert fitprint.load_model(run.path / "model-2").unwrap().level == net.level


def test_a_package_that_cannot_be_renewed_leaves_the_one_before(net, tmp_path, flavor, monkeypatch):
    train(net)
    net.to_disk(tmp_path / "net")
    run, level = fitprint.last_run(), net.level
    monkeypatch.setattr(flavor, "save", lambda self, model, package: 1 / 0)
    net.update([1.0])
    net.to_disk(tmp_path / "net")
    assert level_in(run) == level
    fitprint.disable()
    assert level_in(run) == level
    assert [skip.rule for skip in run.skipped] == ["error", "saved"]


def test_an_interruption_of_the_renewal_leaves_the_loop_open_with_the_package_before(
    net, tmp_path, flavor, monkeypatch
):
    train(net)
    net.to_disk(tmp_path / "net")
    run, level = fitprint.last_run(), net.level

    def save(self, model, package, context):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(flavor, "save", save)
        net.update([1.0])
        with pytest.raises(KeyboardInterrupt):
            net.to_disk(tmp_path / "net")
    assert (run.status, level_in(run)) == ("RUNNING", level)
    net.update([1.0])
    net.to_disk(tmp_path / "net")
    assert level_in(run) == net.level
    kept = weakref.ref(net)
    fitprint.disable()
    assert kept() is net


@pytest.mark.parametrize("renames", [1, 2])
def test_an_error_between_two_renames_leaves_a_package(net, tmp_path, monkeypatch, renames):
    train(net)
    net.to_disk(tmp_path / "net")
    run, level = fitprint.last_run(), net.level
    calls, rename = [], os.rename

    def failing(source, target):
        if "model" in os.path.basename(os.fspath(target)):
            calls.append(target)
            if len(calls) == renames:
                raise OSError(5, "Input/output error")
        rename(source, target)

    net.update([1.0])
    with monkeypatch.context() as patch:
        patch.setattr(os, "rename", failing)
        net.to_disk(tmp_path / "net")
    assert len(calls) >= renames
    assert level_in(run) == level


def test_a_process_that_died_between_two_renames_has_the_package_before(toy, store, run_python):
    run_python(
        """
    import os
    import fitprint
    fitprint.autolog()
    from toylearn.looping import Net
    net = Net()
    net.update([4.0])
    net.to_disk("net")
    rename = os.rename

    def dying(source, target):
        rename(source, target)
        if ".replaced-model" in str(target):
            os._exit(0)

    os.rename = dying
    net.update([8.0])
    net.to_disk("net")
    """,
        check=False,
    )
    assert not fitprint.runs()[0].model_path.exists()
    assert [(cleaned.did, cleaned.removed) for cleaned in clean(open_store(str(store)))] == [("closed", [".package-0"])]
    run = fitprint.runs()[0]
    assert (run.status, level_in(run)) == ("KILLED", 2.0)


def test_a_loop_under_min_fit_seconds_has_no_package_so_far(net, tmp_path):
    fitprint.autolog("toy", quiet=True, min_fit_seconds=60)
    train(net)
    net.to_disk(tmp_path / "net")
    assert fitprint.last_run().models == {}
    fitprint.disable()
    assert seen() == []


# several objects


def test_a_loop_of_several_objects_is_one_run(looping, tmp_path):
    first, second = looping.Net(), looping.Net(0.25)
    pair = looping.Pair(first, second)
    for epoch in range(2):
        train(pair, 2)
        looping.save_together([first, second], tmp_path / f"{epoch}")
    run = fitprint.last_run()
    assert seen() == [("Pair", "RUNNING", ["model"])]
    assert fitprint.run_of(first) is fitprint.run_of(second) is fitprint.run_of(pair) is run
    levels = [net.level for net in fitprint.load_model(run.model_path).unwrap()]
    assert levels == [first.level, second.level]
    second.to_disk(tmp_path / "second")
    second.initialize()
    assert seen() == [("Pair", "FINISHED", ["model"])]
    train(pair, 1)
    assert [name for name, _, _ in seen()] == ["Pair", "Pair"]


def test_objects_that_are_saved_together_each_have_their_package(looping, tmp_path):
    first, second = train(looping.Net()), train(looping.Net(0.25))
    looping.save_together((first, second), tmp_path / "both")
    assert seen() == [("Net", "RUNNING", ["model"])] * 2
    assert level_in(fitprint.run_of(second)) == second.level


def test_a_loop_of_several_objects_ends_with_the_last_of_them(looping):
    first, second = looping.Net(), looping.Net()
    pair = looping.Pair(first, second)
    train(pair)
    run = fitprint.run_of(first)
    del pair, first
    gc.collect()
    assert run.status == "RUNNING"
    del second
    gc.collect()
    assert run.status == "FINISHED"
    assert [skip.rule for skip in run.skipped] == ["collected"]


def test_steps_inside_a_call_that_belongs_to_no_loop_are_steps_of_their_own(looping, flavor, monkeypatch):
    def loop_of(self, call):
        return None if type(call.instance) is looping.Pair else call.instance

    monkeypatch.setattr(flavor, "loop_of", loop_of)
    first, second = looping.Net(), looping.Net()
    train(looping.Pair(first, second), 2)
    assert seen() == [("Net", "RUNNING", [])] * 2
    assert fitprint.run_of(first) is not fitprint.run_of(second)


# a flavor that holds the model, and metrics at the end


def test_a_model_that_is_held_leaves_its_package_when_the_loop_ends(looping, flavor, monkeypatch):
    monkeypatch.setattr(flavor, "holds_model", True)

    def main():
        net = train(looping.Net())
        return weakref.ref(net), fitprint.run_of(net)

    gone, run = main()
    gc.collect()
    assert run.status == "RUNNING"
    fitprint.disable()
    gc.collect()
    assert gone() is None
    assert (run.status, run.skipped, level_in(run)) == ("FINISHED", [], 1.25)


def test_a_model_that_is_held_leaves_its_package_at_the_end_of_a_block(looping, flavor, monkeypatch):
    monkeypatch.setattr(flavor, "holds_model", True)
    with fitprint.start_run("mine"):
        train(looping.Net())
    assert seen() == [("mine", "FINISHED", ["model"])]


def test_metrics_are_asked_when_the_object_is_gone_too(looping, flavor, monkeypatch):
    def stepped(self, call, emit, step):
        call.cache["steps"] = step + 1

    monkeypatch.setattr(flavor, "stepped", stepped)
    monkeypatch.setattr(flavor, "step_recorder", lambda self, call, emit: None)
    monkeypatch.setattr(flavor, "metrics", lambda self, call: {"gone": call.loop is None, **call.cache})
    net = train(looping.Net())
    run = fitprint.run_of(net)
    del net
    assert run.metrics == {"gone": 1.0, "steps": 3.0}
    net = train(looping.Net(), 2)
    with pytest.raises(TypeError):
        net.update(None)
    fitprint.disable()
    assert fitprint.run_of(net) is not run
    assert fitprint.run_of(net).metrics == {"gone": 0.0, "steps": 2.0}


def test_the_flavor_names_the_file_of_a_save_as_a_checkpoint(net, flavor, tmp_path, monkeypatch):
    def saved(self, call):
        assert call.result is None
        call.checkpoint(call.argument("path"), score=call.instance.level, monitor="level")

    monkeypatch.setattr(flavor, "saved", saved)
    for epoch in range(2):
        train(net, 3)
        net.to_disk(tmp_path / f"{epoch}")
    net.to_disk(tmp_path / "again")  # nothing was trained meanwhile, but it is a file of its own
    fitprint.disable()
    run = fitprint.last_run()
    assert [(os.path.basename(one.path), one.step) for one in run.checkpoints] == [("0", 2), ("1", 5), ("again", 5)]
    assert {one.monitor for one in run.checkpoints} == {"level"}
    assert run.checkpoints[2].score == net.level
    assert run.skipped == []
