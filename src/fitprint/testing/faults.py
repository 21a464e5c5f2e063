"""Checks: whatever fails in recording, the user's training is as it would be without it."""

from __future__ import annotations

from typing import Any

import pytest

from fitprint._runs.writer import RunWriter
from fitprint.testing.bench import Bench, Trained
from fitprint.testing.case import Case
from fitprint.testing.comparing import difference

_STEPS = ("params", "listen", "model", "metrics", "late_params", "artifacts", "tags", "children", "data", "target")
_PACKAGING = ("sample", "predict", "save", "size", "requirements", "run_name")
_SAID = ("params", "listen", "model", "metrics", "save")


class FaultChecks:
    """Every step of the flavor, the store, and the flavor's callbacks fail in turn."""

    @pytest.mark.parametrize("step", [*_STEPS, *_PACKAGING])
    def test_a_failing_step_costs_itself_alone(
        self, bench: Bench, case: Case, step: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Each method of the flavor raises in turn: the training is unharmed, its run is there and says so."""
        expected = bench.train(case)
        called: list[str] = []
        original = getattr(bench.flavor, step)

        def fail(*args: Any, **kwargs: Any) -> Any:
            called.append(step)
            if step == "save":
                args[1].write("half", "written")
            raise RuntimeError(f"{step} failed, as this check wants it")

        monkeypatch.setattr(bench.flavor, step, fail)
        bench.on(strict=False)
        trained = bench.train(case)
        monkeypatch.setattr(bench.flavor, step, original)
        _unharmed(case, expected, trained, f"{step}() failed")
        bench.expect_runs(case.runs, trained.runs, f"a training of {case.name} in which {step}() failed")
        run = case.run(trained.runs)
        if called and step in _SAID:
            assert run.skipped, f"{step}() failed, and `skipped` does not say so"
        if step == "save" and called:
            assert run.models == {}, "save() failed, and there is a package all the same"
            assert not list(run.path.rglob("half")), "save() failed, and half a package was left"

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
        result = case.train(data := case.data())
        _unharmed(case, expected, Trained(result, case.model(result), data, []), "the store cannot be written")


def _unharmed(case: Case, expected: Trained, found: Trained, when: str) -> None:
    assert type(found.result) is type(expected.result), f"when {when}, the training gives a {type(found.result)}"
    if case.predict is not None:
        first, second = (case.predict(each.model, case.rows_of(each.data)) for each in (expected, found))
        wrong = difference(first, second, case.tolerance)
        assert wrong is None, f"when {when}, another model is trained, {wrong}: look at listen()"
