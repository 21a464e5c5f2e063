"""Trains with recording on, shows what the run holds, and predicts with its package."""

import h2o
from h2o.estimators import H2OGradientBoostingEstimator
from h2o.grid import H2OGridSearch
from sklearn.datasets import load_breast_cancer

import fitprint

fitprint.autolog()

h2o.init(nthreads=1, max_mem_size="1G", verbose=False)
h2o.no_progress()

X, y = load_breast_cancer(return_X_y=True, as_frame=True)
table = X.assign(label=y.map({0: "malignant", 1: "benign"}))
train, valid = h2o.H2OFrame(table).split_frame([0.8], seed=1)

grid = H2OGridSearch(H2OGradientBoostingEstimator(seed=1), {"ntrees": [5, 10]})
grid.train(y="label", training_frame=train, validation_frame=valid)

run = fitprint.last_run()
print(f"best with {run.params['best_ntrees']} trees, AUC {run.metrics['validation_auc']:.4f}")
predicted = fitprint.load_model(run.model_path).predict(X)["predict"]
expected = grid.models[0].predict(h2o.H2OFrame(X)).as_data_frame(use_pandas=False, header=False)
print("the package predicts the same:", [*predicted] == [row[0] for row in expected])
