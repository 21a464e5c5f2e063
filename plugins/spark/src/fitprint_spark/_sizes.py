"""How large a model will be on disk, estimated from its stages before anything is written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fitprint.plugin import attempt
from fitprint_spark._stages import leaves

_OF_A_STAGE = 5_000
"""The metadata of a stage, and what surrounds its data."""
_NUMBER, _TERM, _NODE = 8, 16, 60
"""Bytes of a number; of a word of a vocabulary, about; of a node of a tree, measured."""


def size(model: Any) -> int:
    """Estimate the bytes of a model. A stage of an unknown kind counts as small: it is bounded while it is written.

    Args:
        model: The fitted model.
    """
    return sum(_OF_A_STAGE + _of_stage(stage) for stage in _all_stages(model))


def _all_stages(model: Any) -> list[Any]:
    """Return what is written of a model: the submodels that a search has kept too."""
    stages = []
    for stage in leaves(model):
        stages += (
            [part for inner in stage.models for part in _all_stages(inner)] if hasattr(stage, "models") else [stage]
        )
    submodels = getattr(model, "subModels", None)
    for one in _flat(submodels) if submodels is not None else ():
        stages += _all_stages(one)
    return stages


def _flat(models: Any) -> list[Any]:
    return [one for part in models for one in (_flat(part) if isinstance(part, list) else [part])]


def _of_stage(stage: Any) -> int:
    rule = _RULES.get(type(stage).__name__)
    if rule is None:
        return 0
    known, value = attempt(rule, stage)
    return int(value) if known else 0


def _nodes(stage: Any) -> Any:
    return int(stage.totalNumNodes if hasattr(type(stage), "totalNumNodes") else stage.numNodes) * _NODE


def _linear(stage: Any) -> Any:
    return stage.numFeatures * max(2, getattr(stage, "numClasses", 1)) * _NUMBER


def _clusters(stage: Any) -> Any:
    centers = stage.clusterCenters()
    return sum(len(center) for center in centers) * _NUMBER


def _gaussians(stage: Any) -> Any:
    features = len(stage.gaussians[0].mean)
    return len(stage.gaussians) * (features + features * features) * _NUMBER


def _factors(stage: Any) -> Any:
    """Return the bytes of the factors of ALS, whose rows Spark still has in memory."""
    return (stage.userFactors.count() + stage.itemFactors.count()) * (4 * stage.rank + 4)


def _words(stage: Any) -> Any:
    vectors = stage._java_obj.wordVectors()  # getVectors() would make a DataFrame of all of them
    return vectors.wordVectors().__len__() * 4 + vectors.wordIndex().size() * _TERM


def _topics(stage: Any) -> Any:
    return stage.vocabSize() * stage.getK() * _NUMBER


def _vocabulary(stage: Any) -> Any:
    return len(stage._java_obj.vocabulary()) * _TERM


def _labels(stage: Any) -> Any:
    return sum(len(labels) for labels in stage._java_obj.labelsArray()) * _TERM


def _weights(stage: Any) -> Any:
    return stage.weights.size * _NUMBER


def _components(stage: Any) -> Any:
    return stage.pc.numRows * stage.pc.numCols * _NUMBER


def _factorization(stage: Any) -> Any:
    return stage.numFeatures * (stage.getFactorSize() + 1) * _NUMBER


def _document_frequencies(stage: Any) -> Any:
    return 2 * stage.idf.size * _NUMBER


def _itemsets(stage: Any) -> Any:
    return stage.freqItemsets.count() * 3 * _TERM


_RULES: dict[str, Callable[[Any], int]] = {
    **dict.fromkeys(
        (
            *("DecisionTreeClassificationModel", "DecisionTreeRegressionModel"),
            *("RandomForestClassificationModel", "RandomForestRegressionModel"),
            *("GBTClassificationModel", "GBTRegressionModel"),
        ),
        _nodes,
    ),
    **dict.fromkeys(
        (
            *("LogisticRegressionModel", "LinearRegressionModel", "LinearSVCModel", "NaiveBayesModel"),
            *("GeneralizedLinearRegressionModel", "AFTSurvivalRegressionModel"),
        ),
        _linear,
    ),
    **dict.fromkeys(("FMClassificationModel", "FMRegressionModel"), _factorization),
    **dict.fromkeys(("KMeansModel", "BisectingKMeansModel"), _clusters),
    **dict.fromkeys(("LocalLDAModel", "DistributedLDAModel"), _topics),
    "GaussianMixtureModel": _gaussians,
    "MultilayerPerceptronClassificationModel": _weights,
    "ALSModel": _factors,
    "Word2VecModel": _words,
    "CountVectorizerModel": _vocabulary,
    "StringIndexerModel": _labels,
    "IDFModel": _document_frequencies,
    "PCAModel": _components,
    "FPGrowthModel": _itemsets,
}
"""How the bytes of a stage are estimated, by its class."""
