"""Which files of a package hold pickles: by how they begin, how they are called, and what MLmodel says of them."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import pickle
import tarfile
import zipfile
import zlib

import pytest

from fitprint.models.streams import archives, limits
from fitprint.models.streams.files import imports_of

DATA = pickle.dumps({"a": complex(1)}, 4)
HARM = b"cos\nsystem\n(S'true'\ntR."  # protocol 0: it begins as any text may begin


def read(tmp_path, name, content, **options):
    (tmp_path / name).write_bytes(content)
    found = list(imports_of(tmp_path, [name], **options))
    return {file.file: ([str(named) for named in file.names.named], file.names.problem) for file in found}


def test_a_pickle_is_known_by_how_it_begins(tmp_path, canary):
    assert read(tmp_path, "weights.bin", DATA) == {"weights.bin": (["builtins.complex"], "")}
    assert read(tmp_path, "any.csv", canary) == {"any.csv": ([f"{open.__module__}.open"], "")}


def test_a_file_called_a_pickle_is_read_as_one(tmp_path):
    assert read(tmp_path, "a.pkl", HARM) == {"a.pkl": (["os.system"], "")}
    assert read(tmp_path, "a.JOBLIB", b"{}") == {"a.JOBLIB": ([], "0x7b is not an opcode")}


def test_a_file_that_is_unpickled_is_read_whatever_it_looks_like(tmp_path):
    assert read(tmp_path, "a.txt", b"no pickle", pickles=["a.txt"])["a.txt"][1]
    assert read(tmp_path, "a.txt", HARM, pickles=["a.txt"]) == {"a.txt": (["os.system"], "")}
    assert read(tmp_path, "a.bin", HARM, models=["a.bin"]) == {"a.bin": (["os.system"], "")}
    assert read(tmp_path, "a.bin", HARM[:-1], models=["a.bin"])["a.bin"][0] == ["os.system"]


@pytest.mark.parametrize("name", ["a.txt", "conf.json", "model", "code/init.py", "README.md"])
@pytest.mark.parametrize("after", [b"", b"and so on", b"."])
def test_text_that_is_a_pickle_is_known_by_what_it_calls(tmp_path, name, after):
    (tmp_path / "code").mkdir()
    assert read(tmp_path, name, HARM[:-1] + after)[name][0] == ["os.system"]


@pytest.mark.parametrize(
    "content",
    [
        b"cat\ndog\nbird\n",
        b"class Model:\n    pass\n",
        b"import os\nimport sys\n",
        b"id\nname\n1\na\n",
        b"(a, b)\n",
        b"code\nname\n(tea\n",
        b"0\n1\n",
    ],
)
def test_text_that_begins_like_a_pickle_is_none(tmp_path, content):
    assert read(tmp_path, "table.csv", content) == {}


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
        (zlib.compress, "zlib"),
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
        for name, member in members.items():
            archive.writestr(name.replace("__", "/").replace("_", "."), member)
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


def test_what_a_damaged_archive_names_before_the_damage_is_told(tmp_path):
    """An unpickler has called it by then."""
    broken = gzip.compress(HARM + os.urandom(100_000))[:50_000]
    assert read(tmp_path, "a.pkl", broken)["a.pkl (gzip)"][0] == ["os.system"]
    content = zipped(a_pkl=HARM)
    checksum = zlib.crc32(HARM).to_bytes(4, "little")
    assert read(tmp_path, "a.zip", content.replace(checksum, b"abcd"))["a.zip/a.pkl"] == (["os.system"], "")


def test_a_pickle_that_begins_like_a_bzip2_file(tmp_path):
    """The three letters are an opcode and the lower bytes of a length."""
    polyglot = b"BZh\0\0" + b"x" * int.from_bytes(b"Zh\0\0", "little") + HARM
    found = read(tmp_path, "model.bin", polyglot)
    assert found["model.bin"][0] == ["os.system"]


def test_a_zip_file_whose_members_are_hidden(tmp_path):
    content = zipped(a_pkl=HARM)
    renamed = content.replace(b"a.pkl", b"b.txt", 1)  # its own header names it otherwise than the list
    assert read(tmp_path, "a.zip", renamed)["a.zip/a.pkl"] == (["os.system"], "")
    directory = content.index(b"PK\1\2")
    for flag in (0x1, 0x20, 0x40):
        flagged = bytearray(content)
        flagged[6] |= flag
        flagged[directory + 8] |= flag
        assert read(tmp_path, "a.zip", bytes(flagged))["a.zip/a.pkl"] == (["os.system"], "")
        flagged[40:50] = b"secretly.."
        assert "encrypted or as a patch" in read(tmp_path, "a.zip", bytes(flagged))["a.zip/a.pkl"][1]


def array(description, content=b""):
    header = repr({"descr": description, "fortran_order": False, "shape": (1,)}).encode() + b"\n"
    return b"\x93NUMPY\1\0" + len(header).to_bytes(2, "little") + header + content


def test_arrays_of_objects_hold_pickles(tmp_path):
    assert read(tmp_path, "a.npy", array("<f8", HARM)) == {}
    for description in ("|O", "O", [("number", "<f8"), ("any", "|O")]):
        assert read(tmp_path, "a.npy", array(description, HARM)) == {"a.npy": (["os.system"], "")}
    found = read(tmp_path, "a.npz", zipped(a_npy=array("|O", HARM), b_npy=array("<i8")))
    assert found == {"a.npz/a.npy": (["os.system"], "")}
    long = b"\x93NUMPY\2\0" + (10**9).to_bytes(4, "little")
    assert "too long" in read(tmp_path, "a.npy", long)["a.npy"][1]


def tarred(**members):
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        for name, member in members.items():
            about = tarfile.TarInfo(name)
            about.size = len(member)
            archive.addfile(about, io.BytesIO(member))
    return content.getvalue()


def test_members_of_a_tar_file(tmp_path):
    long = "x" * 200 + "/a.pkl"
    content = tarred(**{"pickle": DATA, long: b"N.", "text": HARM})
    expected = {"pickle": (["builtins.complex"], ""), long: ([], ""), "text": (["os.system"], "")}
    assert read(tmp_path, "model.pt", content) == {f"model.pt/{name}": names for name, names in expected.items()}
    packed = read(tmp_path, "model.tar.gz", gzip.compress(content))
    assert packed == {f"model.tar.gz (gzip)/{name}": names for name, names in expected.items()}


def test_archives_inside_of_archives(tmp_path):
    content = HARM
    for _ in range(3):
        content = zipped(a_pkl=gzip.compress(content))
        assert ["os.system"] in [names for names, _ in read(tmp_path, "a.zip", zipped(inner_zip=HARM)).values()]
    found = read(tmp_path, "a.zip", content)
    assert "inside of each other" in next(iter(found.values()))[1]
    assert read(tmp_path, "a.gz", gzip.compress(zipped(inner=HARM)))["a.gz (gzip)/inner"] == (["os.system"], "")


def test_what_cannot_be_unpacked_is_told(tmp_path):
    assert "lz4" in read(tmp_path, "a.joblib", b"\x04\x22\x4d\x18" + b"x" * 100)["a.joblib"][1]


def told_last(tmp_path, **files):
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    found = list(imports_of(tmp_path, files))
    return [stream.file for stream in found], found[-1].names.problem


DO_NOT = ": neither the rest of it nor later files were read, so do not trust this package"


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress, zlib.compress, lambda b: zipped(a_pkl=b)])
@pytest.mark.series
def test_the_bytes_of_all_files_together_are_limited(tmp_path, pack, monkeypatch):
    monkeypatch.setattr(limits, "MOST_UNPACKED", 30_000_000)
    bomb = pack(b"\x80\x04" + b"\x8e" + (10**12).to_bytes(8, "little") + b"\0" * 12_000_000)
    files, problem = told_last(tmp_path, **dict.fromkeys(("a.pkl", "b.pkl", "c.pkl", "d.pkl"), bomb))
    assert problem == "more than 30,000,000 bytes are packed in it" + DO_NOT
    assert files[-1] == "c.pkl"


def test_the_opcodes_of_all_files_together_are_limited(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "MOST_OPCODES", 10_000)
    stream = b"\x80\x04" + b"N0" * 2000 + b"N."
    files, problem = told_last(tmp_path, **dict.fromkeys(("a.pkl", "b.pkl", "c.pkl", "d.pkl"), stream))
    assert problem == "more than 10,000 opcodes are in its pickles" + DO_NOT
    assert "d.pkl" not in files


def test_the_names_and_members_of_all_files_together_are_limited(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "MOST_NAMES", 10)
    names = b"".join(b"cm\nn%d\n" % n for n in range(6)) + b"."
    assert told_last(tmp_path, a=names, b=names)[1] == "more than 10 classes and functions are named in it" + DO_NOT
    monkeypatch.setattr(limits, "MOST_NAMES", 1000)
    monkeypatch.setattr(limits, "MOST_MEMBERS", 10)
    for archive in (zipped, tarred):
        content = archive(**{f"m{n}.pkl": DATA for n in range(6)})
        assert told_last(tmp_path, a=content, b=content)[1] == "more than 10 files are in its archives" + DO_NOT


def test_a_schema_costs_more_than_its_bytes(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "MOST_UNPACKED", 1_000_000)
    content = zipped(schema_json=b"[" + b"[]," * 20_000 + b"0]")
    assert told_last(tmp_path, a=content)[1] == "more than 1,000,000 bytes are packed in it" + DO_NOT


def test_a_list_of_members_without_end(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "LARGEST_DIRECTORY", 70_000)
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for n in range(1000):
            archive.writestr(f"{n}" * 30, b"")
    [(_, problem)] = read(tmp_path, "a.zip", content.getvalue()).values()
    assert problem == "the list of its files has more than 70,000 bytes"


def test_links_are_read_under_their_own_names(tmp_path):
    folder = tmp_path / "package"
    (folder / "below").mkdir(parents=True)
    (folder / "plain").write_bytes(DATA)
    (folder / "words.txt").write_bytes(b"no pickle")
    (tmp_path / "secret").write_bytes(DATA)
    os.symlink("plain", folder / "link.pkl")
    os.symlink("../words.txt", folder / "below" / "words.pkl")
    os.symlink("below", folder / "folder")
    os.symlink("../secret", folder / "outside.pkl")
    os.symlink("circle", folder / "circle")
    names = [*sorted(os.listdir(folder)), "below/words.pkl"]
    names.remove("below")
    found = {stream.file: stream.names for stream in imports_of(folder, names)}
    assert list(map(str, found["link.pkl"].named)) == ["builtins.complex"]
    assert found["below/words.pkl"].problem
    assert "leads outside" in found["outside.pkl"].problem
    assert not found["outside.pkl"].named
    assert found["circle"].problem
    assert "folder" not in found


def test_what_is_no_plain_file_is_not_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe.pkl")
    os.symlink("/dev/zero", tmp_path / "endless.pkl")
    os.symlink("pipe.pkl", tmp_path / "link.pkl")
    for name in ("pipe.pkl", "endless.pkl", "link.pkl", "gone.pkl"):
        [found] = imports_of(tmp_path, [name])
        assert found.names.problem
