"""Boosting with early stopping and recording on: every round's metrics, and a package in XGBoost's own format."""

import xgboost
from sklearn.datasets import load_diabetes
from sklearn.model_selection import train_test_split

import fitprint

fitprint.autolog()

X, y = load_diabetes(return_X_y=True, as_frame=True)
X_train, X_valid, y_train, y_valid = train_test_split(X, y, random_state=0)
model = xgboost.XGBRegressor(n_estimators=200, learning_rate=0.1, max_depth=3, early_stopping_rounds=5)
model.fit(X_train, y_train, eval_set=[(X_valid, y_valid)], verbose=False)

run = fitprint.last_run()
rounds = run.metric_history("validation_0-rmse")
print(
    f"{len(rounds)} rounds, the best {run.metrics['best_iteration']:.0f}: rmse {min(value for _, value in rounds):.1f}"
)
predicted = fitprint.load_model(run.model_path, trust="no-pickle").predict(X_valid)
print("the package predicts the same:", (predicted == model.predict(X_valid)).all())
