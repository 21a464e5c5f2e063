"""MLeap's flavor: the answers to the questions of fitprint's plugin contract."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from fitprint.plugin import Flavor, Package, Patch, Role, SaveContext, SavedModel, TrainingCall, UnknownColumns
from fitprint_mleap import _bundles, _packages, loader

_WRITERS = {
    "base": ("LinearRegression",),
    "decomposition.pca": ("PCA",),
    "ensemble.forest": ("RandomForestClassifier", "RandomForestRegressor"),
    "feature_extraction.text": ("CountVectorizer", "TfidfVectorizer"),
    "feature_union": ("FeatureUnion",),
    "logistic": ("LogisticRegression", "LogisticRegressionCV"),
    "pipeline": ("Pipeline",),
    "preprocessing.data": (
        *("Binarizer", "MinMaxScaler", "OneHotEncoder", "PolynomialFeatures", "SimpleImputer", "StandardScaler"),
    ),
    "svm": ("LinearSVC", "SVC"),
    "tree.tree": ("DecisionTreeClassifier", "DecisionTreeRegressor"),
}
"""The classes of scikit-learn to which each module of `mleap.sklearn`, when imported, adds ``serialize_to_bundle``."""


class MLeapFlavor(Flavor):
    """MLeap: nothing is trained. A bundle that is written becomes a package in the run of its model."""

    api_version = (2, 0)
    loader_module = "fitprint_mleap.loader"
    model_argument = "spark_model"
    save_options = ("sample_input",)

    def tops(self) -> set[str]:
        return {"mleap", "sklearn"}

    def patches(self) -> Sequence[Patch]:
        return [
            *(
                Patch(f"mleap.sklearn.{module}", f"{name}.serialize_to_bundle", role=Role.CONVERTS)
                for module, names in _WRITERS.items()
                for name in names
            ),
            Patch("mleap.pyspark.spark_support", "Transformer.serializeToBundle", role=Role.CONVERTS),
        ]

    def model(self, call: TrainingCall) -> Any:
        return _bundles.of_call(call)

    def source(self, call: TrainingCall) -> Any:
        return call.instance

    def run_name(self, call: TrainingCall, model: Any = None) -> str:
        return type(call.instance).__name__

    def sample(self, call: TrainingCall) -> Any:
        if not _bundles.is_readable(call.instance):
            return None
        rows = _bundles.example(call.instance)
        if isinstance(rows, UnknownColumns):
            reason = "the model knows the names of its columns, but not their types"
            call.skip("signature inputs", "data", reason)
        return rows

    def predict(self, model: Any, data: Any, params: Mapping[str, Any] | None = None) -> Any:
        rows = data.rows if isinstance(data, UnknownColumns) else data
        read = _packages.read(model) if isinstance(model, _bundles.Bundle) else model
        return read.predict(rows) if hasattr(read, "feature_names_in_") else loader.predict(read, rows)

    def save(self, model: Any, package: Package, context: SaveContext) -> SavedModel:
        return _packages.save(model, package, context)

    def load(self, folder: Path, config: Mapping[str, Any]) -> Any:
        return _packages.load(folder, config)

    def needs_trust(self, config: Mapping[str, Any]) -> str | None:
        return None  # a bundle consists of JSON that describes the model

    def requirements(self, model: Any) -> Iterable[str]:
        return ("mleap", "scikit-learn", "numpy")
