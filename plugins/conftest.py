"""What the tests of several flavors share; a flavor's own conftest.py may have another fixture of the same name."""

from __future__ import annotations

import json
import sys
import textwrap
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

import fitprint
from fitprint.testing import carried


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A flavor's conftest.py lists in ``FRAMEWORK_WARNS`` what its framework itself warns of in its tests."""
    here = Path(__file__).parent
    for item in items:
        for folder in item.path.relative_to(here).parents if here in item.path.parents else ():
            own = config.pluginmanager.get_plugin(str(here / folder / "conftest.py"))
            for filtered in getattr(own, "FRAMEWORK_WARNS", ()):
                item.add_marker(pytest.mark.filterwarnings(filtered))


class Data(NamedTuple):
    X: Any
    y: Any
    X_test: Any
    y_test: Any


@pytest.fixture(scope="session")
def cancer() -> Callable[..., Data]:
    """A classification as DataFrames: so many columns, rows to train on and, up to ``until``, rows to test with."""
    from sklearn.datasets import load_breast_cancer

    X, y = load_breast_cancer(return_X_y=True, as_frame=True)

    def make(columns: int, rows: int, until: int | None = None) -> Data:
        inputs = X.iloc[:, :columns]
        return Data(inputs[:rows], y[:rows], inputs[rows:until], y[rows:until])

    return make


@pytest.fixture(scope="session")
def frames(cancer: Callable[..., Data]) -> Data:
    """A small one, of four columns with short names."""
    made = cancer(4, 200, 300)
    return made._replace(X=made.X.set_axis(list("abcd"), axis=1), X_test=made.X_test.set_axis(list("abcd"), axis=1))


@pytest.fixture(scope="session", autouse=True)
def _wrapped_optimizers() -> None:
    """Make one of each class of PyTorch's optimizers that tests use, before recording is turned on.

    PyTorch wraps the method `step` of a class when it is used first, and fitprint's tests forget the flavor after each
    test: a patch below that wrapper would be one of a flavor that is forgotten.
    """
    torch = sys.modules.get("torch")
    if torch is not None:
        for kind in (torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW, torch.optim.LBFGS):
            kind([torch.nn.Parameter(torch.zeros(1))])


@pytest.fixture
def recorded(store: Path) -> Iterator[Path]:
    """Recording is on, and raises its own errors."""
    fitprint.autolog(strict=True, quiet=True)
    yield store
    fitprint.disable()


@pytest.fixture
def alike(store: Path) -> Callable[..., Any]:
    """What a function tells of a training is the same with recording, under some settings, and without it."""

    def compare(tell: Callable[[], Any], **settings: Any) -> Any:
        plain = tell()
        fitprint.autolog(quiet=True, **settings)
        recorded = tell()
        assert fitprint.runs(), "else there was nothing to notice"
        assert recorded == plain
        return recorded

    return compare


@pytest.fixture
def load_elsewhere(run_python: Callable[..., Any], tmp_path: Path) -> Callable[..., Any]:
    """Loads a package in a process of its own, with fitprint or with stock MLflow, and gives its predictions."""

    def load(package: Path, data: Any, python: str | None = None) -> Any:
        carried.write(tmp_path / "data.json", data)
        script = f"""
            import importlib.util, sys, numpy as np
            from {"mlflow.pyfunc" if python else "fitprint"} import load_model
            spec = importlib.util.spec_from_file_location("carried", {carried.__file__!r})
            carried = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(carried)
            data = carried.read("data.json")
            np.save("predicted.npy", np.asarray(load_model(sys.argv[1]).predict(data)))
        """
        run_python(script, package, **({"python": python} if python else {}))
        return np.load(tmp_path / "predicted.npy", allow_pickle=True)

    return load


MEASURED = """
import resource, shutil
import fitprint

{make}

def save(model):
    fitprint.{flavor}.save_model(model, "package")
    shutil.rmtree("package")  # nearly a gigabyte, which would stay until the test ends

save(make(2))  # imports and warms up what saving needs
model = make(200)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
save(model)
print("more:", (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 / 800e6)
"""


@pytest.fixture
def memory_of_saving(run_python: Callable[..., Any]) -> Callable[[str, str], float]:
    """How much memory it takes to save a model of 800 MB, in parts of these, over what the process had before.

    `make(count)` of the script makes a model of so many layers with a million weights each.
    """

    def measure(flavor: str, make: str) -> float:
        done = run_python(MEASURED.format(flavor=flavor, make=make))
        return float(next(line for line in done.stdout.splitlines() if line.startswith("more:")).split()[1])

    return measure


@pytest.fixture
def said_limit(request: pytest.FixtureRequest) -> str:
    """The `max_model_size` that the README of the flavor whose test asks for it says."""
    plugin = next(parent for parent in request.path.parents if parent.parent == Path(__file__).parent)
    limit: str = tomllib.loads((plugin / "pyproject.toml").read_text("utf-8"))["tool"]["fitprint"]["max_model_size"]
    return limit


@pytest.fixture
def run_example(run_python: Callable[..., Any], store: Path, request: pytest.FixtureRequest) -> Callable[[], list[str]]:
    """Runs the `example.py` of the flavor whose test asks for it; gives the lines that it prints."""

    def run() -> list[str]:
        plugin = next(parent for parent in request.path.parents if parent.parent == Path(__file__).parent)
        done = run_python((plugin / "example.py").read_text("utf-8"), env={"FITPRINT_QUIET": "1"})
        said = done.stderr.replace(sys.prefix, "")  # frameworks may say there what they like, with paths of any name
        assert "fitprint" not in said, said
        lines: list[str] = done.stdout.splitlines()
        return lines

    return run


TELLING = """
import json, os, signal, sys, time
import joblib, numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
import fitprint

X = np.random.default_rng(0).normal(size=(200, 4))
y = (X[:, 0] > 0).astype(int)

def told():
    status = fitprint.status()
    runs = [
        dict(id=run.run_id, name=run.name, parent=run.parent_id, tags=run.tags, C=run.params.get("C"),
             status=run.status, experiment=run.experiment, metrics=sorted(run.metrics))
        for run in reversed(fitprint.runs())
    ]
    print(json.dumps(dict(runs=runs, unreached=status.unreached, status=repr(status))))

def end():
    pass
"""


class Told:
    """What a program that uses an engine has said: its runs, the oldest first, and what became of its workers."""

    def __init__(self, done: Any) -> None:
        # an engine may print something after it, such as Ray that a worker has died
        answer = json.loads(next(line for line in done.stdout.splitlines() if line.startswith('{"runs"')))
        self.runs: list[dict[str, Any]] = answer["runs"]
        self.unreached: list[str] = answer["unreached"]
        self.status: str = answer["status"]
        self.log: str = done.stderr

    def names(self) -> list[str]:
        return sorted(run["name"] for run in self.runs)

    def top(self) -> list[dict[str, Any]]:
        return [run for run in self.runs if run["parent"] is None]

    def of_tasks(self) -> list[dict[str, Any]]:
        return [run for run in self.runs if "engine" in run["tags"]]


@pytest.fixture
def run_telling(run_python: Callable[..., Any], store: Path) -> Callable[..., Told]:
    """Runs a text as the `main` of a program, with data to train on and the helpers of an engine; gives what it tells.

    In the end the program calls `end()`, which the helpers may define.
    """

    def run(helpers: str, main: str, *arguments: object, **options: Any) -> Told:
        text = textwrap.indent(textwrap.dedent(main), "        ")
        program = f"if __name__ == '__main__':\n    try:\n{text}\n        told()\n    finally:\n        end()\n"
        return Told(run_python(f"{TELLING}\n{helpers}\n{program}", *arguments, **options))

    return run
