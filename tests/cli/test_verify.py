"""`fitprint verify`: whole packages and changed ones, and the digest that is kept elsewhere."""

from __future__ import annotations

import hashlib
import os
import pickle
import shutil

import pytest

import fitprint


class Canary:
    """Unpickling one makes a file."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return open, (self.path, "w")


@pytest.fixture
def whole(sealed):
    return sealed(**{"model.bin": b"12345", "a.txt": b"a"})


def digest(folder):
    return hashlib.sha256((folder / "checksums.json").read_bytes()).hexdigest()


def test_a_whole_package(whole, invoke, document):
    text = invoke("verify", whole).stdout
    assert text.splitlines() == [
        str(whole),
        f"  digest  {digest(whole)}",
        "",
        "verified: 4 files are as checksums.json lists them",
    ]
    found = document("verify", whole)
    assert found["verified"] is True
    assert found["digest"] == digest(whole)
    assert found["problems"] == []
    assert {file["check"] for file in found["files"]} == {"matches", None}


def test_the_digest(whole, invoke, document):
    kept = digest(whole)
    assert "verified" in invoke("verify", whole, "--digest", kept).stdout
    assert "verified" in invoke("verify", whole, "--digest", f"sha256:{kept.upper()}").stdout
    found = document("verify", whole, "--digest", "0" * 64, status=1)
    assert found["verified"] is False
    assert found["problems"] == [f"checksums.json: its SHA-256 is {kept}, not the digest given"]
    told = invoke("verify", whole, "--digest", "abc", status=1).stderr
    assert told == "fitprint: 'abc' is not a digest: it is the SHA-256 of checksums.json, 64 hex digits\n"


def test_a_changed_package(whole, invoke, document):
    (whole / "model.bin").write_bytes(b"54321")
    (whole / "a.txt").unlink()
    (whole / "registered_model_meta").write_text("model_name: a")
    os.symlink("/", whole / "link")
    text = invoke("verify", whole, status=1).stdout
    assert "verified" not in text
    lines = [line.split() for line in text.splitlines()]
    assert ["model.bin", "5", "B", "mismatch"] in lines
    assert ["a.txt", "missing", "missing"] in lines
    assert ["registered_model_meta", "13", "B", "unlisted"] in lines
    assert text.partition("does not verify\n")[2].splitlines() == [
        "  link: it is a link, or not a regular file",
        "  model.bin: it is not what checksums.json lists",
        "  a.txt: it is missing",
    ]
    found = document("verify", whole, status=1)
    assert found["verified"] is False
    assert len(found["problems"]) == 3
    [meta] = [file for file in found["files"] if file["name"] == "registered_model_meta"]
    assert meta == {"name": "registered_model_meta", "size": 13, "check": "unlisted", "problem": None}


def test_a_package_of_mlflow(package, invoke):
    folder = package("sklearn_pickle")
    for arguments in ((), ("--json",)):
        done = invoke("verify", folder, *arguments, status=1)
        assert done.stdout == ""
        assert done.stderr == (
            f"fitprint: {folder} has no checksums.json, so it cannot be verified: "
            "packages that MLflow wrote have none\n"
        )


def test_what_is_no_package(tmp_path, whole, invoke):
    (tmp_path / "empty").mkdir()
    assert "has no MLmodel file" in invoke("verify", tmp_path / "empty", status=1).stderr
    (whole / "MLmodel").write_text("a: [")
    assert "MLmodel is not YAML" in invoke("verify", whole, status=1).stderr
    (whole / "MLmodel").write_text("flavors: {}")
    (whole / "checksums.json").write_text("[")
    assert "checksums.json is broken" in invoke("verify", whole, status=1).stderr


def test_the_model_of_a_run(store, whole, document):
    with fitprint.start_run("a") as made:
        shutil.copytree(whole, made.path / "model")
        made._writer.record.models["model"] = {"flavor": "toy", "size": 1}
    for name in ("last", made.run_id, f"runs:/{made.run_id}/model"):
        assert document("verify", name)["path"] == str(made.path / "model")


def test_nothing_is_loaded(sealed, tmp_path, run_python):
    song = tmp_path / "sung"
    stream = pickle.dumps(Canary(song))
    folder = sealed(
        **{"model.bin": stream, "model.pkl": stream, "code/fitprint_toy.py": f"open({str(song)!r}, 'w')".encode()}
    )
    script = """
        import sys
        from fitprint.cli import main
        try:
            main()
        except SystemExit as end:
            assert end.code == 0, end.code
        assert not {"sklearn", "xgboost", "mlflow", "fitprint_toy", "cloudpickle", "pandas", "numpy"} & {*sys.modules}
        """
    for command in ("verify", "inspect"):
        run_python(script, command, folder)
    assert not song.exists()
    pickle.loads(stream).close()
    assert song.exists()  # the canary sings when it is unpickled


def test_names_that_would_steer_a_terminal(whole, invoke):
    (whole / "\x1b[31mred\n").write_bytes(b"")
    (whole / "code").mkdir()
    (whole / "code" / "\x1b[31m.py").write_bytes(b"")
    text = invoke("verify", whole, status=1).stdout
    assert "\x1b" not in text
    assert "code/\\x1b[31m.py: it lies where code is imported from" in text


def test_at_a_terminal(whole, terminal, without_colours):
    text = terminal(60, "verify", whole)
    assert "\x1b[1;32mverified" in text
    assert all(
        len(line) <= 60
        for line in without_colours(text).splitlines()
        if str(whole) not in line and "digest" not in line
    )
