"""Which files of a package hold pickles: by how they begin, how they are called, and what MLmodel says of them."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import pickle
import zipfile

import pytest

from fitprint.models.streams import files as reading
from fitprint.models.streams.files import imports_of

DATA = pickle.dumps({"a": complex(1)}, 4)
HARM = b"cos\nsystem\n(S'true'\ntR."  # protocol 0: it begins as any text may begin


def read(tmp_path, name, content, **options):
    (tmp_path / name).write_bytes(content)
    found = list(imports_of(tmp_path, [name], **options))
    return {each.file: ([str(named) for named in each.names.named], each.names.problem) for each in found}


def test_a_pickle_is_known_by_how_it_begins(tmp_path, canary):
    assert read(tmp_path, "weights.bin", DATA) == {"weights.bin": (["builtins.complex"], "")}
    assert read(tmp_path, "any.csv", canary) == {"any.csv": ([f"{open.__module__}.open"], "")}


def test_a_file_called_a_pickle_is_read_as_one(tmp_path):
    assert read(tmp_path, "a.pkl", HARM) == {"a.pkl": (["os.system"], "")}
    assert read(tmp_path, "a.JOBLIB", b"{}") == {"a.JOBLIB": ([], "0x7b is not an opcode")}


def test_a_file_that_is_unpickled_is_read_whatever_it_looks_like(tmp_path):
    assert read(tmp_path, "a.txt", HARM) == {}
    assert read(tmp_path, "a.txt", HARM, models=["a.txt"]) == {}
    assert read(tmp_path, "a.txt", HARM, pickles=["a.txt"]) == {"a.txt": (["os.system"], "")}
    assert read(tmp_path, "a.bin", HARM, models=["a.bin"]) == {"a.bin": (["os.system"], "")}
    assert read(tmp_path, "a.bin", HARM[:-1], models=["a.bin"])["a.bin"][0] == ["os.system"]


@pytest.mark.parametrize(
    "content", [b"", b"{L\0\0", b"tree\nversion=v4\n", b"CBM1\0\0\0", b"\x08\x09\x12", b"cat, a dog\n1\n"]
)
def test_models_in_formats_of_their_own_are_no_pickles(tmp_path, content):
    assert read(tmp_path, "model.bin", content, models=["model.bin"]) == {}


@pytest.mark.parametrize(
    ("pack", "how"),
    [
        (gzip.compress, "gzip"),
        (bz2.compress, "bzip2"),
        (lzma.compress, "lzma"),
        (lambda b: lzma.compress(b, lzma.FORMAT_ALONE), "lzma"),
    ],
)
def test_packed_pickles_are_unpacked(tmp_path, pack, how):
    assert read(tmp_path, "python_model.pkl", pack(HARM)) == {f"python_model.pkl ({how})": (["os.system"], "")}
    assert read(tmp_path, "a.bin", pack(DATA)) == {f"a.bin ({how})": (["builtins.complex"], "")}
    assert read(tmp_path, "a.pkl.x", pack(HARM)) == {f"a.pkl.x ({how})": (["os.system"], "")}
    broken = read(tmp_path, "a.pkl", pack(HARM)[:-9])
    assert all(problem for _, problem in broken.values())


def zipped(**members):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, each in members.items():
            archive.writestr(name.replace("__", "/").replace("_", "."), each)
    return content.getvalue()


def test_members_of_a_zip_file(tmp_path):
    found = read(tmp_path, "model.pt", zipped(archive__data_pkl=HARM, archive__version="3", weights=DATA))
    assert found == {"model.pt/archive/data.pkl": (["os.system"], ""), "model.pt/weights": (["builtins.complex"], "")}


def test_types_that_a_schema_names(tmp_path, package):
    schema = {
        "__module__": "sklearn.pipeline",
        "__class__": "Pipeline",
        "content": [{"__module__": "os", "__class__": "system"}, {"content": {"module_path": "a.b", "function": "f"}}],
        "__class": {"__module__": 3, "__class__": "x"},
    }
    found = read(tmp_path, "model.any", zipped(schema_json=json.dumps(schema)), pickles=["model.any"])
    assert found == {"model.any/schema.json": (["sklearn.pipeline.Pipeline", "os.system", "a.b.f"], "")}
    [real] = imports_of(package("sklearn_skops"), ["model.skops"], pickles=["model.skops"])
    assert "sklearn.linear_model._logistic.LogisticRegression" in map(str, real.names.named)


@pytest.mark.parametrize("content", [b"", b"{", b"[" * 100_000, b"\xff"])
def test_a_broken_schema(tmp_path, content):
    assert read(tmp_path, "m.any", zipped(schema_json=content)) == {"m.any/schema.json": ([], "it is not JSON")}


def test_a_broken_member_hides_no_other(tmp_path):
    content = bytearray(zipped(a_pkl=DATA * 50, b_pkl=HARM))
    content[40:60] = b"\xff" * 20
    found = read(tmp_path, "m.zip", bytes(content))
    assert found["m.zip/a.pkl"][1].startswith("it cannot be read: ")
    assert found["m.zip/b.pkl"] == (["os.system"], "")


def test_a_file_that_is_a_pickle_and_a_zip_file_is_read_as_both(tmp_path):
    found = read(tmp_path, "both.pkl", HARM + zipped(a_pkl=DATA))
    assert found["both.pkl"][0] == ["os.system"]
    assert found["both.pkl/a.pkl"] == (["builtins.complex"], "")


def test_bombs_are_unpacked_so_far(tmp_path, monkeypatch):
    monkeypatch.setattr(reading.Allowance, "left", 1_000_000)
    monkeypatch.setattr(reading.Allowance, "__init__", lambda self: None)
    bomb = b"\x80\x04" + b"\x8e" + (10**8).to_bytes(8, "little") + b"\0" * 10**7
    for name, content in (("a.pkl", gzip.compress(bomb)), ("a.zip", zipped(a_pkl=bomb))):
        [(names, problem)] = read(tmp_path, name, content).values()
        assert names == []
        assert "bytes are packed in it, and the rest was not read" in problem


def test_a_list_of_members_without_end(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "LARGEST_DIRECTORY", 70_000)
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for n in range(1000):
            archive.writestr(f"{n}" * 30, b"")
    [(_, problem)] = read(tmp_path, "a.zip", content.getvalue()).values()
    assert problem == "the list of its files has more than 70,000 bytes"
    monkeypatch.setattr(reading, "LARGEST_DIRECTORY", 10**6)
    monkeypatch.setattr(reading, "MOST_MEMBERS", 10)
    assert "more than 10 files" in read(tmp_path, "a.zip", content.getvalue())["a.zip"][1]


def test_what_is_no_plain_file_is_not_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe.pkl")
    os.symlink("/dev/zero", tmp_path / "endless.pkl")
    (tmp_path / "plain").write_bytes(DATA)
    os.symlink("plain", tmp_path / "link.pkl")
    for name in ("pipe.pkl", "endless.pkl", "link.pkl", "gone.pkl"):
        found = list(imports_of(tmp_path, [name]))
        assert all(each.names.problem.startswith("it cannot be read: ") for each in found)
        assert found


def test_an_encrypted_member(tmp_path):
    content = bytearray(zipped(a_pkl=HARM))
    content[6] |= 1
    content[content.index(b"PK\1\2") + 8] |= 1
    assert "encrypted" in read(tmp_path, "a.zip", bytes(content))["a.zip/a.pkl"][1]
