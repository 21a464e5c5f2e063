"""Which changes of a package its checksums find, and which they let pass."""

from __future__ import annotations

import hashlib
import json
import os

import pytest

from fitprint.models import mlmodel
from fitprint.models.checksums import verify
from fitprint.models.errors import PackageError

FILES = {"model.bin": b"123", "code/own.py": b"x = 1", "artifacts/a/b.txt": b"b"}


def problems(folder, digest=None):
    return verify(folder, mlmodel.read(folder), digest).problems


@pytest.fixture
def whole(sealed):
    return sealed(FILES, code="code", artifacts={"a": {"path": "artifacts/a", "uri": "a"}})


def test_a_whole_package_verifies(whole):
    assert problems(whole) == []
    found = verify(whole, mlmodel.read(whole))
    assert found.digest == hashlib.sha256((whole / "checksums.json").read_bytes()).hexdigest()
    assert {file.check for file in found.files} == {"matches", None}
    assert problems(whole, found.digest) == []
    assert problems(whole, f"SHA256:{found.digest.upper()}") == []


def test_what_mlflow_adds_on_registering_is_reported_and_verifies(whole):
    (whole / "registered_model_meta").write_text("model_name: a\nmodel_version: '1'\n")
    assert problems(whole) == []
    [unlisted] = [file for file in verify(whole, mlmodel.read(whole)).files if file.check == "unlisted"]
    assert unlisted.name == "registered_model_meta"


@pytest.mark.parametrize("name", [*FILES, "MLmodel", "requirements.txt"])
def test_a_changed_file_and_a_missing_one(whole, name):
    content = (whole / name).read_bytes()
    (whole / name).write_bytes(content + b"\n")
    assert problems(whole) == [f"{name}: it is not what checksums.json lists"]
    (whole / name).write_bytes(content)
    assert problems(whole) == []
    if name != "MLmodel":
        (whole / name).unlink()
        assert problems(whole) == [f"{name}: it is missing"]


ADDED_TO_CODE = "it lies where code is imported from, but checksums.json does not list it"
NAMED = "MLmodel names it, but checksums.json does not list it"


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("code/json.py", ADDED_TO_CODE),
        ("code/sub/x.txt", ADDED_TO_CODE),
        ("code/__pycache__/own.cpython-311.pyc", "it is compiled code that was written later"),
        ("artifacts/a/more.txt", NAMED),
        ("conda.yaml", NAMED),
        ("constraints.txt", NAMED),
    ],
)
def test_an_added_file_fails_where_it_would_be_used(whole, name, problem):
    (whole / name).parent.mkdir(exist_ok=True)
    (whole / name).write_bytes(b"x")
    [told] = problems(whole)
    assert told.startswith(f"{name}: {problem}")


def test_files_that_mlmodel_names_have_to_be_listed(sealed):
    folder = sealed({"a.bin": b"1"}, model_code_path="/home/me/script.py", odd={"key": ["./odd.bin"]}, data="data/x")
    for name in ("script.py", "odd.bin", "data/x", "other.bin"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"")
    assert problems(folder) == [f"{name}: {NAMED}" for name in ("odd.bin", "script.py", "data/x")]


def test_without_a_folder_of_code_in_mlmodel_its_usual_name_counts(sealed):
    folder = sealed({"model.bin": b"1"})
    (folder / "code").mkdir()
    (folder / "code" / "a.py").write_bytes(b"")
    assert problems(folder) == [f"code/a.py: {ADDED_TO_CODE}"]


def test_where_the_whole_package_is_code_nothing_may_be_added(sealed):
    folder = sealed({"model.bin": b"1"}, code="code/..")
    (folder / "json.py").write_bytes(b"")
    assert problems(folder) == [f"json.py: {ADDED_TO_CODE}"]


def test_links_and_pipes_are_not_read(whole, tmp_path):
    (tmp_path / "same").write_bytes(b"123")
    (whole / "model.bin").unlink()
    os.symlink(tmp_path / "same", whole / "model.bin")
    os.symlink("/", whole / "root")
    os.mkfifo(whole / "pipe")
    told = "it is a link, or not a regular file"
    assert problems(whole) == [f"{name}: {told}" for name in ("model.bin", "pipe", "root")]


def test_a_folder_that_is_a_link_is_not_entered(whole, tmp_path):
    (whole / "artifacts" / "a").rename(tmp_path / "elsewhere")
    os.symlink(tmp_path / "elsewhere", whole / "artifacts" / "a")
    assert [problem.partition(":")[0] for problem in problems(whole)] == ["artifacts/a", "artifacts/a/b.txt"]


OUTSIDE = [
    "/etc/passwd",
    "../outside",
    "a/../../outside",
    "code//own.py",
    "./model.bin",
    "",
    "a\\b",
    "a\0b",
    ".",
    "code/",
]


@pytest.mark.parametrize("name", OUTSIDE)
def test_names_that_lead_outside_are_not_followed(whole, name):
    (whole.parent / "outside").write_bytes(b"secret")
    listed = json.loads((whole / "checksums.json").read_text())
    listed[name] = hashlib.sha256(b"secret").hexdigest()
    (whole / "checksums.json").write_text(json.dumps(listed))
    assert problems(whole) == [f"{name}: checksums.json lists it, but it leads outside of the package"]


def test_the_digest_finds_what_was_changed_with_its_checksum(whole):
    kept = verify(whole, mlmodel.read(whole)).digest
    (whole / "model.bin").write_bytes(b"harm")
    listed = json.loads((whole / "checksums.json").read_text())
    listed["model.bin"] = hashlib.sha256(b"harm").hexdigest()
    (whole / "checksums.json").write_text(json.dumps(listed))
    assert problems(whole) == []
    [told] = problems(whole, kept)
    assert told.startswith("checksums.json: its SHA-256 is ")
    for nonsense in ("", "abc", kept[:-1], kept + "0"):
        with pytest.raises(ValueError, match="is not a digest"):
            problems(whole, nonsense)


def test_packages_of_mlflow_have_no_checksums(package):
    folder = package("sklearn_pickle")
    with pytest.raises(
        PackageError, match=r"has no checksums\.json, so it cannot be verified: packages that MLflow wrote have none"
    ):
        problems(folder)


SUM = "0" * 64
BROKEN = {
    "empty": b"",
    "a list": b"[]",
    "cut off": b'{"a": "',
    "deep": b"[" * 100_000,
    "no text": b"\xff\xfe",
    "a number": b'{"a": 3}',
    "no checksum": b'{"a": "abc"}',
    "capitals": f'{{"a": "{"A" * 64}"}}'.encode(),
    "a name twice": f'{{"a": "{SUM}", "a": "{SUM}"}}'.encode(),
    "a long number": b'{"a": ' + b"9" * 10_000 + b"}",
    "too large": b" " * 10_000_001,
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_broken_checksums_are_one_line(whole, content):
    (whole / "checksums.json").write_bytes(content)
    with pytest.raises(PackageError) as caught:
        problems(whole)
    assert str(caught.value).startswith(str(whole / "checksums.json"))
    assert "\n" not in str(caught.value)


def test_checksums_that_are_a_link(whole, tmp_path):
    (whole / "checksums.json").rename(tmp_path / "elsewhere")
    os.symlink(tmp_path / "elsewhere", whole / "checksums.json")
    with pytest.raises(PackageError, match=r"checksums\.json cannot be read: "):
        problems(whole)
