"""The levels of trust: what is refused before anything of a package is loaded."""

from __future__ import annotations

import os

import pytest

import fitprint
from fitprint.models import mlmodel, trust
from fitprint.models.checksums import verify
from fitprint.models.errors import PackageError
from fitprint.pyfunc._flavor import PyfuncFlavor


def check(folder, level, **options):
    trust.check(folder, mlmodel.read(folder), level, **options)


@pytest.fixture
def whole(sealed, canary):
    return sealed({"model.bin": canary, "code/toy_loader.py": b"raise SystemExit"}, code="code")


def test_all_is_loaded_with_all(whole, package):
    (whole / "model.bin").write_bytes(b"")
    check(whole, "all", reason="it is a pickle")
    check(package("sklearn_pickle"), "all")


def test_only_what_verifies_is_loaded_with_verified(whole):
    check(whole, "verified", reason="it is a pickle")
    (whole / "model.bin").write_bytes(b"")
    with pytest.raises(PackageError, match=r"does not verify: model\.bin: it is not what checksums\.json lists$"):
        check(whole, "verified")
    (whole / "requirements.txt").unlink()
    with pytest.raises(PackageError, match=r"lists \(and 1 more: `fitprint verify` shows all\)$"):
        check(whole, "verified")


def test_packages_of_mlflow_are_not_loaded_with_verified(package):
    with pytest.raises(PackageError, match="packages that MLflow wrote have none"):
        check(package("sklearn_pickle"), "verified")


@pytest.mark.parametrize("level", ["all", "verified", "no-pickle"])
def test_a_digest_counts_at_every_level(whole, level):
    digest = verify(whole, mlmodel.read(whole)).digest
    check(whole, level, digest=digest)
    with pytest.raises(PackageError, match=r"its SHA-256 is .* not the digest given"):
        check(whole, level, digest="0" * 64)
    with pytest.raises(ValueError, match="is not a digest"):
        check(whole, level, digest="abc")
    (whole / "model.bin").write_bytes(b"")
    with pytest.raises(PackageError, match="does not verify"):
        check(whole, level, digest=digest)


def test_only_data_is_loaded_with_no_pickle(whole):
    check(whole, "no-pickle", reason=None)
    with pytest.raises(PackageError, match=r"is not loaded with trust=no-pickle: its model is a pickle$"):
        check(whole, "no-pickle", reason="its model is a pickle")
    assert trust.allows_code("all")
    assert trust.allows_code("verified")
    assert not trust.allows_code("no-pickle")


@pytest.mark.parametrize("place", ["code/mine.py", "code/mine/__init__.py", "lib/mine.py", "code/mine"])
def test_a_loader_of_the_packages_own_is_refused_with_no_pickle(sealed, place):
    folder = sealed({place: b""}, loader_module="mine.inner", code=place.partition("/")[0])
    with pytest.raises(PackageError, match=r"trust=no-pickle: its loader mine\.inner is code inside the package"):
        check(folder, "no-pickle")
    check(folder, "all")


@pytest.mark.parametrize(
    "name", ["pyfunc_python_model", "pyfunc_function", "pyfunc_loader_module", "pyfunc_models_from_code"]
)
def test_python_models_are_code(package, name):
    folder = package(name)
    config = mlmodel.read(folder)["flavors"]["python_function"]
    with pytest.raises(PackageError, match="is not loaded with trust=no-pickle"):
        check(folder, "no-pickle", reason=PyfuncFlavor().needs_trust(config))


@pytest.mark.parametrize("loader", ["../x", "a\0b", "x" * 5000, 3, None, ["a"], ""])
def test_odd_loaders_are_no_matter(sealed, loader):
    check(sealed({"model.bin": b""}, loader_module=loader), "no-pickle")


def test_an_unknown_level(whole):
    with pytest.raises(ValueError, match="trust='some' is not known: it must be one of all, verified, no-pickle"):
        check(whole, "some")


def test_what_is_refused_is_one_line(whole):
    for level, options in (("verified", {}), ("no-pickle", {"reason": "a pickle"})):
        (whole / "model.bin").write_bytes(b"")
        with pytest.raises(PackageError) as caught:
            check(whole, level, **options)
        assert "\n" not in str(caught.value)
        assert str(caught.value).startswith(str(whole))


@pytest.mark.parametrize("level", trust.LEVELS)
@pytest.mark.parametrize("place", ["model.bin", "code/inner/pipe"])
def test_a_package_with_a_pipe_in_it_is_refused_at_once(whole, level, place):
    (whole / place).unlink(missing_ok=True)
    (whole / place).parent.mkdir(exist_ok=True)
    os.mkfifo(whole / place)
    with pytest.raises(PackageError, match=f"{place} is not a regular file"):
        fitprint.load_model(whole, trust=level)
