"""Checks: the package is complete, predicts as the model did, runs no code without trust, and old packages still load.

Golden packages are what earlier releases wrote, with the rows and the predictions of then: ``golden/<version of the
plugin>/<case>/`` holds ``package/``, ``rows.json`` and ``predicted.json``.
"""

from __future__ import annotations

import os
import pickle
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest

import fitprint
from fitprint._core.guard import attempt
from fitprint._instrumentation import registry
from fitprint._settings.env_vars import variable
from fitprint.models import PackageError, distributions, mlmodel
from fitprint.models.checksums import verify
from fitprint.models.package import CHECKSUMS
from fitprint.models.streams.files import imports_of
from fitprint.testing import carried
from fitprint.testing.bench import Bench
from fitprint.testing.case import Case, needs
from fitprint.testing.comparing import difference

FILES = ("MLmodel", "conda.yaml", "python_env.yaml", "requirements.txt", "checksums.json")


class PackageChecks:
    """A package as MLflow's readers need it, read back here, and the packages of earlier releases."""

    golden: ClassVar[Path | None] = None
    """The folder of the packages that earlier releases wrote, such as ``tests/golden``."""

    @needs("package")
    def test_the_package_is_complete(self, bench: Bench, case: Case) -> None:
        """The package has its files, its MLmodel, its requirements and its checksums."""
        trained, run, package = bench.package(case)
        missing = [name for name in FILES if not (package / name).is_file()]
        assert not missing, (
            f"the package has no {', '.join(missing)}: let save() write the model alone, and fitprint writes these "
            "files"
        )
        document = mlmodel.read(package)
        flavors = document["flavors"]
        name = bench.flavor.package_flavor(trained.model)
        assert name in flavors, (
            f"its MLmodel has the flavors {sorted(flavors)} and not {name}: look at package_flavor(), which names it"
        )
        assert document["run_id"] == run.run_id, (
            f"its MLmodel names the run {document['run_id']}, not {run.run_id}: look at `run` of the Case, which "
            "picks the run of the model"
        )
        generic = flavors.get("python_function")
        if case.predict is not None:
            assert generic is not None, "the model cannot predict: look at the pyfunc=None that save() returns"
            assert generic["loader_module"], "its MLmodel names no loader_module: set Flavor.loader_module"
            reasons = [skip for skip in run.skipped if skip.what.startswith("signature")]
            assert document.get("signature") or reasons, (
                "it has no signature, and run.skipped does not say why: return the inputs in data() or, for a loop, "
                "rows like them in sample(); where there are none, give the reason to call.skip()"
            )
        problems = verify(package, document).problems
        assert not problems, (
            f"it does not verify: {problems}; save() writes with package.open() or package.path() alone"
        )
        _check_requirements(bench, package)

    @needs("package", "predict")
    def test_the_native_model_comes_back(self, bench: Bench, case: Case) -> None:
        """`fitprint.<flavor>.load_model` returns a model of the same class that predicts as the trained one."""
        trained, _, package = bench.package(case)
        loaded = getattr(fitprint, bench.name).load_model(package)
        assert type(loaded).__name__ == type(trained.model).__name__, (
            f"a {type(loaded).__name__} comes back, a {type(trained.model).__name__} was saved: look at save() "
            "and load()"
        )
        assert case.predict is not None
        rows = case.rows_of(trained.data)
        expect_alike(case, case.predict(trained.model, rows), case.predict(loaded, rows), "the loaded native model")

    @needs("package")
    def test_the_limit_of_the_size_is_obeyed(self, bench: Bench, case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
        """``FITPRINT_<FLAVOR>_MAX_MODEL_SIZE`` leaves no larger package; if `size` knows it, `save` is not called."""
        saved: list[Any] = []
        save, limit = bench.flavor.save, 10

        def counted(model: Any, *args: Any) -> Any:
            saved.append(model)
            return save(model, *args)

        monkeypatch.setattr(bench.flavor, "save", counted)
        monkeypatch.setenv(variable("max_model_size", bench.name), str(limit))
        trained, run = bench.recorded(case, strict=False)
        assert run.models == {}, (
            f"a package was written although it has more than {limit} bytes: write with package.open() or "
            "package.path() alone"
        )
        assert [skip.rule for skip in run.skipped if skip.what == "model"] == ["max_model_size"], (
            f"run.skipped does not say that the model is too large: {run.skipped}; let PackageTooLarge, which "
            "package.open() raises, pass through save()"
        )
        left = [path.name for path in run.path.iterdir() if path.name.startswith(".")]
        assert not left, f"a part of the package was left: {left}"
        estimate = bench.flavor.size(trained.model)
        assert not (saved and estimate is not None and estimate > limit), (
            "save() was called although size() says that the model is too large"
        )

    @needs("package", "predict")
    def test_load_model_predicts_as_the_model(self, bench: Bench, case: Case) -> None:
        """`fitprint.load_model(package).predict(rows)` is what the case's `predict` returns."""
        trained, _, package = bench.package(case)
        assert case.predict is not None
        rows = case.rows_of(trained.data)
        expected = case.predict(trained.model, rows)
        expect_alike(case, expected, fitprint.load_model(package).predict(rows), "fitprint.load_model(...).predict")

    @needs("package", "predict")
    def test_save_model_and_log_model_write_the_same(self, bench: Bench, case: Case) -> None:
        """Packages written by hand, with recording off, predict as the model."""
        trained = bench.train(case)
        assert case.predict is not None
        rows = case.rows_of(trained.data)
        expected = case.predict(trained.model, rows)
        namespace = getattr(fitprint, bench.name)
        namespace.save_model(trained.model, bench.folder / "by-hand")
        actual = fitprint.load_model(bench.folder / "by-hand").predict(rows)
        expect_alike(case, expected, actual, "what save_model wrote")
        info = namespace.log_model(trained.model, name="logged")
        expect_alike(case, expected, fitprint.load_model(info.model_uri).predict(rows), "what log_model wrote")

    @needs("package", "predict")
    def test_golden_packages_still_load(self, bench: Bench, case: Case) -> None:
        """Packages that earlier releases wrote predict what they predicted then."""
        packages = [golden for golden in goldens(self.golden) if golden.case == case.name]
        command = f"python -m fitprint.testing golden {Path(bench.case_arguments(case)[0]).name}"
        if not packages:
            pytest.fail(
                f"there is no golden package of the case {case.name}: set `golden` of {type(self).__name__} to a "
                f"folder beside the tests, such as Path(__file__).with_name('golden'), and write it with `{command}`",
                pytrace=False,
            )
        for golden in packages:
            expect_as_then(case, golden)


def expect_alike(case: Case, expected: Any, actual: Any, what: str) -> None:
    """Fail if a prediction differs from the expected one."""
    if case.same_prediction is not None:
        assert case.same_prediction(expected, actual), (
            f"{what} predicts something else: {actual!r:.300}; look at save(), load() and predict() of the flavor, "
            f"and at `same_prediction` of the case {case.name}"
        )
        return
    wrong = difference(expected, actual, case.tolerance)
    assert wrong is None, (
        f"{what} does not predict the same as the framework, {wrong}: look at save(), load() and predict() of the "
        f"flavor, and at `predict` of the case {case.name}"
    )


def expect_as_then(case: Case, golden: Golden) -> None:
    """Fail if a package predicts something else here than where it was written."""
    actual = fitprint.load_model(golden.package).predict(golden.rows)
    wrong = difference(golden.predicted, actual, case.tolerance)
    assert wrong is None, (
        f"{golden.package}, which {golden.version} wrote, predicts something else here, {wrong}: look at load() and "
        "predict() of the flavor: both have to read what every release wrote, with every version of the framework"
    )


def _check_requirements(bench: Bench, package: Path) -> None:
    lines = (package / "requirements.txt").read_text("utf-8").splitlines()
    brought = {distributions.distribution_of_module(module) for module in bench.entry.modules}
    expected = {name.lower().replace("_", "-") for name in brought if name is not None}
    names = {line.partition("==")[0].lower().replace("_", "-") for line in lines}
    assert not expected or expected & names, (
        f"its requirements.txt names none of {sorted(expected)}, which bring the framework: look at requirements()"
    )


@dataclass(frozen=True)
class Golden:
    """One golden package."""

    version: str
    case: str
    package: Path
    rows: Any
    predicted: Any


def goldens(folder: Path | None) -> Iterator[Golden]:
    """Yield the golden packages in a folder."""
    for place in sorted(folder.glob("*/*/package")) if folder is not None else ():
        case = place.parent
        rows, predicted = carried.read(case / "rows.json"), carried.read(case / "predicted.json")
        yield Golden(case.parent.name, case.name, place, rows, predicted)


def write_golden(flavor: str, case: Case, folder: Path) -> Path | None:
    """Train a case and keep its package, its rows and its prediction. Return None for a case without a prediction."""
    if case.predict is None or not case.package:
        return None
    plugin = registry.entries()[flavor].plugin
    target = folder / (plugin.version if plugin is not None else "0") / case.name
    with tempfile.TemporaryDirectory() as store:
        fitprint.autolog(flavor, strict=True, quiet=True, store=store)
        data = case.data()
        result = case.trained(data)
        fitprint.disable()
        run = case.run([run for run in fitprint.runs(store) if run.parent_id is None])
        if run.model_path is None:
            raise ValueError(
                f"the case {case.name} left no package: {run.skipped}; look at model() and save(), or give the Case "
                "package=False"
            )
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        shutil.copytree(run.model_path, target / "package")
    rows = case.rows_of(data)
    carried.write(target / "rows.json", rows)
    carried.write(target / "predicted.json", case.predict(case.model(result), rows))
    return target


class Canary:
    """An object that makes a folder when it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = str(folder)

    def __reduce__(self) -> Any:
        return os.mkdir, (self.folder,)


class TrustChecks:
    """What a flavor says of the safety of its format is true."""

    @needs("package")
    def test_no_pickle_is_loaded_under_no_pickle(self, bench: Bench, case: Case) -> None:
        """A format that may hold pickles is refused; one that holds only data loads, and nothing is unpickled."""
        trained, _, package = bench.package(case)
        config = mlmodel.read(package)["flavors"][bench.flavor.package_flavor(trained.model)]
        reason = bench.flavor.needs_trust(config)
        load = getattr(fitprint, bench.name).load_model
        if reason is not None:
            assert _refused(load, package), (
                f"needs_trust() says {reason!r}, and yet the package was loaded with trust='no-pickle': let load() "
                "read the package through the helpers of fitprint.plugin, which refuse it"
            )
        else:
            pickles = sorted(_pickles(package))
            assert not pickles, (
                f"needs_trust() says that the format holds data alone, and the package holds pickles: {pickles}; give "
                "a reason there, or write another format"
            )
            assert not _refused(load, package), (
                "the package holds data alone, and is refused with trust='no-pickle': look at what load() unpickles"
            )
        assert not _unpickles_anything(bench, load, package), (
            "with trust='no-pickle' a pickle put in the place of a model file was unpickled: look at load(), and at "
            "what needs_trust() says of this config"
        )


def _refused(load: Any, package: Path) -> bool:
    try:
        load(package, trust="no-pickle")
    except PackageError:
        return True
    return False


def _pickles(package: Path) -> set[str]:
    names = [file.relative_to(package).as_posix() for file in package.rglob("*") if file.is_file()]
    return {imports.file for imports in imports_of(package, names)}


def _unpickles_anything(bench: Bench, load: Any, package: Path) -> bool:
    """Return whether a pickle in the place of any of the package's files is unpickled."""
    trace = bench.folder / "unpickled"
    stream = pickle.dumps(Canary(trace))
    for file in sorted(path for path in package.rglob("*") if path.is_file()):
        if file.name in ("MLmodel", CHECKSUMS):
            continue
        copied = bench.folder / "tampered"
        shutil.rmtree(copied, ignore_errors=True)
        shutil.copytree(package, copied)
        (copied / file.relative_to(package)).write_bytes(stream)
        attempt(lambda folder: load(folder, trust="no-pickle"), copied)  # whether it raises or not
    return trace.exists()
