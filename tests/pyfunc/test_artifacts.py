"""The files of a python model: copied into its package, found in its context."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

import fitprint
from fitprint.models import PackageError
from fitprint.pyfunc import PythonModel


@pytest.fixture
def listing():
    """A model that gives the content of its artifacts; of a class without an importable name, so that it travels."""

    class Listing(PythonModel):
        def predict(self, context, model_input):
            found = {}
            for name, place in context.artifacts.items():
                path = Path(place)
                assert path.is_absolute()
                files = [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file())
                found[name] = {
                    file.relative_to(path.parent).as_posix(): file.read_text(errors="replace") for file in files
                }
            return found

    return Listing()


@pytest.fixture
def files(tmp_path):
    for name in ("a/x.txt", "b/x.txt", "b/X.txt", "deep/er/y.txt", "deep/z.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    (tmp_path / "empty").mkdir()
    (tmp_path / "deep" / "link.txt").symlink_to(tmp_path / "a" / "x.txt")
    (tmp_path / "deep" / "linked").symlink_to(tmp_path / "b")
    return tmp_path


def places(folder):
    entry = yaml.safe_load((folder / "MLmodel").read_text())["flavors"]["python_function"]["artifacts"]
    return {name: about["path"] for name, about in entry.items()}


def test_files_and_folders_are_copied_and_found(saved, listing, files):
    folder = saved(listing, artifacts={"one": files / "a" / "x.txt", "all": str(files / "deep")})
    shutil.rmtree(files / "deep")
    assert fitprint.load_model(folder).predict(None) == {
        "one": {"x.txt": "a/x.txt"},
        "all": {
            "deep/er/y.txt": "deep/er/y.txt",
            "deep/z.txt": "deep/z.txt",
            "deep/link.txt": "a/x.txt",
            "deep/linked/x.txt": "b/x.txt",
            "deep/linked/X.txt": "b/X.txt",
        },
    }
    assert places(folder) == {"one": "artifacts/x.txt", "all": "artifacts/deep"}


def test_one_base_name_twice_goes_into_numbered_folders(saved, listing, files):
    given = {"one": "a/x.txt", "two": "b/x.txt", "three": "b/X.txt", "again": "a/x.txt", "z": "deep/z.txt"}
    folder = saved(listing, artifacts=given)
    assert places(folder) == {
        "one": "artifacts/0/x.txt",
        "two": "artifacts/1/x.txt",
        "three": "artifacts/2/X.txt",
        "again": "artifacts/0/x.txt",
        "z": "artifacts/z.txt",
    }
    assert fitprint.load_model(folder).predict(None)["two"] == {"x.txt": "b/x.txt"}


def test_names_that_differ_in_case_alone_do_not_meet_on_any_disk(saved, listing, files):
    folder = saved(listing, artifacts={"one": "a/x.txt", "two": "b/X.txt"})
    assert set(places(folder).values()) == {"artifacts/0/x.txt", "artifacts/1/X.txt"}


def test_an_artifact_named_like_a_numbered_folder_keeps_its_place(saved, listing, files):
    (files / "0").write_text("zero")
    folder = saved(listing, artifacts={"one": "a/x.txt", "two": "b/x.txt", "zero": "0"})
    assert set(places(folder).values()) == {"artifacts/1/x.txt", "artifacts/2/x.txt", "artifacts/0"}


def test_an_empty_folder_is_kept(saved, listing, files):
    assert fitprint.load_model(saved(listing, artifacts={"nothing": "empty"})).predict(None) == {"nothing": {}}


def test_a_file_url_and_a_package_in_a_run_are_artifacts(saved, listing, files, store):
    info = fitprint.pyfunc.log_model(name="inner", python_model=listing)
    url = (files / "a" / "x.txt").as_uri()
    found = fitprint.load_model(saved(listing, artifacts={"model": info.model_uri, "file": url})).predict(None)
    assert found["file"] == {"x.txt": "a/x.txt"}
    assert "inner/MLmodel" in found["model"]


@pytest.mark.parametrize(
    ("uri", "error", "told"),
    [
        ("missing.txt", FileNotFoundError, "the artifact one: there is no file or folder missing.txt"),
        ("s3://bucket/x", PackageError, "only folders, file: URLs and runs:/"),
    ],
)
def test_what_cannot_be_copied_is_refused_before_anything_is_written(saved, listing, files, uri, error, told):
    with pytest.raises(error, match=told):
        saved(listing, artifacts={"one": uri})
    assert not [path for path in files.iterdir() if path.name.startswith(("package_", ".package_"))]


def test_a_link_that_leads_round_is_refused(saved, listing, files):
    (files / "deep" / "round").symlink_to(files / "deep")
    with pytest.raises(ValueError, match="leads back to a folder that it lies in"):
        saved(listing, artifacts={"all": "deep"})


@pytest.mark.parametrize("place", ["../outside.txt", "/etc/hostname", None, 3])
def test_a_package_cannot_name_an_artifact_outside_of_it(saved, listing, files, place):
    (files / "outside.txt").write_text("not yours")
    folder = saved(listing, artifacts={"one": "a/x.txt"})
    document = yaml.safe_load((folder / "MLmodel").read_text())
    document["flavors"]["python_function"]["artifacts"]["one"]["path"] = place
    (folder / "MLmodel").write_text(yaml.safe_dump(document))
    with pytest.raises(PackageError, match=r"leads outside|names no model file"):
        fitprint.load_model(folder)
