"""A study with fitprint: what it recorded, its best trials, and the package of the best model."""

from __future__ import annotations

import optuna
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import SGDClassifier
from sklearn.model_selection import train_test_split

import fitprint

fitprint.autolog(quiet=True)
optuna.logging.set_verbosity(optuna.logging.WARNING)

X_train, X_test, y_train, y_test = train_test_split(*load_breast_cancer(return_X_y=True), random_state=0)


def objective(trial: optuna.Trial) -> float:
    """Train a classifier, and give up early if it is worse than the others were."""
    alpha = trial.suggest_float("alpha", 1e-5, 1e-1, log=True)
    model = SGDClassifier(alpha=alpha, random_state=0).fit(X_train, y_train)
    trial.report(model.score(X_train, y_train), step=0)
    if trial.should_prune():
        raise optuna.TrialPruned
    return float(model.score(X_test, y_test))


study = optuna.create_study(direction="maximize", sampler=optuna.samplers.RandomSampler(seed=0))
study.optimize(objective, n_trials=12)

run = fitprint.run_of(study)
print(f"{run.name}: {run.metrics['n_trials']:.0f} trials, the best one {run.params['best_trial']}")
print((run.path / "artifacts" / "trials.csv").read_text("utf-8").splitlines()[0])
best = max(run.children, key=lambda child: child.metrics["value"])
print(f"{best.name} of {len(run.children)} that stay: {best.metrics['value']:.3f}")
model = fitprint.load_model(best.children[0].model_path)
print(f"its model predicts {len(model.predict(X_test))} rows")
