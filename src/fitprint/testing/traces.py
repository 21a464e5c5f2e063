"""Checks: recording changes nothing that belongs to the user, whatever fails in it."""

from __future__ import annotations

import copy
import gc
import os
import pickle
import random
import sys
import traceback
import weakref
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from fitprint._runs.writer import RunWriter
from fitprint.testing.bench import Bench, Trained
from fitprint.testing.calls import failure
from fitprint.testing.case import Case, needs
from fitprint.testing.comparing import changes, contents, difference, state


class TraceChecks:
    """What the user gets is as without recording.

    This covers the result, the exception, the data, pickles and copies, random numbers, warnings and output.
    """

    def test_the_result_is_as_without_recording(self, bench: Bench, case: Case) -> None:
        """The result has the same types, the same attributes and the same predictions."""
        plain = _described(case, bench.train(case))
        again = _described(case, bench.train(case))
        assert _same(plain, again, case), (
            f"without any recording the case {case.name} gives another result each time: fix its seeds. {plain} {again}"
        )
        bench.on()
        recorded = _described(case, bench.train(case))
        for about, value in plain.items():
            wrong = difference(value, recorded[about], case.tolerance)
            assert wrong is None, (
                f"with recording, {about} is different: {wrong}; look at listen() and metrics(): they may not change "
                "the model, its params or its callbacks, nor leave anything of theirs in it"
            )

    @needs("fails")
    def test_the_exception_is_as_without_recording(self, bench: Bench, case: Case) -> None:
        """The exception has the same type, message, arguments, cause and traceback."""
        plain = _of_error(failure(case))
        bench.on(strict=False)
        recorded = _of_error(failure(case))
        assert recorded == plain, (
            "with recording, the exception of a failing training is different, or passes through other frames: look "
            f"at listen(): what it puts into the call must not catch.\nwithout: {plain}\nwith: {recorded}"
        )

    def test_what_is_handed_over_is_not_changed(self, bench: Bench, case: Case) -> None:
        """Lists, dicts, arrays and objects hold what they held, except for what the framework itself changes."""
        changed = []
        for recording in (False, True):
            if recording:
                bench.on()
            data = case.data()
            before = contents(data)
            bench.train(case, data)
            changed.append(changes(before, contents(data)))
        more, fewer = ([place for place in changed[a] if place not in changed[b]] for a, b in ((1, 0), (0, 1)))
        assert not more, (
            f"recording changed what the user handed over: {more[:10]}; look at listen(): it puts new args or kwargs "
            "in place, with copies of the lists and dicts that the user passed"
        )
        assert not fewer, (
            f"without recording the training changes {fewer[:10]}, with it these stay as they were; look at listen(): "
            "the user's own callbacks and lists have to reach the framework beside those of the plugin"
        )

    def test_predicting_leaves_the_model_as_it_is(self, bench: Bench, case: Case) -> None:
        """What a recording predicts, for metrics and the signature, leaves the model as the training made it."""
        bench.train(case)  # the framework may compute something once
        plain = state(bench.train(case).model)
        bench.on()
        recorded = state(bench.train(case).model)
        bench.off()
        again = state(bench.train(case).model)  # after the recorded one: a time of day in the model has passed on too
        changed = {*changes(plain, recorded)} - {*changes(plain, again)}
        assert not changed, (
            f"after a recorded training the model differs from an unrecorded one in {sorted(changed)[:10]}; look at "
            "metrics(), predict() and save(): what they call of the framework may not change the model; let them work "
            "on a copy, or put back what they change"
        )

    def test_nothing_is_kept_alive(self, bench: Bench, case: Case) -> None:
        """Model and data are freed when the user lets go of them."""
        _alive(bench, case)  # the framework may keep something of a first call
        gc.freeze()  # what a large framework consists of need not be looked at again in each collection
        try:
            plain = _alive(bench, case)
            bench.on()
            _alive(bench, case)
            leaked = sorted(_alive(bench, case) - plain)
        finally:
            gc.unfreeze()
        assert not leaked, (
            f"after a recorded training these are kept alive: {leaked}; look for caches in the plugin (use weak "
            "references) and for callbacks of the plugin's that stay in the framework"
        )

    @needs("pickles")
    def test_models_pickle(self, bench: Bench, case: Case) -> None:
        """A pickle of a recorded model holds nothing of fitprint, and predicts as the model does."""
        trained, _ = bench.recorded(case)
        stream = pickle.dumps(trained.model)
        # a model may hold paths of its framework, in an environment whose folder has any name
        plain = stream.replace(os.fsencode(sys.prefix), b"")
        ours = [name for name in (b"fitprint", b"wrapt") if name in plain]
        assert not ours, f"the pickle of a recorded model names {ours}: look for what listen() leaves in the model"
        _predicts_alike(case, trained, pickle.loads(stream), "unpickled")

    @needs("copies")
    def test_models_copy(self, bench: Bench, case: Case) -> None:
        """`copy.copy` and `copy.deepcopy` of a recorded model predict as it does."""
        trained, _ = bench.recorded(case)
        _predicts_alike(case, trained, copy.copy(trained.model), "copied")
        _predicts_alike(case, trained, copy.deepcopy(trained.model), "deep-copied")

    @needs("clone")
    def test_models_clone(self, bench: Bench, case: Case) -> None:
        """The framework's own clone of a recorded model is like that of an unrecorded one."""
        assert case.clone is not None
        plain = case.clone(bench.train(case).model)
        trained, _ = bench.recorded(case)
        cloned = case.clone(trained.model)
        assert type(cloned) is type(plain), (
            f"the clone of a recorded model is a {type(cloned).__name__}, without recording a {type(plain).__name__}: "
            "look at what listen() and metrics() leave in the model"
        )
        assert _names(cloned) == _names(plain), (
            f"the clone of a recorded model has other attributes: {sorted({*_names(cloned)} ^ {*_names(plain)})}; "
            "look for what listen() and metrics() leave in the model"
        )

    def test_random_numbers_warnings_and_output_are_as_without(
        self,
        bench: Bench,
        case: Case,
        capfd: pytest.CaptureFixture[str],
        recwarn: pytest.WarningsRecorder,
    ) -> None:
        """The global random states afterwards, the warnings and the output are the same."""
        traces = []
        bench.train(case)  # a process warns or prints some things once
        for recording in (False, True):
            if recording:
                bench.on()
            recwarn.clear()
            capfd.readouterr()
            random.seed(7)
            np.random.seed(7)
            bench.train(case)
            drawn = random.random(), float(np.random.random())
            warned = [
                (warning.category.__name__, str(warning.message), warning.filename, warning.lineno)
                for warning in recwarn
            ]
            out, err = capfd.readouterr()
            traces.append(
                {"random numbers": drawn, "warnings": warned, "output": _untimed(out), "errors": _untimed(err)}
            )
        for about, value in traces[0].items():
            assert traces[1][about] == value, (
                f"with recording, the {about} of a training are different:\nwithout: {value}\n"
                f"with: {traces[1][about]}\n"
                "look at what the plugin calls of the framework in its steps"
            )


def _described(case: Case, trained: Trained) -> dict[str, Any]:
    description: dict[str, Any] = {
        "the type of the result": type(trained.result).__qualname__,
        "the attributes of the result": _names(trained.result),
        "the attributes of the model": _names(trained.model),
    }
    if case.predict is not None:
        description["the prediction"] = case.predict(trained.model, case.rows_of(trained.data))
    return description


def _same(first: Mapping[str, Any], second: Mapping[str, Any], case: Case) -> bool:
    return all(difference(first[name], second[name], case.tolerance) is None for name in first)


def _names(value: Any) -> list[str]:
    return sorted(vars(value)) if hasattr(value, "__dict__") else []


def _of_error(error: BaseException) -> dict[str, Any]:
    frames = [(frame.filename, frame.name) for frame in traceback.extract_tb(error.__traceback__)]
    return {
        "type": type(error).__qualname__,
        "message": str(error),
        "args": repr(error.args),
        "cause": repr(error.__cause__),
        "context": repr(error.__context__),
        "frames": frames,
    }


def _alive(bench: Bench, case: Case) -> set[str]:
    """Return what of a training still exists when nobody holds it any more."""
    watched = _watched(bench, case)
    for _ in range(3):
        gc.collect()
    return {place for place, reference in watched.items() if reference() is not None}


def _watched(bench: Bench, case: Case) -> dict[str, weakref.ref[Any]]:
    trained = bench.train(case)
    references = {}
    waiting = [("the model", trained.model), ("the result", trained.result), ("the data", trained.data)]
    while waiting:
        place, value = waiting.pop()
        if isinstance(value, Mapping):
            waiting += [(f"{place}[{key!r}]", item) for key, item in value.items()]
        elif isinstance(value, (list, tuple)) and len(value) < 100:
            waiting += [(f"{place}[{at}]", item) for at, item in enumerate(value)]
        if type(value).__weakrefoffset__ and not isinstance(value, type) and sys.getrefcount(value) < 1 << 30:
            references[place] = weakref.ref(value)
    return references


def _predicts_alike(case: Case, trained: Trained, other: Any, how: str) -> None:
    assert type(other) is type(trained.model), (
        f"a recorded model that was {how} is a {type(other).__name__}, and was a {type(trained.model).__name__}: look "
        "for what listen() leaves in the model"
    )
    if case.predict is None:
        return
    rows = case.rows_of(trained.data)
    wrong = difference(case.predict(trained.model, rows), case.predict(other, rows), case.tolerance)
    assert wrong is None, (
        f"a recorded model that was {how} predicts something else: {wrong}; look for what listen() leaves in the model"
    )


def _untimed(text: str) -> str:
    """Return output without its digits: frameworks print times."""
    return "".join(letter for letter in text if not letter.isdigit())


_STEPS = ("params", "listen", "model", "metrics", "late_params", "artifacts", "tags", "children", "data", "target")
_PACKAGING = ("sample", "predict", "save", "size", "requirements", "run_name")
_SAID = ("params", "listen", "model", "metrics", "save")


class FaultChecks:
    """Every step of the flavor, the store, and the flavor's callbacks fail in turn."""

    @pytest.mark.parametrize("step", [*_STEPS, *_PACKAGING])
    def test_a_failing_step_costs_itself_alone(
        self, bench: Bench, case: Case, step: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Each method of the flavor raises in turn.

        The training is unharmed, and its run exists and says what failed.
        """
        expected = bench.train(case)
        called: list[str] = []
        original = getattr(bench.flavor, step)

        def fail(*args: Any, **kwargs: Any) -> Any:
            called.append(step)
            if step == "save":
                args[1].write("half", "written")
            raise RuntimeError(f"{step} failed, because this check makes it fail")

        monkeypatch.setattr(bench.flavor, step, fail)
        bench.on(strict=False)
        trained = bench.train(case)
        monkeypatch.setattr(bench.flavor, step, original)
        _unharmed(case, expected, trained, f"{step}() failed")
        bench.expect_runs(case.runs, trained.runs, f"a training of {case.name} in which {step}() failed")
        run = case.run(trained.runs)
        if called and step in _SAID:
            assert run.skipped, (
                f"{step}() failed, and run.skipped does not say so: let its errors pass, and catch none by yourself"
            )
        if step == "save" and called:
            assert run.models == {}, (
                "save() failed, and yet there is a package: write with package.open() or package.path() alone"
            )
            assert not list(run.path.rglob("half")), (
                "save() failed, and half a package was left: write with package.open() or package.path() alone"
            )

    def test_a_failing_callback_harms_nothing(self, bench: Bench, case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
        """What receives the values of each iteration raises."""
        expected = bench.train(case)

        def fail(*args: Any, **kwargs: Any) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(RunWriter, "add_series", fail)
        bench.on(strict=False)
        trained = bench.train(case)
        _unharmed(case, expected, trained, "no metric could be kept")

    def test_a_store_that_cannot_be_written_harms_nothing(self, bench: Bench, case: Case) -> None:
        """The store is a file where a folder should be."""
        expected = bench.train(case)
        (bench.folder / "no-folder").write_text("a file")
        bench.on(strict=False, store=str(bench.folder / "no-folder" / "store"))
        result = case.trained(data := case.data())
        bench.end_loops()
        _unharmed(case, expected, Trained(result, case.model(result), data, []), "the store cannot be written")


def _unharmed(case: Case, expected: Trained, actual: Trained, when: str) -> None:
    assert type(actual.result) is type(expected.result), (
        f"when {when}, the training gives a {type(actual.result)} and not a {type(expected.result)}: look at what "
        "listen() has changed in the call before it failed"
    )
    if case.predict is not None:
        first, second = (case.predict(trained.model, case.rows_of(trained.data)) for trained in (expected, actual))
        wrong = difference(first, second, case.tolerance)
        assert wrong is None, (
            f"when {when}, another model is trained, {wrong}: look at what listen() has changed in the call before that"
        )
