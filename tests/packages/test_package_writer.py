"""The package writer: every file bounded, hashed and counted; the whole complete or absent."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import tracemalloc
import zipfile

import numpy as np
import pytest

import fitprint
from fitprint.models.errors import PackageError
from fitprint.models.package import Package, PackageTooLarge
from fitprint.models.package_paths import member


def digest(content):
    return hashlib.sha256(content).hexdigest()


def checksums(folder):
    return json.loads((folder / "checksums.json").read_text())


@pytest.fixture
def package(tmp_path):
    return Package(tmp_path / ".package")


def test_files_are_counted_hashed_and_sealed_by_a_rename(package, tmp_path):
    with package.open("model.bin") as file:
        assert file.write(b"abc") == 3
        assert file.write(bytearray(b"def")) == 3
        file.flush()
    package.write("deep/er/text.txt", "größer")
    assert package.size == 6 + 8
    target = tmp_path / "model"
    inode = package.folder.stat().st_ino
    package.seal(target)
    assert target.stat().st_ino == inode
    assert not package.folder.exists()
    assert checksums(target) == {"deep/er/text.txt": digest("größer".encode()), "model.bin": digest(b"abcdef")}
    assert list(checksums(target)) == sorted(checksums(target))


def test_what_a_framework_writes_itself_is_counted_and_hashed_at_the_end(package, tmp_path):
    package.path("model.ubj").write_bytes(b"x" * 100)
    folder = package.path("saved/model")
    folder.mkdir()
    (folder / "a").write_bytes(b"a")
    (folder / "b").mkdir()
    (folder / "b" / "c").write_bytes(b"cc")
    package.path("never written")
    package.settle()
    assert package.size == 103
    package.settle()
    assert package.size == 103, "counted once"
    package.seal(tmp_path / "model")
    expected = {"model.ubj": b"x" * 100, "saved/model/a": b"a", "saved/model/b/c": b"cc"}
    assert checksums(tmp_path / "model") == {name: digest(content) for name, content in expected.items()}


def test_a_file_is_copied_in_blocks(package, tmp_path):
    content = os.urandom(3 << 20)
    (tmp_path / "source").write_bytes(content)
    package.copy(tmp_path / "source", "copy")
    assert (package.folder / "copy").read_bytes() == content
    assert package.checksums["copy"] == digest(content)


BAD = ["..", "../x", "a/../x", "/x", "a//b", "", ".", "./a", "a/.", "a/", "a\0b", "a\\b", "\\", "checksums.json"]


@pytest.mark.parametrize("name", BAD)
def test_names_that_lead_outside_or_are_spelled_oddly_are_refused(package, tmp_path, name):
    for ask in (package.open, package.path):
        with pytest.raises(
            ValueError, match=r"is not a valid name inside a package: give a relative path of plain names"
        ):
            ask(name)
    with pytest.raises(ValueError, match="is not a valid name inside a package"):
        package.write(name, "x")
    assert os.listdir(tmp_path) == [".package"]
    assert os.listdir(package.folder) == []


def test_a_file_written_again_counts_once(package, tmp_path):
    package.write("a", "first and long")
    package.write("a", "second")
    assert package.size == 6
    package.seal(tmp_path / "model")
    assert checksums(tmp_path / "model") == {"a": digest(b"second")}


def test_a_file_restarted_counts_and_hashes_what_remains(package):
    with package.open("a") as file:
        file.write(b"x" * 1000)
        file.restart()
        assert package.size == 0
        file.write(b"y")
    assert package.size == 1
    assert (package.folder / "a").read_bytes() == b"y"
    assert package.checksums["a"] == digest(b"y")


def test_the_limit_stops_before_the_bytes_are_written(tmp_path):
    package = Package(tmp_path / ".package", limit=10)
    with package.open("a") as file:
        file.write(b"x" * 10)
        with pytest.raises(PackageTooLarge, match=r"larger than max_model_size \(10 bytes\)"):
            file.write(b"y")
    assert (package.folder / "a").read_bytes() == b"x" * 10
    assert package.size == 10


def test_the_limit_is_over_all_files(tmp_path):
    package = Package(tmp_path / ".package", limit=10)
    package.write("a", "x" * 6)
    with pytest.raises(PackageTooLarge):
        package.write("b", "x" * 5)
    package.path("c").write_bytes(b"x" * 5)
    with pytest.raises(PackageTooLarge):
        package.settle()


def test_a_folder_becomes_an_archive_within_the_limit(tmp_path):
    source = tmp_path / "source"
    (source / "inside").mkdir(parents=True)
    (source / "inside" / "b").write_bytes(b"y" * 3_000_000)
    (source / "a").write_bytes(b"x")
    package = Package(tmp_path / ".package")
    package.zip(source, "data/model.zip")
    content = (package.folder / "data/model.zip").read_bytes()
    assert package.checksums == {"data/model.zip": digest(content)}
    assert package.size == len(content)
    with zipfile.ZipFile(package.folder / "data/model.zip") as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["a", "inside/b"]
        assert {entry.compress_type for entry in archive.infolist()} == {zipfile.ZIP_STORED}
    package = Package(tmp_path / ".limited", limit=1_000_000)
    with pytest.raises(PackageTooLarge):
        package.zip(source, "model.zip")


def test_a_pickle_over_the_limit_stops_early_with_little_written(tmp_path):
    package = Package(tmp_path / ".package", limit=1_000_000)
    model = [np.full(100_000, number, dtype="f8") for number in range(200)]  # 160 MB in pieces of 0.8
    with pytest.raises(PackageTooLarge), package.open("model.pkl") as file:
        pickle.dump(model, file, protocol=5)
    assert (package.folder / "model.pkl").stat().st_size <= 1_000_000
    assert package.size <= 1_000_000


@pytest.mark.parametrize(
    "array",
    [
        np.arange(12.0).reshape(3, 4),
        np.arange(24)[::2],
        np.array([], dtype="f8"),
        np.array(3.0),
        np.zeros((0, 3)),
    ],
    ids=["rows", "strided", "empty", "single", "no rows"],
)
def test_any_buffer_is_written_as_its_bytes(package, array):
    with package.open("a") as file:
        assert file.write(memoryview(array)) == array.nbytes
    assert (package.folder / "a").read_bytes() == array.tobytes()
    assert package.size == array.nbytes
    assert package.checksums["a"] == digest(array.tobytes())


def test_a_pickle_buffer_is_written_without_a_copy(package):
    array = np.arange(1_000_000.0)
    tracemalloc.start()
    try:
        with package.open("a") as file:
            assert file.write(pickle.PickleBuffer(array)) == array.nbytes
        assert tracemalloc.get_traced_memory()[1] < array.nbytes / 2
    finally:
        tracemalloc.stop()
    assert (package.folder / "a").read_bytes() == array.tobytes()


class ColumnWise:
    """Pickles its memory as it lies."""

    def __init__(self, array):
        self.array = array

    def __reduce__(self):
        return rebuilt, (pickle.PickleBuffer(self.array), self.array.shape)


def rebuilt(buffer, shape):
    return np.frombuffer(buffer).reshape(shape, order="F")


def test_memory_that_lies_column_by_column_is_pickled_as_it_lies(package):
    array = np.asfortranarray(np.arange(200_000.0).reshape(400, 500))
    with package.open("a") as file:
        pickle.Pickler(file, protocol=5).dump([ColumnWise(array), array])
    direct, through_numpy = pickle.loads((package.folder / "a").read_bytes())
    assert (direct == array).all()
    assert (through_numpy == array).all()


def test_discarding_leaves_nothing(package, tmp_path):
    package.write("deep/a", "x")
    package.discard()
    assert os.listdir(tmp_path) == []
    package.discard()  # nor does it mind


def test_a_folder_that_is_there_is_not_written_into(tmp_path):
    (tmp_path / "taken").mkdir()
    with pytest.raises(FileExistsError):
        Package(tmp_path / "taken")


def keep(run, name, text="x"):
    package = run._writer.begin_package(None)
    package.write("a", text)
    return run._writer.keep_package(package, name, {"flavor": "toy", "size": package.size})


def test_a_taken_name_gets_the_next_number(store):
    with fitprint.start_run() as run:
        assert [keep(run, "model", text) for text in "123"] == ["model", "model-2", "model-3"]
        assert keep(run, "mine") == "mine"
        assert run.models == {name: run.path / name for name in ("model", "model-2", "model-3", "mine")}
    assert [(run.path / name / "a").read_text() for name in ("model", "model-2", "model-3")] == ["1", "2", "3"]
    assert {*os.listdir(run.path)} == {"run.json", "model", "model-2", "model-3", "mine"}
    assert fitprint.get_run(run.run_id).models == run.models
    assert run.model_path == run.path / "mine"


@pytest.mark.parametrize("name", ["", "a/b", "..", ".hidden", "a\0", "run.json", "metrics.jsonl", "artifacts"])
def test_names_of_packages_are_plain(store, name):
    with fitprint.start_run() as run:
        with pytest.raises(ValueError, match="is not a valid name for a model: give a plain name"):
            keep(run, name)
        assert run.models == {}


def test_two_packages_of_one_run_can_be_written_at_once(store):
    with fitprint.start_run() as run:
        first, second = run._writer.begin_package(None), run._writer.begin_package(None)
        first.write("a", "first")
        second.write("a", "second")
        assert run._writer.keep_package(second, "model", {}) == "model"
        assert run._writer.keep_package(first, "model", {}) == "model-2"
    assert (run.path / "model-2" / "a").read_text() == "first"


def test_the_member_of_a_package_that_a_file_names(tmp_path):
    (tmp_path / "model.pkl").write_text("x")
    (tmp_path / "out").symlink_to("/")
    assert member(tmp_path, "model.pkl") == tmp_path / "model.pkl"
    for outside in ("../x", "/etc/passwd", "out/etc", "a\0b"):
        with pytest.raises(PackageError, match="leads outside of the package"):
            member(tmp_path, outside)
    with pytest.raises(PackageError, match="is missing"):
        member(tmp_path, "gone.pkl")
    for nothing in ("", None, 3, ["a"]):
        with pytest.raises(PackageError, match="names no model file"):
            member(tmp_path, nothing)
