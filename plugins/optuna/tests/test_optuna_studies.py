"""What is recorded of studies: one run each, with its trials below it and the objective's trainings below those."""

from __future__ import annotations

import csv
import gc
import io
import pickle
import threading
from typing import Any

import pytest

pytest.importorskip("optuna", reason="needs optuna: run `make test-all`")

import optuna
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import SGDRegressor

import fitprint
from fitprint_optuna._trials import Rank, worst

X, y = [[0.0], [1.0], [2.0], [3.0]], [0.0, 1.0, 2.0, 3.0]


@pytest.fixture(autouse=True)
def _on(recorded):
    return recorded


def create(**settings: Any) -> optuna.Study:
    return optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0), **settings)


def objective(trial: optuna.Trial) -> float:
    """Trains a model that predicts a constant."""
    constant = trial.suggest_float("constant", 0, 3)
    model = DummyRegressor(strategy="constant", constant=constant).fit(X, y)
    return float(sum(abs(model.predict(X) - y)))


def table(run: fitprint.Run, name: str = "trials.csv") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO((run.path / "artifacts" / name).read_text("utf-8"))))


def outermost() -> list[fitprint.Run]:
    return [run for run in fitprint.runs() if run.parent_id is None]


def test_a_study_is_one_run_with_its_best_trials_below_it():
    study = create(study_name="constants")
    study.set_user_attr("team", "x")
    study.optimize(objective, n_trials=8)
    (run,) = outermost()
    assert run.run_id == fitprint.run_of(study).run_id == fitprint.last_run().run_id
    assert (run.name, run.status, run.flavor, run.model_path) == ("constants", "FINISHED", "optuna", None)
    assert run.params == {
        "study_name": "constants",
        "direction": "minimize",
        "sampler": "RandomSampler",
        "pruner": "MedianPruner",
        "objective": "objective",
        "n_trials": 8,
        "timeout": None,
        "n_jobs": 1,
        "best_trial": study.best_trial.number,
        "best_constant": study.best_params["constant"],
    }
    assert run.tags["team"] == "x"
    assert run.metrics["best_value"] == study.best_value
    assert {name: value for name, value in run.metrics.items() if name.startswith("n_")} == {
        "n_trials": 8,
        "n_complete": 8,
        "n_pruned": 0,
        "n_failed": 0,
    }
    assert run.metric_history("value") == [(trial.number, trial.value) for trial in study.trials]
    by_value = sorted(study.trials, key=lambda trial: trial.value)[:5]
    assert {child.name for child in run.children} == {f"trial {trial.number}" for trial in by_value}
    for child in run.children:
        trial = study.trials[int(child.tags["trial"])]
        assert (child.params, child.metrics) == (trial.params, {"value": trial.value})
        assert child.tags["state"] == "COMPLETE"
        (fit,) = child.children
        assert fit.params["constant"] == trial.params["constant"]
        assert fitprint.load_model(fit.model_path).predict([[9.0]]) == [trial.params["constant"]]
    assert len(fitprint.runs()) == 11
    assert [skip.rule for skip in run.skipped] == ["flavor", "max_child_runs"]


def test_the_table_has_all_trials():
    def with_attributes(trial: optuna.Trial) -> float:
        trial.set_user_attr("list", [1, 2])
        kind = trial.suggest_categorical("kind", ["a", "b"])
        return trial.suggest_int("depth", 1, 3) if kind == "a" else 0.5

    study = create()
    study.optimize(with_attributes, n_trials=8)
    rows = table(fitprint.last_run())
    assert [int(row["number"]) for row in rows] == list(range(8))
    for row, trial in zip(rows, study.trials, strict=True):
        assert (row["state"], float(row["value"]), row["params_kind"]) == (
            "COMPLETE",
            trial.value,
            trial.params["kind"],
        )
        assert row["params_depth"] == str(trial.params.get("depth", ""))
        assert row["user_attrs_list"] == "[1, 2]"
        assert float(row["duration"]) == trial.duration.total_seconds()


def test_pruned_and_n_failed_are_told():
    def uneven(trial: optuna.Trial) -> float:
        trial.suggest_float("x", 0, 1)
        trial.report(0.5, 0)
        trial.report(0.25, 1)
        if trial.number == 0:
            raise optuna.TrialPruned
        if trial.number == 1:
            raise ValueError("no")
        return float("nan") if trial.number == 2 else 1.0

    study = create()
    study.optimize(uneven, n_trials=4, catch=ValueError)
    run = fitprint.last_run()
    assert [(child.tags["state"], child.status) for child in run.children] == [
        ("PRUNED", "FINISHED"),
        ("FAIL", "FAILED"),
        ("FAIL", "FAILED"),
        ("COMPLETE", "FINISHED"),
    ]
    assert "objective" in run.children[1].error["message"]
    assert run.children[0].metric_history("intermediate_value") == [(0, 0.5), (1, 0.25)]
    assert [row["state"] for row in table(run)] == ["PRUNED", "FAIL", "FAIL", "COMPLETE"]
    assert (run.metrics["n_pruned"], run.metrics["n_failed"]) == (1, 2)
    assert run.status == "FINISHED"


def test_n_complete_stay_before_pruned_and_failed_ones():
    def uneven(trial: optuna.Trial) -> float:
        if trial.number < 3:
            raise ValueError if trial.number else optuna.TrialPruned
        return 10.0 - trial.number

    fitprint.autolog(strict=True, quiet=True, max_child_runs=3)
    study = create(direction="maximize")
    study.optimize(uneven, n_trials=5, catch=(ValueError,))
    assert [child.name for child in fitprint.last_run().children] == ["trial 0", "trial 3", "trial 4"]


def test_several_objectives_have_a_pareto_front():
    def both(trial: optuna.Trial) -> tuple[float, float]:
        x, bad = trial.suggest_float("x", 0, 1), trial.suggest_float("bad", 0, 1)
        return x + bad, 1 - x + bad

    fitprint.autolog(strict=True, quiet=True, max_child_runs=2)
    study = create(directions=["minimize", "minimize"])
    study.optimize(both, n_trials=10)
    run = fitprint.last_run()
    front = {trial.number for trial in study.best_trials}
    assert {int(row["number"]) for row in table(run, "pareto_front.csv")} == front
    assert [float(row["values_1"]) for row in table(run)] == [trial.values[1] for trial in study.trials]
    assert run.metrics["n_pareto_front"] == len(front)
    assert "best_trial" not in run.params
    assert {int(child.tags["trial"]) for child in run.children} <= front


@pytest.mark.parametrize(
    ("ranks", "expected"),
    [
        ([(0, (1.0,)), (0, (3.0,)), (0, (2.0,))], 1),
        ([(0, (1.0,)), (0, (1.0,))], 1),
        ([(0, (1.0, 2.0)), (0, (2.0, 1.0)), (0, (3.0, 3.0)), (0, (0.0, 5.0))], 2),
        ([(0, (1.0, 2.0)), (0, (2.0, 1.0))], 1),
        ([(0, (9.0, 9.0)), (1, ()), (1, ())], 2),
        ([(0, (float("inf"),)), (0, (1.0,))], 0),
    ],
)
def test_the_worst_of_several_trials(ranks, expected):
    assert worst([Rank(*rank) for rank in ranks]) == expected


def test_names_of_the_objectives_are_used():
    study = create(direction="maximize")
    study.set_metric_names(["auc"])
    study.optimize(lambda trial: 0.5, n_trials=2)
    run = fitprint.last_run()
    assert (run.metrics["best_auc"], run.children[0].metrics) == (0.5, {"auc": 0.5})
    assert table(run)[0]["values_auc"] == "0.5"


def test_threads_each_have_their_trial():
    barrier = threading.Barrier(2)

    def together(trial: optuna.Trial) -> float:
        barrier.wait(30)
        fitprint.log_param("by_hand", trial.number)
        return objective(trial)

    study = create()
    study.optimize(together, n_trials=4, n_jobs=2)
    run = fitprint.run_of(study)
    assert len(run.children) == 4
    for child in run.children:
        assert child.params["by_hand"] == int(child.tags["trial"])
        assert [fit.params["constant"] for fit in child.children] == [child.params["constant"]]


def test_further_calls_go_on_with_the_run():
    study = create()
    study.optimize(objective, n_trials=3)
    first = fitprint.run_of(study)
    study.optimize(objective, n_trials=6)
    (run,) = outermost()
    assert run.run_id == first.run_id
    assert (run.metrics["n_trials"], len(run.children), len(table(run))) == (9, 5, 9)


def test_an_error_is_the_users_and_what_was_done_is_recorded():
    error = ZeroDivisionError("mine")

    def failing(trial: optuna.Trial) -> float:
        if trial.number == 2:
            raise error
        return objective(trial)

    study = create()
    with pytest.raises(ZeroDivisionError) as raised:
        study.optimize(failing, n_trials=5)
    assert raised.value is error
    run = fitprint.run_of(study)
    assert (run.status, run.error["type"], run.metrics["best_value"]) == (
        "FAILED",
        "ZeroDivisionError",
        study.best_value,
    )
    assert [child.status for child in run.children] == ["FINISHED", "FINISHED", "FAILED"]
    assert [row["state"] for row in table(run)] == ["COMPLETE", "COMPLETE", "FAIL"]


def test_ctrl_c_ends_a_study_and_its_run_has_what_was_done():
    def interrupted(trial: optuna.Trial) -> float:
        if trial.number == 2:
            raise KeyboardInterrupt
        return objective(trial)

    study = create()
    with pytest.raises(KeyboardInterrupt):
        study.optimize(interrupted)
    run = fitprint.run_of(study)
    assert (run.status, run.metrics["best_value"], len(table(run))) == ("KILLED", study.best_value, 3)


def test_callbacks_and_stop_work_as_before():
    called = []

    def stop(study: optuna.Study, trial: optuna.trial.FrozenTrial) -> None:
        called.append(trial.number)
        if trial.number == 1:
            study.stop()

    callbacks = [stop]
    study = create()
    study.optimize(objective, n_trials=5, callbacks=callbacks)
    assert (called, len(study.trials), callbacks) == ([0, 1], 2, [stop])
    assert fitprint.last_run().metrics["n_trials"] == 2


def test_callbacks_may_change_in_the_meantime_and_be_anything_to_go_through():
    numbers, late = [], []

    def note(study: optuna.Study, trial: optuna.trial.FrozenTrial) -> None:
        numbers.append(trial.number)
        if trial.number == 1:
            callbacks.append(lambda study, trial: late.append(trial.number))

    callbacks = [note]
    create().optimize(objective, n_trials=4, callbacks=callbacks)
    assert (numbers, late) == ([0, 1, 2, 3], [1, 2, 3])
    numbers.clear()
    create().optimize(objective, n_trials=3, callbacks=iter([note]))  # Optuna goes through it for the first trial
    assert numbers == [0]
    with pytest.raises(TypeError, match="'function' object is not iterable"):
        create().optimize(objective, n_trials=3, callbacks=note)


def test_a_study_within_the_objective_is_below_its_trial():
    def outer(trial: optuna.Trial) -> float:
        inner = create(study_name="inner")
        inner.optimize(objective, n_trials=2)
        return inner.best_value

    create(study_name="outer").optimize(outer, n_trials=1)
    (run,) = outermost()
    (trial,) = run.children
    (inner,) = trial.children
    assert (run.name, inner.name, [child.name for child in inner.children]) == (
        "outer",
        "inner",
        ["trial 0", "trial 1"],
    )
    assert trial.params == {}


def test_a_study_within_a_fit_is_part_of_it():
    class Tuned(DummyRegressor):
        def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
            study = create()
            study.optimize(objective, n_trials=2)
            self.set_params(strategy="constant", constant=study.best_params["constant"])
            return super().fit(X, y)

    Tuned().fit(X, y)
    assert [(run.name, len(run.children)) for run in fitprint.runs()] == [("Tuned", 0)]


def test_loops_of_partial_fit_with_pruning():
    def stepwise(trial: optuna.Trial) -> float:
        model = SGDRegressor(eta0=trial.suggest_float("eta0", 0.001, 0.1), random_state=0)
        for step in range(3):
            model.partial_fit(X, y)
            trial.report(model.score(X, y), step)
            if trial.should_prune():
                raise optuna.TrialPruned
        return float(model.score(X, y))

    create(direction="maximize").optimize(stepwise, n_trials=2)
    run = fitprint.last_run()
    assert [run.status for child in run.children for run in child.children] == ["FINISHED"] * 2


def test_a_pickled_study_is_as_without_recording():
    study = create()
    study.optimize(objective, n_trials=2)
    plain = pickle.loads(pickle.dumps(study))
    assert b"fitprint" not in pickle.dumps(study)
    plain.optimize(objective, n_trials=1)
    assert len(outermost()) == 2
    assert fitprint.run_of(plain).metrics["n_trials"] == 3


# ask and tell


def test_ask_and_tell_are_one_run():
    study = create(study_name="told")
    for number in range(4):
        trial = study.ask()
        value = objective(trial)
        if number == 3:
            study.tell(trial, state=optuna.trial.TrialState.PRUNED)
        else:
            study.tell(trial, value)
    run = fitprint.run_of(study)
    assert (run.name, run.status) == ("told", "RUNNING")
    fitprint.disable()
    run = fitprint.get_run(run.run_id)
    assert (run.status, run.params["best_trial"]) == ("FINISHED", study.best_trial.number)
    assert run.metrics["best_value"] == study.best_value
    assert len(run.metric_history("value")) == 3
    assert [row["state"] for row in table(run)] == ["COMPLETE"] * 3 + ["PRUNED"]
    assert [other.name for other in outermost()] == ["DummyRegressor"] * 3 + ["told", "DummyRegressor"]


def test_in_a_group_block_all_of_ask_and_tell_is_below_one_run():
    with fitprint.start_run("search", group=True):
        study = create()
        for _ in range(2):
            trial = study.ask()
            study.tell(trial, objective(trial))
    (run,) = outermost()
    assert [child.name for child in run.children] == ["DummyRegressor", "study", "DummyRegressor"]
    assert {child.status for child in run.children} == {"FINISHED"}


def test_optimize_goes_on_with_what_was_told():
    study = create()
    study.enqueue_trial({"constant": 1.5})
    trial = study.ask()
    study.tell(trial, trial.suggest_float("constant", 0, 3))
    study.optimize(objective, n_trials=2)
    (run,) = outermost()
    assert (run.metrics["n_trials"], len(run.children), run.status) == (3, 2, "FINISHED")


def test_a_study_that_is_gone_leaves_its_table():
    study = create()
    study.tell(study.ask(), 1.0)
    run_id = fitprint.run_of(study).run_id
    del study
    gc.collect()
    fitprint.disable()
    assert len(table(fitprint.get_run(run_id))) == 1


# several processes


def test_processes_with_one_storage_each_have_a_run(run_python, tmp_path):
    script = """
        import sys
        import fitprint, optuna
        fitprint.autolog(quiet=True, strict=True)
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        study = optuna.create_study(study_name="shared", storage=sys.argv[1], load_if_exists=True)
        study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=2)
    """
    for _ in range(2):
        run_python(script, f"sqlite:///{tmp_path}/study.db")
    runs = outermost()
    assert [(run.name, run.metrics["n_trials"], len(run.children)) for run in runs] == [
        ("shared", 4, 2),
        ("shared", 2, 2),
    ]


def test_trainings_in_worker_processes_are_below_their_trial_and_go_with_it(run_python):
    run_python("""
        from concurrent.futures import ProcessPoolExecutor
        import fitprint, optuna
        from sklearn.dummy import DummyRegressor

        def train(constant):
            model = DummyRegressor(strategy="constant", constant=constant)
            return model.fit([[0.0]], [1.0]).predict([[0.0]])[0]

        if __name__ == "__main__":
            fitprint.autolog(quiet=True, strict=True, max_child_runs=1)
            optuna.logging.set_verbosity(optuna.logging.ERROR)
            with ProcessPoolExecutor(1) as pool:
                study = optuna.create_study()
                study.optimize(lambda trial: pool.submit(train, trial.suggest_float("x", 0, 1)).result(), n_trials=3)
    """)
    (run,) = outermost()
    (trial,) = run.children
    (fit,) = trial.children
    assert fit.params["constant"] == trial.params["x"] == run.params["best_x"]
    assert len(fitprint.runs()) == 3


def test_the_line_of_a_study_says_its_best_value(run_python, store):
    done = run_python("""
        import fitprint, optuna
        fitprint.disable()
        fitprint.autolog(quiet=False)
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        optuna.create_study().optimize(lambda trial: 1.0 + trial.number, n_trials=3)
    """)
    (line,) = done.stderr.splitlines()
    assert "study → " in line
    assert "best_value 1  " in line
    (run,) = outermost()
    assert "best_value 1>" in repr(run)  # and not the value of the last trial


def test_what_is_computed_within_trials_has_no_line_of_its_own(run_python, store):
    done = run_python("""
        import fitprint, numpy, optuna
        from sklearn.dummy import DummyRegressor
        from sklearn.metrics import mean_absolute_error
        fitprint.disable()
        fitprint.autolog(quiet=False)
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        other = numpy.array([[1.0], [2.0], [3.0]])

        def objective(trial):
            model = DummyRegressor(strategy="constant", constant=trial.suggest_float("x", 0, 1)).fit([[0.0]], [0.0])
            return mean_absolute_error([1.0, 1.0, 1.0], model.predict(other))

        optuna.create_study().optimize(objective, n_trials=12)
    """)
    (line,) = done.stderr.splitlines()
    assert "study → " in line
