"""Write and read a pipeline as ``Language.to_disk`` does, in the layout of MLflow's spacy flavor."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import spacy
from spacy.about import __version__

from fitprint.plugin import Package, SaveContext, SavedModel, distribution_of_module, member
from fitprint_spacy._texts import categorizes

FOLDER = "model.spacy"


def save(nlp: Any, package: Package, context: SaveContext) -> SavedModel:
    """Write a pipeline. Without a text categorizer it cannot predict, as in MLflow.

    Args:
        nlp: The pipeline.
        package: The package to write into.
        context: The options of the call.

    Returns:
        The flavor's entry in MLmodel.
    """
    nlp.to_disk(package.path(FOLDER))
    return SavedModel(
        keys={"data": FOLDER, "spacy_version": __version__},
        pyfunc={} if categorizes(nlp) else None,
        modules=_foreign_modules(nlp),
    )


def load(folder: Path, config: Mapping[str, Any]) -> Any:
    """Read a pipeline that fitprint or MLflow has written.

    Args:
        folder: The folder of the package.
        config: The flavor's entry in MLmodel.

    Raises:
        PackageError: The folder of the pipeline is missing.
    """
    return read(member(folder, config.get("data", FOLDER)))


def read(folder: Path) -> Any:
    """Read a pipeline from a folder."""
    return spacy.load(folder)


def size(nlp: Any) -> int:
    """Estimate the bytes that `save` writes: those of the weights and vectors."""
    vectors = nlp.vocab.vectors.data
    return int(getattr(vectors, "nbytes", 0)) + sum(_weights(nlp))


def _weights(nlp: Any) -> Iterator[int]:
    for _, pipe in nlp.pipeline:
        model: Any = getattr(pipe, "model", None)
        for node in model.walk() if hasattr(model, "walk") else ():
            for name in node.param_names:
                if node.has_param(name):
                    yield int(node.get_param(name).nbytes)


def requirements(nlp: Any) -> list[str]:
    """Return spaCy, and the distributions of components that are not its own."""
    distributions = {distribution_of_module(module) for module in _foreign_modules(nlp)}
    return ["spacy", *sorted(name for name in distributions if name is not None)]


def _foreign_modules(nlp: Any) -> set[str]:
    """Return the modules of components that are not spaCy's. A component may also be a function."""
    modules = {getattr(pipe, "__module__", None) or type(pipe).__module__ for _, pipe in nlp.pipeline}
    return {module for module in modules if module.partition(".")[0] != "spacy"}
