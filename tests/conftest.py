"""The toy framework and its plugin, installed for one test."""

from __future__ import annotations

import compileall
import importlib
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import cloudpickle
import pytest

SOURCES = Path(__file__).with_name("toy")
INTERRUPTING = str(Path(__file__).with_name("interrupting"))
EXAMPLES = Path(__file__).parents[1] / "docs" / "examples"
ENTRY_POINTS = """\
[fitprint.flavors]
toy = fitprint_toy:ToyFlavor

[fitprint.imports]
toylearn = fitprint_toy:ToyFlavor
"""


def lay_down(
    site: Path,
    name: str,
    version: str,
    entry_points: str = "",
    requires: Sequence[str] = (),
    modules: Sequence[str] = (),
) -> None:
    """Lays down what pip leaves of a distribution; an earlier one of this name is replaced."""
    stem = name.replace("-", "_")
    for earlier in site.glob(f"{stem}-*.dist-info"):
        shutil.rmtree(earlier)
    folder = site / f"{stem}-{version}.dist-info"
    folder.mkdir(parents=True)
    extras = [
        f"Provides-Extra: {extra}" for extra in dict.fromkeys(re.findall(r"extra == '(\w+)'", " ".join(requires)))
    ]
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *extras]
    (folder / "METADATA").write_text("\n".join([*lines, *(f"Requires-Dist: {require}" for require in requires), ""]))
    (folder / "entry_points.txt").write_text(entry_points)
    (folder / "top_level.txt").write_text("".join(f"{module}\n" for module in modules))


def lay_down_example(site: Path, name: str) -> Path:
    """Installs a framework of `docs/examples` and its plugin into a new folder."""
    shutil.copytree(EXAMPLES / name / "framework", site)
    shutil.copytree(EXAMPLES / name / "plugin" / "src", site, dirs_exist_ok=True)
    lay_down(site, name, "1.0.0", modules=[name])
    entry_points = f"[fitprint.flavors]\n{name} = fitprint_{name}.flavor:{name.title()}Flavor\n"
    requires = [f"{name}<2,>=1; extra == 'instruments'"]
    lay_down(site, f"fitprint-{name}", "0.1.0", entry_points, requires, [f"fitprint_{name}"])
    return site


@pytest.fixture(autouse=True)
def classes_of_tests_by_value(request: pytest.FixtureRequest) -> Iterator[None]:
    """A class of a test file is pickled whole: by its name, every package of it would get a copy of all tests."""
    cloudpickle.register_pickle_by_value(request.module)
    yield
    cloudpickle.unregister_pickle_by_value(request.module)


@pytest.fixture(scope="session")
def toy_sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The toy with its modules compiled: a copy of them is imported anew in hundreds of tests."""
    sources = tmp_path_factory.mktemp("toy") / "site"
    shutil.copytree(SOURCES, sources, ignore=shutil.ignore_patterns("__pycache__"))
    compileall.compile_dir(sources, quiet=1)
    return sources


class Toy:
    """A folder like site-packages with `toylearn` and `fitprint_toy` in it, each a distribution of its own."""

    def __init__(self, site: Path, sources: Path = SOURCES) -> None:
        self.site = site
        shutil.copytree(sources, site)
        self.distribution("toylearn", "1.2.3", modules=("toylearn",))
        self.plugin()

    def plugin(self, supported: str = ">=1,<2", entry_points: str = ENTRY_POINTS) -> None:
        """The plugin's distribution, for a range of versions of the framework."""
        requires = (f"toylearn{supported}; extra == 'instruments'",)
        self.distribution("fitprint-toy", "0.1", entry_points, requires, ("fitprint_toy", "toy_loader"))

    def distribution(
        self,
        name: str,
        version: str,
        entry_points: str = "",
        requires: Sequence[str] = (),
        modules: Sequence[str] = (),
    ) -> None:
        """Lays down what pip leaves of a distribution; an earlier one of this name is replaced."""
        lay_down(self.site, name, version, entry_points, requires, modules)

    def imported(self) -> ModuleType:
        """`toylearn`, imported in this process."""
        return importlib.import_module("toylearn")

    def recorded(self, name: str) -> ModuleType:
        """A module of the toy, imported in this process, with recording on."""
        self.imported()
        module = importlib.import_module(f"toylearn.{name}")
        importlib.import_module("fitprint").autolog("toy", quiet=True)
        return module


@pytest.fixture
def tinyboost(tmp_path: Path) -> Path:
    """The toy framework of the guide and its plugin, installed in a folder like site-packages."""
    return lay_down_example(tmp_path / "tinyboost-site", "tinyboost")


@pytest.fixture
def tinyonline(tmp_path: Path) -> Path:
    """The toy framework of the guide to loops and its plugin, installed likewise."""
    return lay_down_example(tmp_path / "tinyonline-site", "tinyonline")


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, toy_sources: Path, _apart: None) -> Iterator[Toy]:
    """Installs the toy for this process and those that the test starts."""
    _forget_modules()
    found = Toy(tmp_path / "site", toy_sources)
    monkeypatch.syspath_prepend(str(found.site))
    earlier = os.environ.get("PYTHONPATH")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(found.site), *([earlier] if earlier else [])]))
    yield found
    if "fitprint" in sys.modules:
        sys.modules["fitprint"].disable()
    _forget_modules()


def _forget_modules() -> None:
    for name in list(sys.modules):
        if name.partition(".")[0] in ("toylearn", "fitprint_toy", "toy_loader"):
            del sys.modules[name]


@pytest.fixture
def run_interrupted(run_python: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """As `run_python`, for scripts that interrupt our own work: see `interrupting.py`."""

    def run(script: str, *arguments: object) -> Any:
        earlier = os.environ.get("PYTHONPATH")  # read now: `toy` is on it
        monkeypatch.setenv("PYTHONPATH", os.pathsep.join([INTERRUPTING, *([earlier] if earlier else [])]))
        return run_python(script, *arguments)

    return run
