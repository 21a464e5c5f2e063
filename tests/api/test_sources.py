"""Two rules for the core's own code that neither ruff nor import-linter can check.

The layers of the folders and who may import whom are contracts of import-linter, in pyproject.toml. Broad `except`
clauses, relative imports and the filters of `warnings` are rules of ruff, there too.
"""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import fitprint

ROOT = Path(fitprint.__file__).parent

FRAMEWORKS = re.compile(
    r"sklearn|scikit|xgboost|lightgbm|catboost|torch|tensorflow|keras|lightning|statsmodels|pyspark|"
    r"huggingface|fastai|mxnet|paddle|prophet|spacy|optuna|pmdarima|h2o|onnx|\b(?:jax|flax|dask)\b",
    re.IGNORECASE,
)
"""skops is not among them: it is a file format that several flavors share, as pickle is."""
NAMED_FOR_A_REASON = {
    "keras_model_kwargs": "an argument of MLflow's autologging, known in order to be ignored",
    "torch.": "modules that evaluate what a pickle gives them, told whichever frameworks are installed",
}


@functools.cache
def trees() -> list[tuple[Path, ast.Module]]:
    return [(file.relative_to(ROOT), ast.parse(file.read_text("utf-8"))) for file in sorted(ROOT.rglob("*.py"))]


def texts_and_names(tree: ast.Module) -> Iterator[str]:
    """Every string and every name in a module's code. Docstrings and comments may name a framework as an example."""
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if id(node) not in docstrings:
                yield node.value
        else:
            names = (getattr(node, field, None) for field in ("id", "attr", "name", "asname", "arg", "module"))
            yield from (name for name in names if isinstance(name, str))


@pytest.mark.series
def test_the_core_names_no_framework():
    named = {
        f"{file}: {text}"
        for file, tree in trees()
        for text in texts_and_names(tree)
        if FRAMEWORKS.search(text) and text not in NAMED_FOR_A_REASON
    }
    assert named == set()


@pytest.mark.series  # both read every file of the core
def test_no_error_is_suppressed_whatever_it_is():
    """`suppress(Exception)` swallows as much as a broad `except`, which ruff's rule BLE001 reports."""
    suppressing = {
        str(file)
        for file, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("suppress", "contextlib.suppress")
        if {ast.unparse(kind) for kind in node.args} & {"Exception", "BaseException"}
    }
    assert suppressing == set()
