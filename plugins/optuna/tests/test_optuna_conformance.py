"""Optuna on the conformance kit."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("optuna", reason="needs optuna: run `make test-all`")

import optuna

from fitprint.testing import Budget, Case, FlavorConformance

optuna.logging.set_verbosity(optuna.logging.CRITICAL)

COUNT = 4


def study(**settings: Any) -> optuna.Study:
    return optuna.create_study(study_name="kit", sampler=optuna.samplers.RandomSampler(seed=0), **settings)


def objective(trial: optuna.Trial) -> float:
    return (trial.suggest_float("x", -1, 1) - 0.5) ** 2


def objectives(trial: optuna.Trial) -> tuple[float, float]:
    x = trial.suggest_float("x", -1, 1)
    return x**2, (x - 1) ** 2


def optimize(made: optuna.Study, function: Any = objective) -> optuna.Study:
    made.optimize(function, n_trials=COUNT)
    return made


def failing(trial: optuna.Trial) -> float:
    raise ValueError("no value")


def told(made: optuna.Study, count: int = COUNT) -> optuna.Study:
    for _ in range(count):
        trial = made.ask()
        made.tell(trial, objective(trial))
    return made


def told_wrongly(made: optuna.Study) -> None:
    told(made, 2)
    made.tell(99, 1.0)


def values(made: optuna.Study) -> dict[str, list[float]]:
    return {"value": [trial.value for trial in made.trials]}


PARAMS = {"study_name": "kit", "direction": "minimize", "sampler": "RandomSampler", "pruner": "MedianPruner"}
OF_PACKAGES = (
    "test_no_pickle_is_loaded_under_no_pickle",
    "test_it_loads_in_a_process_of_its_own",
    "test_stock_mlflow_loads_it",
    "test_its_loader_works_without_fitprint",
    "test_the_limit_of_the_size_is_obeyed",
    "test_packages_of_the_oldest_version_load",
    "test_the_package_is_complete",
    "test_the_native_model_comes_back",
    "test_load_model_predicts_as_the_model",
    "test_save_model_and_log_model_write_the_same",
    "test_golden_packages_still_load",
)
WITHOUT = {
    **dict.fromkeys(OF_PACKAGES, "a study has no package"),
    "test_early_stopping_is_told": "a study keeps its best trial, and no place where it stopped",
    "test_training_inside_training_is_one_run": "what is trained inside a study makes runs of its own, below it",
    "test_models_clone": "a study has no clone",
}


class TestOptuna(FlavorConformance):
    flavor = "optuna"
    budget = Budget(seconds=0.2)
    without = WITHOUT
    cases = (
        Case(
            "optimize",
            data=study,
            train=optimize,
            package=False,
            params=lambda made: {**PARAMS, "n_trials": COUNT, "best_x": made.best_params["x"]},
            history=values,
            fails=lambda made: optimize(made, failing),
        ),
        Case(
            "several objectives",
            data=lambda: study(directions=["minimize", "maximize"]),
            train=lambda made: optimize(made, objectives),
            package=False,
            params=lambda made: {"direction": ["minimize", "maximize"], "n_trials": COUNT},
            history=lambda made: {f"values_{n}": [trial.values[n] for trial in made.trials] for n in (0, 1)},
        ),
        Case(
            "ask and tell",
            data=study,
            loop=True,
            train=told,
            package=False,
            params=lambda made: PARAMS,
            history=values,
            fails=told_wrongly,
        ),
    )
