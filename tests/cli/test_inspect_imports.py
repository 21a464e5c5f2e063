"""`fitprint inspect`: what the pickles of a package would import, and whose that is."""

from __future__ import annotations

import gzip
import pickle

from fitprint.models.streams import limits


class Canary:
    """Unpickling one makes a file."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return open, (self.path, "w")


def imported(found):
    return {file["file"]: {name["name"]: name["kind"] for name in file["imports"]} for file in found["imports"]}


def test_what_a_pickle_would_import(package, invoke, document):
    folder = package("sklearn_pickle")
    [(file, names)] = imported(document("inspect", folder)).items()
    assert file == "model.pkl"
    assert names["sklearn.pipeline.Pipeline"] == "framework"
    assert {*names.values()} == {"framework"}
    (folder / "model.pkl").write_bytes(pickle.dumps(Canary("sung")))
    assert imported(document("inspect", folder)) == {"model.pkl": {f"{open.__module__}.open": "dangerous"}}
    assert f"Imports of model.pkl\n  {open.__module__}.open  dangerous\n" in invoke("inspect", folder).stdout
    (folder / "model.pkl").write_bytes(b"\x80\x04N")
    assert "Imports of model.pkl  it is cut off\n  none\n" in invoke("inspect", folder).stdout
    [broken] = document("inspect", folder)["imports"]
    assert broken == {"file": "model.pkl", "imports": [], "problem": "it is cut off"}


def test_what_a_python_model_would_import(package, document):
    folder = package("pyfunc_python_model")
    names = imported(document("inspect", folder))["python_model.pkl"]
    assert names["mlflow.pyfunc.model.PythonModel"] == "framework"
    assert names["cloudpickle.cloudpickle._make_function"] == "code by value"
    assert "dangerous" not in names.values()
    assert list(names.values()) == sorted(names.values(), key=["code by value", "framework", "standard library"].index)


def test_whose_the_modules_are_that_a_pickle_names(package, document):
    folder = package("sklearn_pickle")
    stream = b"".join(b"c%s\nX\n" % name for name in (b"toymod", b"yaml", b"somewhere", b"my_frame", b"os"))
    (folder / "model.pkl").write_bytes(stream + b".")
    (folder / "code" / "toymod").mkdir(parents=True)
    (folder / "code" / "toymod" / "__init__.py").write_bytes(b"")
    (folder / "requirements.txt").write_text("PyYAML==6.0\nmy-frame>=1 ; python_version > '3'\ntoymod\nos\n../x\n")
    assert imported(document("inspect", folder)) == {
        "model.pkl": {
            "os.X": "dangerous",
            "somewhere.X": "user code",
            "toymod.X": "user code",
            "my_frame.X": "framework",
            "yaml.X": "framework",
        }
    }


def test_types_that_a_format_without_pickles_names(package, document):
    found = imported(document("inspect", package("sklearn_skops")))
    assert found["model.skops/schema.json"]["sklearn.pipeline.Pipeline"] == "framework"
    assert [*found] == ["model.skops/schema.json"]


def test_a_model_behind_a_link_is_seen(package, document, tmp_path):
    folder = package("sklearn_pickle")
    (folder / "weights").mkdir()
    (folder / "weights" / "words.txt").write_bytes(b"cos\nsystem\n.")
    (folder / "link").symlink_to("weights")
    (folder / "model.pkl").unlink()
    (folder / "model.pkl").symlink_to("link/words.txt")
    found = imported(document("inspect", folder))
    assert found["model.pkl"] == {"os.system": "dangerous"}
    assert found["weights/words.txt"] == {"os.system": "dangerous"}


def test_a_model_outside_of_the_package_is_told_and_not_read(package, invoke, document, tmp_path):
    folder = package("sklearn_pickle")
    (tmp_path / "secret").write_bytes(b"cos\nsystem\n.")
    (folder / "model.pkl").unlink()
    (folder / "model.pkl").symlink_to(tmp_path / "secret")
    [linked] = document("inspect", folder)["imports"]
    assert linked["imports"] == []
    assert "leads outside of the package" in linked["problem"]
    (folder / "model.pkl").unlink()
    (folder / "secret").write_bytes(b"")
    described = folder / "MLmodel"
    outside = str(tmp_path / "secret")
    described.write_text(described.read_text("utf-8").replace("pickled_model: model.pkl", f"pickled_model: {outside}"))
    [told] = document("inspect", folder)["imports"]
    assert told["file"] == outside
    assert "outside of the package, and was not read" in told["problem"]
    assert "was not read" in invoke("inspect", folder).stdout


def test_a_package_that_unfolds_without_end_is_not_to_be_trusted(package, invoke, document, monkeypatch):
    monkeypatch.setattr(limits, "MOST_UNPACKED", 1_000_000)
    folder = package("sklearn_pickle")
    (folder / "model.pkl").write_bytes(gzip.compress(b"\x80\x04\x8e" + b"\xff" * 5 + b"\0" * 5_000_000))
    problem = document("inspect", folder)["imports"][-1]["problem"]
    assert problem.startswith("more than 1,000,000 bytes are packed in it")
    assert problem.endswith("do not trust this package")
    assert "do not trust this package" in " ".join(invoke("inspect", folder).stdout.split())
