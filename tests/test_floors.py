"""The core stands in floors, imports go downward only, and no framework is named in it."""

from __future__ import annotations

import ast
import functools
import importlib
import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import fitprint

ROOT = Path(fitprint.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))

# From the ground up: each may import what stands before it, and what lies in its own package.
FLOORS = """
    _version _locks _privacy _guard _frames _late _launched
    _locations _readers _json _identity _quiet _parameters _session _scores _terminal _notebook _logger
    _settings _variables _configuration _entry_points
    models stores _emit
    _html _run
    _training_call _flavor _making _patching _rules
    _iterations _originals _training_metrics
    _registry _recorder _handover _autolog _status
    _loading pyfunc _saving _namespaces _fluent
    testing cli _bootstrap __main__ fitprint
""".split()  # noqa: SIM905

UPWARD = {
    ("_html", "_run"): "the name of a type, for the reader and the type checker alone",
    ("_training_call", "_flavor"): "the same",
}
"""Imports that go upward all the same: (floor, floor) to the reason."""

LATE = {
    ("_run.facts", "_run.reading"): "a run's children are runs, read from the store",
    ("_run.facts", "_run.run"): "the name of a type",
    ("_run.run", "_run.active"): "a run's `with` block makes it the active one",
    ("_run.run", "_run.reading"): "a pickle of a run is read back",
    ("_recorder.packing", "_recorder.recorded"): "the name of a type",
    ("_recorder.steps", "_recorder.recorded"): "the name of a type",
    ("_html", "_run.facts"): "the name of a type",
    ("_training_call", "_flavor"): "the name of a type",
    ("models.signature", "models.inference"): "inference makes signatures, and is found beside them",
}
"""Imports inside a function, or for annotations, that close a circle: (module, module) to the reason."""

FRAMEWORKS = re.compile(
    r"sklearn|scikit|xgboost|lightgbm|catboost|torch|tensorflow|keras|lightning|statsmodels|pyspark|"
    r"huggingface|fastai|mxnet|paddle|prophet|spacy|pmdarima|h2o|onnx|\b(?:jax|flax|dask)\b",
    re.IGNORECASE,
)
"""skops is none: a format of files, as pickle is, which several flavors share."""
NAMED_FOR_A_REASON = {
    "keras_model_kwargs": "an argument of MLflow's autologging, known in order to be ignored",
}
LONGEST_FILE = 250


def module_of(file: Path) -> str:
    """`_run.run`; of a package's ``__init__`` the package; `fitprint` for the outermost one."""
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts) or "fitprint"


MODULES = {module_of(file): file for file in FILES}


@functools.cache
def parsed(file: Path) -> ast.Module:
    return ast.parse(file.read_text("utf-8"))


def imports(file: Path) -> Iterator[str]:
    """The modules of the core that a file imports anywhere, in functions too."""
    for node in ast.walk(parsed(file)):
        if isinstance(node, ast.Import):
            names = [each.name for each in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: a relative import"
            names = [
                submodule
                if (submodule := f"{node.module}.{each.name}").removeprefix("fitprint.") in MODULES
                else node.module or ""
                for each in node.names
            ]
        else:
            continue
        for name in names:
            inside = name.removeprefix("fitprint.")
            if inside != name and inside in MODULES:
                yield inside


def floor_of(module: str) -> str:
    return module.partition(".")[0]


def test_every_module_has_a_floor():
    assert {floor_of(module) for module in MODULES} - {*FLOORS} == set()


def test_imports_go_downward_only():
    upward = {
        (floor_of(module), floor_of(imported))
        for module, file in MODULES.items()
        for imported in imports(file)
        if FLOORS.index(floor_of(imported)) > FLOORS.index(floor_of(module))
    }
    assert upward == {*UPWARD}


def test_modules_import_each_other_in_no_circle():
    graph = {module: {each for each in imports(file) if each != module} for module, file in MODULES.items()}
    for module, imported in LATE:
        assert imported in graph[module], f"no longer imported: take {imported} of {module} off the list"
        graph[module].discard(imported)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"a circle of imports: {' <- '.join(error.args[1])}")


def test_what_a_circle_is_broken_by_is_not_imported_with_the_module():
    for module, imported in LATE:
        assert imported not in set(top_level_imports(parsed(MODULES[module]).body)), (module, imported)


def top_level_imports(body: list[ast.stmt]) -> Iterator[str]:
    """What is imported when the module is: not in functions, not below TYPE_CHECKING."""
    for node in body:
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("fitprint."):
            yield node.module.removeprefix("fitprint.")
        elif isinstance(node, ast.If) and "TYPE_CHECKING" not in ast.unparse(node.test):
            yield from top_level_imports([*node.body, *node.orelse])
        elif isinstance(node, ast.Try):
            yield from top_level_imports([*node.body, *node.orelse, *node.finalbody])


@pytest.mark.parametrize("module", MODULES)
def test_no_framework_is_named(module):
    tree = parsed(MODULES[module])
    texts = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}  # docstrings
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in texts:
            found.add(node.value)
        elif isinstance(node, ast.alias):
            found |= {node.name, node.asname or ""}
        else:
            names = (getattr(node, field, None) for field in ("id", "attr", "name", "arg", "module"))
            found |= {name for name in names if isinstance(name, str)}
    assert {each for each in found if FRAMEWORKS.search(each)} - {*NAMED_FOR_A_REASON} == set()


def test_errors_are_swallowed_in_the_guard_alone():
    swallowing = set()
    for module, file in MODULES.items():
        for node in ast.walk(parsed(file)):
            if isinstance(node, ast.ExceptHandler) and not _lets_pass(node):
                kinds = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
                if any(kind is None or ast.unparse(kind) in ("Exception", "BaseException") for kind in kinds):
                    swallowing.add(module)
            elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("suppress", "contextlib.suppress"):
                swallowing |= {module for each in node.args if ast.unparse(each) in ("Exception", "BaseException")}
    # the second runs where fitprint itself may be missing or broken, and with it the guard
    assert swallowing == {"_guard", "_bootstrap.sitecustomize"}


def _lets_pass(handler: ast.ExceptHandler) -> bool:
    """A handler that only cleans up: its last statement raises the same error again."""
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def test_the_warnings_of_the_process_are_left_alone():
    touching = set()
    for module, file in MODULES.items():
        names = {getattr(node, "attr", None) or getattr(node, "id", None) for node in ast.walk(parsed(file))}
        if {"catch_warnings", "simplefilter", "filterwarnings"} & names:
            touching.add(module)
    assert touching == set()


@pytest.mark.parametrize("module", MODULES)
def test_no_file_is_long(module):
    assert len(MODULES[module].read_text("utf-8").splitlines()) <= LONGEST_FILE


@pytest.mark.parametrize("module", [m for m, file in MODULES.items() if "__all__" in file.read_text("utf-8")])
def test_public_names_exist_and_are_sorted(module):
    found = importlib.import_module("fitprint" if module == "fitprint" else f"fitprint.{module}")
    assert list(found.__all__) == sorted(set(found.__all__))
    for name in found.__all__:
        assert getattr(found, name) is not None


def test_all_public_names_are_offered_for_completion():
    assert {*fitprint.__all__} <= {*dir(fitprint)}


def test_no_module_hides_a_public_function_of_its_name():
    assert {floor_of(module) for module in MODULES} & {*fitprint.__all__} <= {"models", "pyfunc", "testing"}
