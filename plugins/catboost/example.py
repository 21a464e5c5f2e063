"""Trains with recording on, shows what the run holds, and predicts with its package."""

import catboost
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split

import fitprint

fitprint.autolog()

X, y = load_breast_cancer(return_X_y=True, as_frame=True)
X_train, X_valid, y_train, y_valid = train_test_split(X, y, random_state=0)
model = catboost.CatBoostClassifier(iterations=200, custom_metric="AUC", verbose=False)
model.fit(X_train, y_train, eval_set=(X_valid, y_valid), early_stopping_rounds=5)

run = fitprint.last_run()
print(f"best at iteration {run.metrics['best_iteration']:.0f}, AUC {run.metrics['best_validation-AUC']:.4f}")
predicted = fitprint.load_model(run.model_path).predict(X_valid)
print("the package predicts the same:", (predicted == model.predict(X_valid)).all())
