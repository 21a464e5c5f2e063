"""Code that was pickled by value is refused by another minor version of Python, before anything is unpickled."""

from __future__ import annotations

import gzip
import pickle
import platform
import shutil
from pathlib import Path

import cloudpickle
import pytest
import yaml

import fitprint
from fitprint._packages.compatibility import refuse_another_python
from fitprint.models import PackageError, mlmodel

# the code in MLflow's packages leaves files open, and that is told when they are collected
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")

ANOTHER = "3.9.18"


@pytest.fixture
def written_by(fixture_model, tmp_path):
    """A copy of a package of MLflow's, said to be written by another version of Python."""

    def copy(name, version, **keys):
        folder = tmp_path / name
        shutil.copytree(fixture_model(name), folder)
        document = yaml.safe_load((folder / "MLmodel").read_text())
        document["flavors"]["python_function"] |= {"python_version": version, **keys}
        (folder / "MLmodel").write_text(yaml.safe_dump(document))
        return folder

    return copy


class Canary:
    """Leaves a file when it is unpickled."""

    def __reduce__(self):
        return open, ("canary", "w")


def test_code_of_another_minor_is_refused_in_one_line(written_by):
    with pytest.raises(PackageError) as refused:
        fitprint.load_model(written_by("pyfunc_python_model", ANOTHER))
    here = platform.python_version()
    assert f"holds code pickled by Python {ANOTHER}, which Python {here} cannot run: load it with Python 3.9" in str(
        refused.value
    )
    assert "\n" not in str(refused.value)


def test_it_is_refused_before_anything_is_unpickled(written_by):
    folder = written_by("pyfunc_function", ANOTHER)
    stream = pickle.dumps([Canary(), "CodeType"])
    (folder / "python_model.pkl").write_bytes(stream)
    with pytest.raises(PackageError, match="holds code pickled by Python"):
        fitprint.load_model(folder)
    assert not Path("canary").exists()


def test_compressed_code_is_found_too(written_by):
    folder = written_by("pyfunc_function", ANOTHER, python_model_compression="gzip")
    stream = (folder / "python_model.pkl").read_bytes()
    (folder / "python_model.pkl").write_bytes(gzip.compress(stream))
    with pytest.raises(PackageError, match="holds code pickled by Python"):
        fitprint.load_model(folder)


@pytest.mark.usefixtures("same_python_as_mlflow")
@pytest.mark.parametrize("version", [f"{platform.python_version().rpartition('.')[0]}.99", None, ""])
def test_another_patch_version_or_none_is_no_other_python(written_by, version):
    assert fitprint.load_model(written_by("pyfunc_function", version)).predict(["a"]) == ["A"]


def test_a_package_without_code_by_value_loads_in_any_python(written_by):
    assert type(fitprint.load_model(written_by("pyfunc_loader_module", ANOTHER)).unwrap()).__name__ == "_M"


@pytest.mark.parametrize(
    ("content", "keys", "refused"),
    [
        (cloudpickle.dumps(lambda x: x), {"serialization_format": "cloudpickle"}, True),
        (cloudpickle.dumps([1, 2]), {"serialization_format": "cloudpickle"}, False),
        (pickle.dumps("CodeType"), {"serialization_format": "pickle"}, False),
        (b"", {"serialization_format": "pickle", "code_by_value": True}, True),
        (b"x" * ((1 << 20) - 3) + b"CodeType", {"serialization_format": "cloudpickle"}, True),
    ],
)
def test_pickles_of_other_flavors_are_refused_where_they_hold_code(tmp_path, content, keys, refused):
    (tmp_path / "model.pkl").write_bytes(content)
    config = {"pickled_model": "model.pkl", **keys}
    document = {"flavors": {"some": config, "python_function": {"python_version": ANOTHER}}}
    if refused:
        with pytest.raises(PackageError, match="holds code pickled by Python"):
            refuse_another_python(tmp_path, document, config)
    else:
        refuse_another_python(tmp_path, document, config)


def test_packages_written_here_say_which_python_wrote_them(saved):
    folder = saved(lambda data: data)
    assert mlmodel.read(folder)["flavors"]["python_function"]["python_version"] == platform.python_version()
