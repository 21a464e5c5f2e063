"""`fitprint.<flavor>.callback()`: the run is that of `autolog()`, and nothing is patched."""

from __future__ import annotations

import copy
import gc
import pickle
import sys
import threading
import weakref

import pytest
from sklearn.dummy import DummyClassifier

import fitprint
from fitprint._instrumentation.wrapper import ours

ROWS, LABELS = [[1.0], [2.0]], [1.0, 3.0]


@pytest.fixture
def toylearn(toy, store):
    return toy.imported()


def callback(**settings):
    return fitprint.toy.callback(strict=True, quiet=True, **settings)


def record(run):
    files = sorted(str(path.relative_to(run.path)) for path in run.path.rglob("*") if path.is_file())
    history = {name: run.metric_history(name) for name in run.metrics}
    return run.name, run.status, run.error, run.params, history, run.tags, files, run.skipped


def test_a_method_leaves_the_run_that_autolog_would(toylearn):
    model = toylearn.Telling().fit(ROWS, LABELS, weight=2.0, callback=callback())
    (by_callback,) = fitprint.runs()
    assert fitprint.run_of(model).run_id == by_callback.run_id
    assert by_callback.metric_history("level") == [(0, 4.0), (1, 5.0), (2, 6.0)]
    assert ours(vars(toylearn.Telling)["fit"]) is None

    fitprint.autolog("toy", strict=True, quiet=True)
    toylearn.Telling().fit(ROWS, LABELS, weight=2.0)
    by_autolog = fitprint.last_run()
    assert by_autolog.run_id != by_callback.run_id
    assert record(by_callback) == record(by_autolog)
    assert fitprint.load_model(by_callback.model_path).predict(ROWS) == model.predict(ROWS)


def test_a_function_says_why_it_has_no_package(toylearn):
    toylearn.train({"rate": 2.0}, ROWS, callback=callback())
    (run,) = fitprint.runs()
    assert (run.status, run.params, run.metrics) == ("FINISHED", {"rate": 2.0}, {"level": 6.0})
    assert [(skip.what, skip.rule) for skip in run.skipped] == [("model", "callback")]


def test_the_run_ends_when_the_call_returns_and_not_before(toylearn):
    seen = []
    follow = callback()

    def both(step, level):
        follow(step, level)
        seen.append([run.status for run in fitprint.runs()])

    toylearn.Telling().fit(ROWS, LABELS, callback=both)
    assert seen == [["RUNNING"]] * 3
    assert fitprint.last_run().params, "the model was whole when the run ended"
    assert [run.status for run in fitprint.runs()] == ["FINISHED"]


def test_several_trainings_with_one_callback(toylearn):
    follow = callback(tags={"of": "this callback"})
    for steps in (1, 2):
        toylearn.Telling().fit(ROWS, LABELS, steps=steps, callback=follow)
    assert [len(run.metric_history("level")) for run in fitprint.runs()] == [2, 1]
    assert {run.tags["of"] for run in fitprint.runs()} == {"this callback"}


def test_where_autolog_records_the_training_the_callback_adds_nothing(toylearn):
    follow = callback(tags={"by": "callback"})
    fitprint.autolog("toy", strict=True, quiet=True)
    toylearn.Telling().fit(ROWS, LABELS, callback=follow)
    (run,) = fitprint.runs()
    assert "by" not in run.tags
    assert len(run.metric_history("level")) == 3
    with fitprint.suppress():
        toylearn.Telling().fit(ROWS, LABELS, callback=follow)
    assert len(fitprint.runs()) == 1
    fitprint.disable()
    toylearn.Telling().fit(ROWS, LABELS, callback=follow)
    assert fitprint.last_run().tags["by"] == "callback"


def test_inside_the_training_the_run_is_active_and_other_trainings_are_part_of_it(toylearn):
    follow = callback()
    fitprint.autolog("sklearn", strict=True, quiet=True)

    def both(step, level):
        follow(step, level)
        fitprint.log_metric("mine", step)
        DummyClassifier().fit(ROWS, LABELS)

    toylearn.Telling().fit(ROWS, LABELS, callback=both)
    (run,) = fitprint.runs()
    assert (run.name, run.metrics["mine"]) == ("Telling", 2.0)
    DummyClassifier().fit(ROWS, LABELS)
    assert fitprint.last_run().name == "DummyClassifier", "afterwards a training is an outermost one again"


def fail_at(step_to_fail, follow):
    def both(step, level):
        follow(step, level)
        if step == step_to_fail:
            raise ValueError("the user's own")

    return both


def test_a_training_that_fails(toylearn):
    follow = callback()
    try:
        toylearn.Telling().fit(ROWS, LABELS, callback=fail_at(1, follow))
    except ValueError:
        assert [run.status for run in fitprint.runs()] == ["RUNNING"]
    (run,) = fitprint.runs()
    assert (run.status, run.error["type"]) == ("FAILED", "NotReturned")
    assert run.model_path is None
    assert len(run.metric_history("level")) == 2
    toylearn.Telling().fit(ROWS, LABELS, callback=follow)
    assert fitprint.last_run().status == "FINISHED"


def test_a_training_that_fails_in_a_block_has_its_error(toylearn):
    with pytest.raises(ValueError, match="own"), fitprint.start_run("mine"):
        toylearn.Telling().fit(ROWS, LABELS, callback=fail_at(1, callback()))
    (run,) = fitprint.runs()
    assert (run.name, run.status) == ("mine", "FAILED")
    assert run.error == {"type": "ValueError", "message": "the user's own"}


def test_after_a_failed_training_whose_traceback_is_kept_others_are_recorded(toylearn):
    follow, kept = callback(), []
    for _ in range(2):
        try:
            toylearn.Telling().fit(ROWS, LABELS, callback=fail_at(1, follow))
        except ValueError as error:
            kept.append(error)
    fitprint.autolog("toy", strict=True, quiet=True)
    toylearn.Mean().fit(ROWS, LABELS)
    assert (fitprint.last_run().name, fitprint.last_run().parent_id) == ("Mean", None)
    kept.clear()
    gc.collect()
    assert sorted(run.status for run in fitprint.runs()) == ["FAILED", "FAILED", "FINISHED"]


def test_a_handled_error_inside_the_training_that_somebody_keeps(toylearn):
    """The frame of the call lives on then: the run ends with the next training of the callback."""
    follow, kept = callback(), []

    class Careful(toylearn.Telling):
        def fit(self, *args, **kwargs):
            super().fit(*args, **kwargs)
            try:
                raise KeyError("handled")
            except KeyError as error:
                kept.append(error)
            return self

    Careful().fit(ROWS, LABELS, callback=follow)
    Careful().fit(ROWS, LABELS, callback=follow)
    kept.clear()
    assert len(fitprint.runs()) == 2


def test_what_a_block_and_settings_say_holds(toylearn):
    with fitprint.start_run("mine") as run:
        toylearn.Telling().fit(ROWS, LABELS, callback=callback(exclude_params="sh*"))
    assert len(fitprint.runs()) == 1
    assert (run.status, run.params, run.metrics["level"]) == ("FINISHED", {}, 4.0)
    toylearn.Telling().fit(ROWS, LABELS, callback=callback(disabled=True))
    toylearn.Telling().fit(ROWS, LABELS, callback=callback(rules=[lambda call: "not this one"]))
    toylearn.Telling().fit(ROWS, LABELS, callback=callback(min_fit_seconds=100))
    assert len(fitprint.runs()) == 1


def test_wrong_settings_and_flavors_without_callbacks(toylearn):
    with pytest.raises(TypeError, match=r"fitprint.toy.callback\(\) has no argument 'stor'; did you mean 'store'"):
        fitprint.toy.callback(stor="here")
    with pytest.raises(NotImplementedError, match=r"sklearn has no callback: turn recording on by fitprint.autolog"):
        fitprint.sklearn.callback()


def test_copies_and_pickles_record_trainings_of_their_own(toylearn):
    follow = callback(tags={"of": "the first"})
    for copied in (copy.copy(follow), copy.deepcopy(follow), pickle.loads(pickle.dumps(follow))):
        toylearn.Telling().fit(ROWS, LABELS, callback=copied)
    assert [run.tags["of"] for run in fitprint.runs()] == ["the first"] * 3


def test_nothing_of_the_user_is_kept(toylearn):
    class Rows(list):
        pass

    follow, rows = callback(), Rows(ROWS)
    model = toylearn.Telling().fit(rows, LABELS, callback=follow)
    references = [weakref.ref(rows), weakref.ref(model)]
    del rows, model
    assert [reference() for reference in references] == [None, None]


def test_threads_leave_a_run_each(toylearn):
    barrier = threading.Barrier(3)

    def train(steps):
        barrier.wait()
        toylearn.Telling().fit(ROWS, LABELS, steps=steps, callback=callback())

    threads = [threading.Thread(target=train, args=(steps,)) for steps in (1, 2, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(len(run.metric_history("level")) for run in fitprint.runs()) == [1, 2, 3]
    assert {run.status for run in fitprint.runs()} == {"FINISHED"}


def test_a_callback_in_another_thread_than_the_call(toylearn):
    """Then the call is not found, and the framework has to tell of the end."""
    from fitprint._api.callbacks import CallbackRecorder
    from fitprint._settings.layers import current

    recorder = CallbackRecorder("toy", current().with_scope("toy", {"strict": True, "quiet": True}))
    model = toylearn.Mean(shift=2.0)
    recorder.begin(lambda call, emit: emit("level", 1.0, 0), model)
    assert [run.status for run in fitprint.runs()] == ["RUNNING"]
    model.mean_ = 1.0
    recorder.end()
    (run,) = fitprint.runs()
    assert (run.status, run.name, run.metrics["level"]) == ("FINISHED", "Mean", 1.0)
    assert run.model_path is not None
    recorder.begin(instance=model)
    recorder.end(OverflowError("too much"))
    assert fitprint.last_run().error == {"type": "OverflowError", "message": "too much"}


def test_a_debugger_that_takes_the_frame_over(toylearn):
    """As `pdb.set_trace()` does with every frame around it."""
    follow = callback()

    def both(step, level):
        follow(step, level)
        if step == 1:
            sys._getframe(1).f_trace = lambda *event: None

    toylearn.Telling().fit(ROWS, LABELS, callback=both)
    (run,) = fitprint.runs()
    assert (run.status, len(run.metric_history("level"))) == ("RUNNING", 3), "its end was not seen"
    toylearn.Telling().fit(ROWS, LABELS, callback=follow)
    assert [run.status for run in fitprint.runs()] == ["FINISHED", "FAILED"]


def test_a_traced_program(toylearn):
    def trace(frame, event, argument):
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        toylearn.Telling().fit(ROWS, LABELS, callback=callback())
    finally:
        sys.settrace(before)
    assert [run.status for run in fitprint.runs()] == ["RUNNING"], "its end cannot be seen"


DIES = """
import fitprint, toylearn

def fail(step, level, follow=fitprint.toy.callback(quiet=True)):
    follow(step, level)
    if step == 1:
        raise {error}

toylearn.Telling().fit([[1.0]], [1.0], callback=fail)
"""


@pytest.mark.parametrize(
    ("error", "status", "kind"),
    [
        ("OverflowError('too much')", "FAILED", "OverflowError"),
        ("KeyboardInterrupt", "KILLED", "KeyboardInterrupt"),
        ("SystemExit(3)", "FAILED", "NotReturned"),  # which Python does not keep until its end
    ],
)
def test_a_program_that_ends_with_the_error(toy, store, run_python, error, status, kind):
    plain = run_python(DIES.replace("{error}", error).replace("follow(step, level)", ""), check=False)
    done = run_python(DIES.replace("{error}", error), check=False)
    assert (done.returncode, done.stdout) == (plain.returncode, plain.stdout)
    (run,) = fitprint.runs()
    assert (run.status, run.error["type"]) == (status, kind)
