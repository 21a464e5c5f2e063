"""Checks: the predictions of a recorded model are recognised, and metrics of them are added to its run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

import fitprint
from fitprint._core import call_scope
from fitprint._runs import predictions
from fitprint.plugin.entry_points import Role
from fitprint.testing.bench import Bench
from fitprint.testing.case import Case, needs


class ScoringChecks:
    """What follows a training, for flavors that patch calls of the roles `Role.PREDICTS` and `Role.SCORES`."""

    def test_its_scores_are_checked(self, bench: Bench) -> None:
        """A flavor that patches calls which make metrics has a case that makes some."""
        if Role.SCORES in _roles(bench) and not any(case.scores for case in bench.cases):
            pytest.fail("the flavor has patches of Role.SCORES, and no Case gives scores to check them", pytrace=False)

    def test_predictions_are_known(self, bench: Bench) -> None:
        """What a recorded model predicts is known to come from its run, in one case at least."""
        if Role.PREDICTS not in _roles(bench):
            return
        known = False
        for case in bench.cases:
            if case.predict is None:
                continue
            trained, run = bench.recorded(case)
            predicted = case.predict(trained.model, case.rows_of(trained.data))
            for origin in filter(None, map(predictions.find_origin, _parts(predicted))):
                assert origin.run.run_id == run.run_id, f"what {case.name} predicts is taken for that of {origin.run}"
                known = True
        assert known, (
            "what `predict` of the cases returns is not known to come from their models: look at the patches of "
            "Role.PREDICTS, at predicts_with(), which has to return the very model that the user has, and at "
            "predictions(), which has to return the object that the user gets"
        )

    @needs("scores", where_given=True)
    def test_a_score_reaches_the_run_of_the_model(self, bench: Bench, case: Case) -> None:
        """A metric that is made of a recorded model's predictions is on its run, and is the same as without."""
        trained, run = bench.recorded(case)
        before = dict(run.metrics)
        scores = _scores(case, trained.result, trained.data)
        metrics = _metrics(run.run_id)
        wrong = {name: (value, metrics.get(name)) for name, value in scores.items() if metrics.get(name) != value}
        assert not wrong, (
            f"the scores of {case.name} are not on its run (the Case's, the run's): {wrong}; new there are "
            f"{sorted(metrics.keys() - before.keys())}: look at the patches of Role.SCORES, and at "
            "scored_predictions(), scores() and score_name() of the flavor"
        )
        bench.off()
        without = _scores(case, trained.result, trained.data)
        assert without == scores, f"without recording, the scores of {case.name} are different: {without}, not {scores}"

    @needs("scores", where_given=True)
    def test_a_score_inside_another_call_is_no_metric(self, bench: Bench, case: Case) -> None:
        """What a training scores inside is its own affair."""
        trained, run = bench.recorded(case)
        before = _metrics(run.run_id)
        session = call_scope.Session()
        token = call_scope.enter(session)  # as while any flavor records a call
        try:
            _scores(case, trained.result, trained.data)
        finally:
            session.open = False
            call_scope.leave(token)
        after = _metrics(run.run_id)
        assert after == before, f"scores made inside another recorded call are metrics of {case.name}: {after}"


def _roles(bench: Bench) -> set[Role]:
    return {patch.role for patch in bench.flavor.patches()}


def _scores(case: Case, result: Any, data: Any) -> Mapping[str, float]:
    assert case.scores is not None
    return case.scores(result, data)


def _metrics(run_id: str) -> Mapping[str, float]:
    return next(run.metrics for run in fitprint.runs() if run.run_id == run_id)


def _parts(predicted: Any) -> Iterator[Any]:
    yield predicted
    if isinstance(predicted, (list, tuple)):
        for part in predicted:
            yield from _parts(part)
    elif isinstance(predicted, Mapping):
        yield from predicted.values()
