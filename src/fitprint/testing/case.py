"""What a plugin's author declares: how to train, what has to come of it, and which checks do not apply and why."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import pytest

if TYPE_CHECKING:
    from fitprint._runs.run import Run


def _itself(trained: Any) -> Any:
    return trained


def _newest(runs: Sequence[Run]) -> Run:
    return runs[0]


@dataclass(frozen=True)
class Budget:
    """What recording one call may cost beyond the call itself: the larger of the two.

    It is CPU time of the calling thread.
    """

    seconds: float = 0.0
    """A duration."""
    ratio: float = 0.0
    """A part of the time that the call takes without recording."""


@dataclass(frozen=True)
class Case:
    """One way to train. Every function is called many times, with recording on and off, and in other processes."""

    name: str
    """The name of the case in the ids of the tests."""
    data: Callable[[], Any]
    """Makes everything that is handed to the framework, anew at each call: best as a dict, with lists of callbacks."""
    train: Callable[[Any], Any]
    """(data) -> what the framework returns. The same data has to train the same model: fix the seeds."""
    loop: bool = False
    """Whether `train` makes the steps of a training loop (`Role.STEP`) and nothing that ends it."""
    ends: Callable[[Any], Any] | None = None
    """(what `train` returned): what the user does after the last step of a loop, such as saving the model. None if the
    loop only ends with its `start_run` block or its process, which the kit does for every loop."""
    by_callback: Callable[[Any, Any], Any] | None = None
    """(data, callback) -> what `train` returns: the same training, with what ``fitprint.<flavor>.callback()`` returns
    added as users do it. For flavors that have a callback."""
    callback_differs: Mapping[str, str] = field(default_factory=dict)
    """Parts of the run that differ between the callback and `autolog()`, as the check names them (``param seed``),
    each with the reason: such as arguments that the framework changes before it calls its callbacks."""
    model: Callable[[Any], Any] = _itself
    """(what `train` returned) -> the model, if that is something else."""
    rows: Callable[[Any], Any] | None = None
    """(data) -> the rows to predict; by default the data itself."""
    predict: Callable[[Any, Any], Any] | None = None
    """(model, rows) -> what the framework itself predicts, which the package's `predict` has to return too. None if the
    model cannot predict."""
    scores: Callable[[Any, Any], Mapping[str, float]] | None = None
    """(what `train` returned, data) -> the metrics that the run of the model has to have once this was called, by their
    names: what users write to score a model, such as ``{"score_X": model.score(X, y)}``. For flavors with patches of
    `Role.SCORES`."""
    package: bool = True
    """Whether the training leaves a package."""
    params: Callable[[Any], Mapping[str, Any]] | None = None
    """(what `train` returned) -> all params that the run has to have."""
    history: Callable[[Any], Mapping[str, Sequence[float]]] | None = None
    """(what `train` returned) -> the framework's own history: the values, in order, of each recorded metric."""
    stopped: Callable[[Any], Mapping[str, float]] | None = None
    """(what `train` returned) -> the metrics that tell where early stopping ended the training."""
    nested: Callable[[Any], Any] | None = None
    """(data): a training that trains models of this flavor inside; all of it is one run."""
    fails: Callable[[Any], Any] | None = None
    """(data): a training that the framework refuses with an error of its own; of a loop, its last step.

    Its message has to be the same each time: without a time of day or an address.
    """
    breaks_off: Callable[[Any], Any] | None = None
    """(data): a training that an error or a KeyboardInterrupt ends after it has learned something, such as one that a
    callback of the user's raises. Of a loop it is its last step, on a model that the data holds afterwards. With
    `keep_incomplete` it leaves a package. None if the framework leaves no model then."""
    clone: Callable[[Any], Any] | None = None
    """The framework's own way to copy a model, untrained."""
    pickles: bool = True
    """Whether the framework's models can be pickled."""
    copies: bool = True
    """Whether `copy.copy` and `copy.deepcopy` work on them."""
    runs: int = 1
    """The number of outermost runs that one training leaves."""
    run: Callable[[Sequence[Run]], Run] = _newest
    """(these runs, newest first) -> the run of the model."""
    tolerance: float = 1e-6
    """How much predictions may differ, relative to their size."""
    same_prediction: Callable[[Any, Any], bool] | None = None
    """(expected, actual) -> whether they are the same, for predictions that are neither numbers, strings, arrays,
    DataFrames nor lists of these."""

    def trained(self, data: Any) -> Any:
        """Return what `train` returns for this data, after ending a loop as `ends` does."""
        result = self.train(data)
        if self.ends is not None:
            self.ends(result)
        return result

    def rows_of(self, data: Any) -> Any:
        """Return what is predicted on."""
        return self.rows(data) if self.rows is not None else data


DECLARED = "the plugin says why: "
"""The beginning of the reason why a plugin declares that a check does not hold; CI may accept such a skip."""

TO_FILL_IN = "FILL IN"
"""The beginning of a reason that `fitprint new-flavor` has written, and that the author has not replaced yet."""

_Check = TypeVar("_Check", bound=Callable[..., Any])


def needs(*fields: str, where_given: bool = False) -> Callable[[_Check], _Check]:
    """Decorate a check that runs for those cases only that give these fields of `Case`.

    Args:
        fields: The fields.
        where_given: Whether a flavor may have no such case, and then need not say why.
    """

    def decorate(check: _Check) -> _Check:
        check.needed = fields  # type: ignore[attr-defined]
        check.where_given = where_given  # type: ignore[attr-defined]
        return check

    return decorate


class Conformance:
    """Checks that a subclass inherits as a whole: it may neither override nor remove one."""

    without: ClassVar[Mapping[str, str]] = {}
    """Checks that do not hold, each with its reason: ``test_copies``, or ``test_copies[booster]`` for one case."""
    cases: ClassVar[Sequence[Case]] = ()

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Run a check once for each case that gives what the check needs."""
        if "case" in metafunc.fixturenames:
            cases = [case for case in self.cases if _gives(case, getattr(metafunc.function, "needed", ()))]
            params: list[Any] = [pytest.param(case, id=case.name) for case in cases]
            metafunc.parametrize("case", params or [pytest.param(None, id="no case")])

    @pytest.fixture(autouse=True)
    def _complete(self, request: pytest.FixtureRequest) -> None:
        """Before every check: fail if checks are missing.

        A check that the plugin declares as not holding is skipped with its reason.
        """
        __tracebackhide__ = True
        wrong = list(problems(type(self)))
        if wrong:
            pytest.fail("\n".join(wrong), pytrace=False)
        name = request.function.__name__
        params = getattr(getattr(request.node, "callspec", None), "params", {})
        case = params.get("case")
        reason = self.without.get(name) or (case is not None and self.without.get(f"{name}[{case.name}]"))
        if reason and reason.startswith(TO_FILL_IN):
            pytest.fail(f"`without` of {type(self).__name__} gives no reason yet: {reason}", pytrace=False)
        if reason:
            pytest.skip(DECLARED + reason)
        if "case" in params and case is None:
            fields = " and ".join(getattr(request.function, "needed", ())) or "anything"
            if getattr(request.function, "where_given", False):
                pytest.skip(f"{DECLARED}no case of {type(self).__name__} gives {fields}")
            pytest.fail(
                f"no case of {type(self).__name__} gives {fields}, so this is not checked. Give it in a Case (see "
                f'fitprint.testing.Case), or say why there is none: without = {{"{name}": "the reason"}}',
                pytrace=False,
            )

    def test_no_check_is_dropped(self) -> None:
        """Every check is there as fitprint defines it, and what is left out has its reason."""
        wrong = list(problems(type(self)))
        assert not wrong, "\n".join(wrong)


def problems(kind: type[Conformance]) -> Iterator[str]:
    """Yield what a class leaves out of the checks that it inherits, and what its declarations get wrong."""
    base = next(cls for cls in kind.__mro__ if cls.__module__.startswith("fitprint.testing."))
    checks = checks_of(base)
    for name, check in checks.items():
        if inspect.getattr_static(kind, name, None) is not check:
            yield (
                f"{kind.__name__} overrides or removes {name}: checks are inherited as they are; one that cannot hold "
                f'is declared: without = {{"{name}": "the reason"}}'
            )
    cases = {case.name for case in kind.cases}
    for name, reason in kind.without.items():
        check_name, _, case_name = name.partition("[")
        if (
            check_name not in checks
            or check_name == "test_no_check_is_dropped"
            or (case_name and case_name[:-1] not in cases)
        ):
            known = ", ".join(sorted(checks))
            yield f"{kind.__name__}.without names {name!r}, which is not a check; the checks are: {known}"
        elif not isinstance(reason, str) or not reason.strip():
            yield f"{kind.__name__}.without gives no reason for {name}"
    if len(cases) < len(kind.cases):
        yield f"{kind.__name__}: two of its cases have the same name"


def checks_of(base: type) -> dict[str, Any]:
    """Return the checks of a class of the kit by name, and the fixtures that they depend on."""
    names = [name for name in dir(base) if name.startswith(("test_", "pytest_")) or name == "_complete"]
    return {name: inspect.getattr_static(base, name) for name in names}


def _gives(case: Case, fields: Sequence[str]) -> bool:
    return all(getattr(case, field) not in (None, False) for field in fields)
