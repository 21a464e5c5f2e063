"""Optuna's flavor: the answers to the questions of fitprint's plugin contract."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from optuna.trial import FrozenTrial

from fitprint.plugin import Emit, Flavor, Package, Patch, Role, SaveContext, TrainingCall
from fitprint_optuna import _studies, _tables, _trials

_NO_MODEL = "a study has no model; the models that its objective trains are in the runs of its trials"


class OptunaFlavor(Flavor):
    """Optuna: ``Study.optimize`` with its trials, and studies by ``ask`` and ``tell``."""

    api_version = (2, 0)
    holds_model = True  # a study is small, and its table is made when the loop of `tell` ends

    def patches(self) -> Sequence[Patch]:
        return [
            Patch("optuna.study.study", "Study.optimize", subclasses=True, role=Role.GROUPS),
            Patch("optuna.study._optimize", "_run_trial", role=Role.GROUPS),
            Patch("optuna.study.study", "Study.ask", subclasses=True, role=Role.WATCHED),
            Patch("optuna.study.study", "Study.tell", subclasses=True, role=Role.STEP),
        ]

    def loop_of(self, call: TrainingCall) -> Any:
        """Return the study, unless `optimize` is at work on it in this thread."""
        study = call.instance
        return None if study is None or _studies.is_optimizing(study) else study

    def continues(self, call: TrainingCall) -> bool:
        return call.instance is not None  # a study is one run, however many calls of `optimize` it takes

    def watched(self, call: TrainingCall) -> None:
        """Note which trial a call of ``_run_trial`` is about. In the loops of `ask` and `tell` nobody asks for it."""
        call.cache.setdefault("trial_id", call.result._trial_id)

    def run_name(self, call: TrainingCall, model: Any = None) -> str:
        if _is_trial(call):
            trial = _trials.trial_of(call)
            return f"trial {trial.number}" if trial is not None else "trial"
        return _studies.name_of(_study_of(call))

    def params(self, call: TrainingCall) -> Mapping[str, Any]:
        return {} if _is_trial(call) else _studies.params(_study_of(call), call)

    def listen(self, call: TrainingCall, emit: Emit) -> Callable[[], None] | None:
        if not _is_trial(call):
            names = _studies.value_names(call.instance)

            def note(study: Any, trial: FrozenTrial) -> None:
                _emit_values(emit, names, trial)

            call.replace_argument("callbacks", _Callbacks(call.wrap(note), call.argument("callbacks")))
        return None

    def stepped(self, call: TrainingCall, emit: Emit, step: int) -> None:
        if "names" not in call.cache:
            call.cache["names"] = _studies.value_names(call.loop)
        if isinstance(call.result, FrozenTrial):
            _emit_values(emit, call.cache["names"], call.result)

    def model(self, call: TrainingCall) -> Any:
        if not _is_trial(call):
            call.skip("model", "flavor", _NO_MODEL)
        return None

    def late_params(self, call: TrainingCall) -> Mapping[str, Any]:
        if _is_trial(call):
            trial = _trials.trial_of(call)
            return dict(trial.params) if trial is not None else {}
        return _studies.best_params(_study_of(call))

    def metrics(self, call: TrainingCall) -> Mapping[str, float]:
        if _is_trial(call):
            return _trials.metrics(call)
        return _studies.metrics(_study_of(call)) if _study_of(call) is not None else {}

    def artifacts(self, call: TrainingCall) -> Mapping[str, Any]:
        return {} if _is_trial(call) else _tables.tables(_study_of(call))

    def tags(self, call: TrainingCall) -> Mapping[str, str]:
        return _trials.tags(call) if _is_trial(call) else _studies.tags(_study_of(call))

    def failure(self, call: TrainingCall) -> str | None:
        return _trials.failure(call) if _is_trial(call) else None

    def rank(self, call: TrainingCall) -> Any:
        return _trials.rank(call) if _is_trial(call) else None

    def worst(self, ranks: Sequence[Any]) -> int:
        return _trials.worst(ranks)

    def save(self, model: Any, package: Package, context: SaveContext) -> NoReturn:
        raise TypeError(_NO_MODEL)

    def load(self, folder: Path, config: Mapping[str, Any]) -> NoReturn:
        raise TypeError(_NO_MODEL)


class _Callbacks:
    """The callbacks of a study, with one more before them.

    Optuna asks for the user's after each trial anew: they may have changed meanwhile, or raise.
    """

    def __init__(self, first: Any, others: Any) -> None:
        self._first, self._others = first, others

    def __iter__(self) -> Iterator[Any]:
        yield self._first
        if self._others is not None:
            yield from self._others


def _is_trial(call: TrainingCall) -> bool:
    return call.name == "_run_trial"


def _study_of(call: TrainingCall) -> Any:
    """Return the study of `optimize`, or that of a loop of `tell`; None if the latter does not exist any more."""
    return call.instance if call.instance is not None else call.loop


def _emit_values(emit: Emit, names: Sequence[str], trial: FrozenTrial) -> None:
    if _trials.is_complete(trial):
        for name, value in zip(names, trial.values, strict=False):
            emit(name, value, trial.number)
