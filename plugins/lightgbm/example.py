"""Trains with recording on, shows what the run holds, and predicts with its package."""

import lightgbm
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split

import fitprint

fitprint.autolog()

X, y = load_breast_cancer(return_X_y=True, as_frame=True)
X_train, X_valid, y_train, y_valid = train_test_split(X, y, random_state=0)
train = lightgbm.Dataset(X_train, y_train)
valid = lightgbm.Dataset(X_valid, y_valid, reference=train)
params = {"objective": "binary", "metric": "auc", "early_stopping_round": 5, "verbose": -1}
booster = lightgbm.train(params, train, 200, valid_sets=[valid])

run = fitprint.last_run()
print(f"best at iteration {run.metrics['best_iteration']:.0f}, AUC {run.metrics['best_valid_0-auc']:.4f}")
predicted = fitprint.load_model(run.model_path).predict(X_valid)
print("the package predicts the same:", (predicted == booster.predict(X_valid)).all())
