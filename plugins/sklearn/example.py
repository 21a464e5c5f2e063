"""A search with recording on: one run with its best candidates as children, and a package that predicts."""

from sklearn.datasets import load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import fitprint

fitprint.autolog()

X, y = load_wine(return_X_y=True, as_frame=True)
pipeline = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500))
search = GridSearchCV(pipeline, {"logisticregression__C": [0.01, 0.1, 1.0, 10.0]}, cv=5).fit(X, y)

run = fitprint.last_run()
print(f"C {run.params['best_logisticregression__C']}, cross-validated {run.metrics['best_cv_score']:.3f}")
print(f"{len(run.children)} candidates as child runs; artifacts: {', '.join(sorted(run.artifacts))}")
predicted = fitprint.load_model(run.model_path).predict(X)
print("the package predicts the same:", (predicted == search.predict(X)).all())
