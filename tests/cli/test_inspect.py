"""`fitprint inspect`: MLflow's packages and ours, whole, broken and hostile; none is loaded."""

from __future__ import annotations

import json
import os
import pickle
import shutil

import pytest

import fitprint
from fitprint.models import mlmodel


class Canary:
    """Unpickling one makes a file."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return open, (self.path, "w")


def checks(found):
    return {file["name"]: file["check"] for file in found["files"]}


def test_a_package_of_mlflow(package, invoke, document):
    folder = package("sklearn_pickle")
    found = document("inspect", folder)
    assert found["loader_module"] == "mlflow.sklearn"
    assert found["python_version"] == "3.11.7"
    assert found["metadata"] == {"n": 3, "team": "toy"}
    assert found["flavors"]["sklearn"]["pickled_model"] == "model.pkl"
    assert found["signature"]["inputs"][0]["name"] == "sepal length (cm)"
    assert found["signature"]["outputs"] == [{"name": None, "type": "tensor int64 (-1)", "required": True}]
    assert found["signature"]["params"] is None
    assert any(requirement.startswith("scikit-learn==") for requirement in found["requirements"])
    assert set(checks(found).values()) == {None}
    text = invoke("inspect", folder).stdout
    for wanted in (
        "Flavor sklearn",
        "sepal length (cm)  double",
        "no checksums.json",
        "model.pkl",
        "written by  mlflow",
    ):
        assert wanted in text


def test_params_of_a_signature_and_files_below_folders(package, invoke, document):
    folder = package("pyfunc_python_model")
    assert document("inspect", folder)["signature"]["params"] == [{"name": "k", "type": "long", "default": 1}]
    assert {"code/toymod/__init__.py", "artifacts/lookup/t.txt"} <= {*checks(document("inspect", folder))}
    assert "params   k          long                 default 1" in invoke("inspect", folder).stdout


def test_a_file_of_ours_is_held_against_its_checksum(sealed, invoke, document):
    folder = sealed(**{"model.bin": b"12345", "gone.txt": b"", "changed.txt": b"a"})
    assert {check for name, check in checks(document("inspect", folder)).items()} == {"matches", None}
    assert "have changed" not in invoke("inspect", folder).stdout
    (folder / "changed.txt").write_bytes(b"b")
    (folder / "gone.txt").unlink()
    (folder / "new.txt").write_bytes(b"")
    os.symlink("/", folder / "link")
    found = checks(document("inspect", folder))
    assert found == {
        "MLmodel": "matches",
        "changed.txt": "mismatch",
        "checksums.json": None,
        "gone.txt": "missing",
        "link": "not read",
        "model.bin": "matches",
        "new.txt": "unlisted",
        "requirements.txt": "matches",
    }
    text = invoke("inspect", folder).stdout
    assert "checksums.json says that 4 of them have changed" in text
    assert "mismatch" in text


def test_nothing_is_unpickled_and_no_code_is_imported(package, tmp_path, run_python):
    folder = package("pyfunc_python_model")
    (folder / "python_model.pkl").write_bytes(pickle.dumps(Canary(tmp_path / "unpickled")))
    (folder / "code" / "toymod" / "__init__.py").write_text(f"open({str(tmp_path / 'imported')!r}, 'w')")
    done = run_python(
        """
        import sys
        from fitprint.cli import main
        sys.argv[1:] = ["inspect", sys.argv[1]]
        try:
            main()
        except SystemExit as end:
            assert end.code == 0, end.code
        heavy = {"sklearn", "xgboost", "mlflow", "toymod", "cloudpickle", "pandas", "fitprint_sklearn"}
        assert not heavy & {*sys.modules}, heavy & {*sys.modules}
        """,
        folder,
    )
    assert "python_model.pkl" in done.stdout
    assert not (tmp_path / "unpickled").exists()
    assert not (tmp_path / "imported").exists()
    pickle.loads((folder / "python_model.pkl").read_bytes()).close()
    assert (tmp_path / "unpickled").exists()  # the canary sings when it is unpickled


def test_requirements_that_lead_outside(package, invoke, tmp_path):
    folder = package("sklearn_pickle")
    (tmp_path / "secret").write_text("secret")
    (folder / "requirements.txt").unlink()
    os.symlink(tmp_path / "secret", folder / "requirements.txt")
    done = invoke("inspect", folder, status=1)
    assert "leads outside of the package" in done.stderr
    assert "secret" not in done.stdout


def test_the_model_of_a_run(store, sealed, document, invoke):
    with fitprint.start_run("a") as made:
        shutil.copytree(sealed(**{"model.bin": b"1"}), made.path / "model")
        made._writer.record.models["model"] = {"flavor": "toy", "size": 1}
    wanted = str(made.path / "model")
    names = (made.run_id, made.run_id[:31], "last", made.path, f"runs:/{made.run_id}/model", f"runs:/{made.run_id}")
    names += (made.path / "model", made.path / "model" / "MLmodel", (made.path / "model").as_uri())
    assert [document("inspect", name)["path"] for name in names] == [wanted] * 9
    assert "no model" not in invoke("inspect", "last").output


def test_a_run_without_a_model_says_why(store, invoke):
    with fitprint.start_run("a") as made:
        made._writer.skip("model", "max_model_size", "far too large")
    told = invoke("inspect", "last", status=1).stderr
    assert told == f"fitprint: run {made.run_id} has no model: far too large\n"


def test_folders_that_are_no_package(tmp_path, invoke, store):
    store.mkdir()
    (tmp_path / "empty").mkdir()
    assert "is not a package: it has no MLmodel file" in invoke("inspect", tmp_path / "empty", status=1).stderr
    assert "there is no folder" in invoke("inspect", tmp_path / "nowhere", status=1).stderr
    assert "there is no folder" in invoke("inspect", "nowhere", status=1).stderr
    assert "no run 'fade'" in invoke("inspect", "fade", status=1).stderr
    assert "has no model or artifact '../..'" in invoke("inspect", f"runs:/{_empty_run()}/../..", status=1).stderr


def _empty_run():
    with fitprint.start_run("a") as made:
        return made.run_id


BROKEN = {
    "empty": "",
    "no YAML": "a: [",
    "a list": "- 1",
    "no flavors": "flavors: 3",
    "control characters": "flavors: \x1b[31m",
    "python objects": "flavors: !!python/object/apply:os.system ['touch sung']",
    "endless": "flavors: &a\n  a: *a\n",
    "a billion laughs": "flavors:\n  a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    + "".join(f"  a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 12)),
    "deep": "flavors:\n  a: " + "[" * 200 + "]" * 200,
    "a signature of text": "flavors: {}\nsignature: text",
    "a signature of nonsense": "flavors: {}\nsignature: {inputs: '[1]', outputs: null}",
    "a signature of an unknown type": """flavors: {}\nsignature: {inputs: '[{"type": "x\x01"}]'}""",
    "a deep signature": "flavors: {}\nsignature: {inputs: '" + "[" * 100_000 + "'}",
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=[*BROKEN])
def test_a_broken_mlmodel_is_one_clear_line(package, invoke, text, tmp_path):
    folder = package("sklearn_pickle")
    (folder / "MLmodel").write_text(text)
    for arguments in ((), ("--json",)):
        result = invoke("inspect", folder, *arguments, status=1)
        assert result.stdout == ""
        assert result.stderr.startswith(f"fitprint: {folder}")
        assert result.stderr.count("\n") == 1
        assert result.stderr[:-1].isprintable()
    assert not (tmp_path / "sung").exists()


@pytest.mark.parametrize("text", ["", "[]", "{", "[" * 100_000])
def test_broken_checksums(sealed, invoke, text):
    folder = sealed(**{"model.bin": b"1"})
    (folder / "checksums.json").write_text(text)
    assert "checksums.json is broken" in invoke("inspect", folder, status=1).stderr


def test_a_file_that_cannot_be_read(sealed, invoke, monkeypatch):
    folder = sealed(**{"model.bin": b"1"})
    real = open

    def refusing(file, *arguments, **options):
        if str(file).endswith("model.bin"):
            raise PermissionError(13, "Permission denied", str(file))
        return real(file, *arguments, **options)

    monkeypatch.setattr("builtins.open", refusing)
    told = invoke("inspect", folder, status=1).stderr
    assert told == f"fitprint: {folder / 'model.bin'}: Permission denied\n"


def test_odd_values_in_an_mlmodel(package, invoke, document):
    folder = package("sklearn_pickle")
    odd = {"flavors": {"a": 3, 4: {"[bold]": "\x1b[0m"}, "python_function": "x"}, "metadata": ["[red]"], "run_id": 5}
    (folder / "MLmodel").write_text(
        mlmodel.to_yaml({**odd, "model_size_bytes": "x"}) + "utc_time_created: 2026-01-01\n"
    )
    text = invoke("inspect", folder).stdout
    assert "[bold]  \\x1b[0m" in text
    assert "created  2026-01-01 UTC" in text
    found = document("inspect", folder)
    assert found["flavors"] == {"a": 3, "4": {"[bold]": "\x1b[0m"}, "python_function": "x"}
    assert found["created"] == "2026-01-01"


def test_a_signature_of_many_columns(sealed, invoke, document):
    folder = sealed(**{"model.bin": b"1"})
    columns = json.dumps([{"type": "double", "name": f"c{i}", "required": i > 0} for i in range(1000)])
    (folder / "MLmodel").write_text(mlmodel.to_yaml({"flavors": {}, "signature": {"inputs": columns}}))
    text = invoke("inspect", folder).stdout
    assert "inputs  c0    double  optional" in text
    assert "and 800 more: --json has all" in text
    assert len(document("inspect", folder)["signature"]["inputs"]) == 1000


def test_at_a_terminal(package, terminal, without_colours):
    folder = package("pyfunc_python_model")
    text = without_colours(terminal(80, "inspect", folder, "--store", "."))
    assert all(len(line) <= 80 for line in text.splitlines() if str(folder) not in line)
    assert "toymod" in text
