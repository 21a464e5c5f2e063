"""Many small calls make one run: when it opens, what belongs to it, and what ends it."""

from __future__ import annotations

import gc
import threading
import weakref

import pytest

import fitprint
from fitprint._instrumentation import registry
from fitprint._recorder import loop_registry


def seen():
    """(name, status) of the runs, oldest first."""
    return [(run.name, run.status) for run in fitprint.runs()][::-1]


def train(net, steps=3):
    for step in range(steps):
        net.update([float(step)])
    return net


def test_the_first_step_opens_a_run_which_stays_open_when_it_is_saved(net, tmp_path):
    train(net)
    run = fitprint.last_run()
    assert fitprint.run_of(net) is run
    assert seen() == [("Net", "RUNNING")]
    assert run.params == {"rate": 0.5}
    net.to_disk(tmp_path / "net")
    assert seen() == [("Net", "RUNNING")]
    assert run.params == {"rate": 0.5, "steps": 3}
    assert fitprint.load_model(run.model_path).unwrap().level == net.level == 1.25
    fitprint.disable()
    assert seen() == [("Net", "FINISHED")]
    assert [step for step, _ in run.metric_history("loss")] == [0, 1, 2]
    assert [value for _, value in run.metric_history("loss")] == [0.0, 1.0, 1.5]
    assert run.skipped == []
    assert (tmp_path / "net").read_text() == "1.25"


def test_further_steps_are_recorded_without_asking_the_flavor_again(net):
    train(net, 5)
    flavor = registry.entries()["toy"].loaded
    assert flavor.asked_for_recorder == 1
    assert [step for step, _ in fitprint.last_run().metric_history("loss")] == [0, 1, 2, 3, 4]
    fitprint.disable()
    assert loop_registry.known_steps == {}


def test_a_step_after_the_end_of_its_loop_begins_another_run(net):
    train(net, 2)
    net.initialize()
    train(net, 2)
    fitprint.disable()
    assert seen() == [("Net", "FINISHED")] * 2
    assert [len(run.metric_history("loss")) for run in fitprint.runs()] == [2, 2]


def test_a_further_step_that_fails_makes_the_run_a_failed_one(net):
    train(net, 2)

    def fail():
        raise ZeroDivisionError("in the batch")

    with pytest.raises(ZeroDivisionError):
        net.update([1.0, fail])
    fitprint.disable()
    run = fitprint.last_run()
    assert run.status == "FAILED"
    assert run.error["message"] == "in the batch"


def test_a_recorder_that_fails_costs_the_metrics_alone(net, monkeypatch, caplog):
    def fail(*step):
        raise ZeroDivisionError("in the recorder")

    monkeypatch.setattr(type(registry.entries()["toy"].loaded), "step_recorder", lambda self, call, emit: fail)
    train(net, 4)
    fitprint.disable()
    run = fitprint.last_run()
    assert (run.status, net.steps, list(run.models)) == ("FINISHED", 4, ["model"])
    assert [(skip.what, skip.rule) for skip in run.skipped] == [("per-iteration metrics", "error")]
    assert caplog.text.count("in the recorder") == 1


def test_loops_of_two_objects_are_two_runs(looping):
    first, second = looping.Net(), looping.Net()
    for step in range(3):
        first.update([step])
        second.update([step])
    assert seen() == [("Net", "RUNNING")] * 2
    assert fitprint.run_of(first) is not fitprint.run_of(second)
    fitprint.disable()
    assert seen() == [("Net", "FINISHED")] * 2


def test_saving_that_fails_makes_no_package(net, tmp_path):
    train(net)
    with pytest.raises(FileNotFoundError):
        net.to_disk(tmp_path / "nowhere" / "net")
    assert fitprint.last_run().models == {}
    net.update([1.0])
    assert seen() == [("Net", "RUNNING")]


def test_saving_what_was_not_trained_makes_no_run(net, tmp_path):
    net.to_disk(tmp_path / "net")
    assert seen() == []


def test_saving_inside_a_step_is_part_of_it(net, tmp_path):
    net.update([1.0, lambda: net.to_disk(tmp_path / "net")])
    net.update([2.0])
    assert seen() == [("Net", "RUNNING")]
    assert fitprint.last_run().models == {}
    assert (tmp_path / "net").exists()


def test_a_loop_begins_anew(net):
    train(net)
    level = net.level
    net.initialize()
    assert seen() == [("Net", "FINISHED")]
    assert fitprint.load_model(fitprint.last_run().model_path).unwrap().level == level != net.level
    train(net)
    assert seen() == [("Net", "FINISHED"), ("Net", "RUNNING")]


def test_a_whole_training_on_the_object_ends_its_loop(looping, net):
    train(net)
    looping.train_whole(net, [[1.0], [2.0]])
    assert seen() == [("Net", "FINISHED"), ("Net", "FINISHED")]
    assert [run.params.get("steps") for run in fitprint.runs()] == [None, 3]
    assert fitprint.run_of(net) is fitprint.last_run()


def test_steps_and_savings_inside_a_recorded_call_are_part_of_it(looping, tmp_path):
    looping.train_whole(looping.Net(), [[1.0], [2.0]], tmp_path / "net")
    assert seen() == [("Net", "FINISHED")]


def test_what_a_step_trains_is_part_of_it_and_between_steps_all_is_outermost(toylearn, looping, net):
    def fit():
        toylearn.Mean().fit([1], [2])

    net.update([1.0, fit, lambda: looping.Net().update([1.0])])
    assert seen() == [("Net", "RUNNING")]
    fit()
    net.update([2.0])
    assert seen() == [("Net", "RUNNING"), ("Mean", "FINISHED")]


def test_the_latest_run_is_that_of_the_training_that_began_last(toylearn, net, tmp_path):
    train(net)
    toylearn.Mean().fit([1], [2])
    net.to_disk(tmp_path / "net")
    assert fitprint.last_run().name == "Mean"


def test_results_and_exceptions_are_the_loops_own(net):
    assert net.update([2.0]) == 2.0
    with pytest.raises(TypeError) as caught:
        net.update(None)
    assert all("fitprint" not in frame.name for frame in caught.traceback)


@pytest.mark.parametrize(("error", "status"), [(ValueError("no"), "FAILED"), (KeyboardInterrupt(), "KILLED")])
def test_the_status_is_that_of_the_last_step(net, error, status):
    def fail():
        raise error

    train(net)
    with pytest.raises(type(error)):
        net.update([fail])
    assert seen() == [("Net", "RUNNING")]
    fitprint.disable()
    run = fitprint.last_run()
    assert (run.status, run.error["type"], run.models) == (status, type(error).__name__, {})
    assert len(run.metric_history("loss")) == 3


def test_a_step_after_a_failed_one_makes_up_for_it(net):
    with pytest.raises(TypeError):
        net.update(None)
    train(net)
    fitprint.disable()
    run = fitprint.last_run()
    assert (run.status, run.error, list(run.models)) == ("FINISHED", None, ["model"])


def test_what_is_saved_after_an_interrupted_step_is_a_model(net, tmp_path):
    def interrupt():
        raise KeyboardInterrupt

    train(net)
    with pytest.raises(KeyboardInterrupt):
        net.update([interrupt])
    net.to_disk(tmp_path / "net")
    fitprint.disable()
    run = fitprint.last_run()
    assert (run.status, list(run.models)) == ("KILLED", ["model"])


def test_an_object_that_is_gone_is_not_kept_and_its_run_says_so(looping):
    net = train(looping.Net())
    run = fitprint.run_of(net)
    gone = weakref.ref(net)
    del net
    assert gone() is None
    assert run.status == "FINISHED"
    assert seen() == [("Net", "FINISHED")]
    assert [(skip.what, skip.rule) for skip in run.skipped] == [("model", "collected")]
    assert len(run.metric_history("loss")) == 3


def test_neither_batches_nor_results_are_kept(net):
    class Batch(list):
        pass

    batch = Batch([1.0])
    kept = weakref.ref(batch)
    net.update(batch)
    del batch
    gc.collect()
    assert kept() is None


def test_an_object_collected_inside_our_own_code_is_ended_at_the_next_call(looping, monkeypatch):
    net = train(looping.Net())
    run = fitprint.run_of(net)
    monkeypatch.setattr(loop_registry, "_is_inside_our_code", lambda: True)
    del net
    assert run.status == "RUNNING"
    looping.Net().update([1.0])
    assert run.status == "FINISHED"


@pytest.mark.series
def test_a_cycle_that_is_collected_while_fitprint_works(looping, toylearn):
    class Collecting(toylearn.Base):
        def __reduce__(self):  # called while the package is written
            gc.collect()
            return toylearn.Mean, ()

    net = train(looping.Net())
    net.itself = net
    run = fitprint.run_of(net)
    gc.disable()
    try:
        del net
        assert run.status == "RUNNING"
        Collecting().fit([1], [2])
    finally:
        gc.enable()
    fitprint.disable()
    assert run.status == "FINISHED"


def test_an_object_that_takes_no_weak_reference_is_said(looping, caplog):
    tight = looping.Tight()
    tight.update([1.0])
    tight.update([1.0])
    assert tight.level == 2.0
    assert seen() == []
    assert len([message for message in caplog.messages if "weak reference" in message]) == 1


def test_a_refused_loop_is_asked_for_once_and_counted_once(toy, net):
    asked = []

    def never(call):
        asked.append(call.name)
        return "never"

    fitprint.autolog("toy", quiet=True, rules=[never])
    train(net)
    assert asked == ["update"]
    assert [row.skips for row in fitprint.status() if row.name == "toy"] == [{"never": 1}]
    net.initialize()
    train(net)
    assert asked == ["update", "update"]
    assert seen() == []


def test_what_a_refused_step_trains_leaves_no_run(toylearn, looping, net):
    fitprint.autolog("toy", quiet=True, exclude_estimators="*Net")
    net.update([lambda: toylearn.Mean().fit([1], [2])])
    assert seen() == []


def test_a_loop_under_min_fit_seconds_is_no_run(net):
    fitprint.autolog("toy", quiet=True, min_fit_seconds=60)
    train(net)
    assert fitprint.run_of(net) is not None
    fitprint.disable()
    assert seen() == []
    assert (fitprint.last_run(), fitprint.run_of(net)) == (None, None)


def test_suppressed_steps_are_no_part_of_a_loop(net):
    with fitprint.suppress():
        train(net)
    assert seen() == []
    train(net, 2)
    with fitprint.suppress():
        train(net)
    run = fitprint.run_of(net)
    fitprint.disable()
    assert [step for step, _ in run.metric_history("loss")] == [0, 1]


def test_turning_a_flavor_off_ends_its_loops(net):
    train(net)
    fitprint.autolog(exclude_flavors="toy")
    assert seen() == [("Net", "FINISHED")]
    assert list(fitprint.last_run().models) == ["model"]


def test_steps_after_disable_are_not_recorded(net):
    train(net)
    fitprint.disable()
    train(net)
    assert fitprint.last_run().params["steps"] == 3
    assert seen() == [("Net", "FINISHED")]


def test_log_model_of_an_open_loop_is_no_end_of_it(net):
    train(net)
    info = fitprint.log_model(net, "checkpoint")
    assert info.run is fitprint.run_of(net)
    net.update([1.0])
    assert seen() == [("Net", "RUNNING")]
    fitprint.disable()
    assert sorted(fitprint.last_run().models) == ["checkpoint", "model"]


def test_the_model_may_be_found_from_what_steps(looping):
    net = looping.Net()
    optimizer = looping.Optimizer(net)
    for _ in range(3):
        optimizer.step()
    run = fitprint.last_run()
    assert fitprint.run_of(net) is fitprint.run_of(optimizer) is run
    fitprint.disable()
    assert fitprint.load_model(run.model_path).unwrap().level == 3.0


def test_steps_of_many_threads_are_one_run(net):
    barrier = threading.Barrier(8)

    def work():
        barrier.wait()
        for _ in range(50):
            net.update([1.0])

    workers = [threading.Thread(target=work) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert seen() == [("Net", "RUNNING")]
    fitprint.disable()
    assert sorted(step for step, _ in fitprint.last_run().metric_history("loss")) == list(range(400))


def test_a_failing_stepped_is_said_once(net, monkeypatch, caplog):
    flavor = type(registry.entries()["toy"].flavor())
    calls = []

    def stepped(self, call, emit, step):
        calls.append(step)
        raise RuntimeError(f"step {step}")

    monkeypatch.setattr(flavor, "stepped", stepped)
    train(net)
    fitprint.disable()
    run = fitprint.last_run()
    assert calls == [0]
    assert [(skip.what, skip.rule) for skip in run.skipped] == [("per-iteration metrics", "error")]
    assert list(run.models) == ["model"]


def test_the_seconds_of_training_are_those_of_the_steps(net):
    train(net)
    fitprint.disable()
    seconds = fitprint.last_run().seconds
    assert seconds["training"] > 0
    assert seconds["recording"] > 0


def test_one_line_when_it_ends(net, caplog):
    fitprint.autolog("toy")
    with caplog.at_level("INFO"):
        train(net)
        assert caplog.messages == []
        fitprint.disable()
    assert len(caplog.messages) == 1
    assert caplog.messages[0].startswith("Net → ")


def test_a_held_object_that_nobody_else_uses_ends_its_loop_when_another_begins(looping, monkeypatch):
    monkeypatch.setattr(type(registry.entries()["toy"].flavor()), "holds_model", True)
    kept = train(looping.Net())
    gone = weakref.ref(train(looping.Net()))
    assert gone() is not None
    train(looping.Net())
    assert gone() is None
    assert seen() == [("Net", "RUNNING"), ("Net", "FINISHED"), ("Net", "RUNNING")]
    assert fitprint.runs()[1].model_path is not None
    train(kept)
    assert len(fitprint.runs()) == 3
