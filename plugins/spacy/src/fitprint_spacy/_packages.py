"""Writing and reading a pipeline as ``Language.to_disk`` does, in the layout of MLflow's spacy flavor."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import spacy
from spacy.about import __version__

from fitprint.plugin import Package, distribution_of_module, member
from fitprint_spacy._texts import categorizes

FOLDER = "model.spacy"


def save(nlp: Any, package: Package) -> dict[str, Any]:
    """Writes the pipeline. Without a text categorizer it cannot predict, as in MLflow."""
    nlp.to_disk(package.path(FOLDER))
    package.modules |= _foreign_modules(nlp)
    if not categorizes(nlp):
        package.pyfunc = None
    return {"data": FOLDER, "spacy_version": __version__}


def load(folder: Path, config: Mapping[str, Any]) -> Any:
    """The pipeline of a package, of MLflow's too. Raises PackageError where its folder is missing."""
    return read(member(folder, config.get("data", FOLDER)))


def read(folder: Path) -> Any:
    """The pipeline in a folder."""
    return spacy.load(folder)


def size(nlp: Any) -> int:
    """About the bytes that `save` writes: weights and vectors."""
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
    """spaCy, and what brings the components of a pipeline that are not its own."""
    found = {distribution_of_module(each) for each in _foreign_modules(nlp)}
    return ["spacy", *sorted(each for each in found if each is not None)]


def _foreign_modules(nlp: Any) -> set[str]:
    """The modules that define components which spaCy does not bring; a component may be a function, too."""
    modules = {getattr(pipe, "__module__", None) or type(pipe).__module__ for _, pipe in nlp.pipeline}
    return {each for each in modules if each.partition(".")[0] != "spacy"}
