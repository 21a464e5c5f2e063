"""A broken pyfunc package, or one that belongs to a flavor that is not here, gives one clear error."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

import fitprint
from fitprint.models import PackageError


@pytest.fixture
def package(fixture_model, tmp_path):
    """A copy of a package of MLflow's with keys of its generic flavor changed; None takes one away."""

    def copy(name="pyfunc_python_model", flavors=None, metadata=None, **keys):
        folder = tmp_path / "copy"
        shutil.copytree(fixture_model(name), folder)
        document = yaml.safe_load((folder / "MLmodel").read_text())
        generic = {**document["flavors"]["python_function"], "python_version": None, **keys}
        document["flavors"] = {
            "python_function": {k: v for k, v in generic.items() if v is not None},
            **(flavors or {}),
        }
        document["metadata"] = metadata
        (folder / "MLmodel").write_text(yaml.safe_dump(document))
        for name_of_versions in ("requirements.txt", "conda.yaml", "python_env.yaml"):
            (folder / name_of_versions).unlink()  # no table of versions below the line
        return folder

    return copy


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ({"python_model": None}, "its MLmodel file names no model file"),
        ({"python_model": "../x.pkl"}, "leads outside of the package"),
        ({"python_model": "gone.pkl"}, "the file gone.pkl that its MLmodel file names is missing"),
        ({"loader_module": None}, "its MLmodel file names no loader_module"),
        ({"loader_module": 3}, "its MLmodel file names no loader_module"),
        ({"loader_module": "mlflow.pyfunc.loaders.something_new"}, "is not known here: only mlflow can load it"),
        ({"loader_module": "no.such.module"}, "its loader_module no.such.module cannot be imported"),
        ({"loader_module": ".relative"}, "its loader_module .relative cannot be imported"),
        ({"loader_module": "json"}, "its loader_module json has no function _load_pyfunc"),
        ({"loader_module": "mlflow.never_heard_of"}, r"the flavor never_heard_of is not installed here: pip install"),
        ({"loader_module": "fitprint_never", "flavors": {"never": {}}}, "the flavor never is not installed here"),
        ({"metadata": {"mlflow.model.isExternal": True}}, "its files are stored elsewhere"),
        ({"python_model_compression": ["gzip"]}, "which is not known"),
        ({"python_model_compression": "gzip"}, "cannot be loaded: BadGzipFile"),
    ],
)
def test_what_a_package_says_wrongly_is_told_on_one_line(package, keys, told):
    with pytest.raises(PackageError, match=told) as refused:
        fitprint.load_model(package(**keys))
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "content", [b"", b"no pickle", b"\x80\x05.", b"\x80\x05cno_module\nname\n.", b"\x80\x05K\x01."]
)
def test_a_broken_stream_is_told_on_one_line(package, content):
    folder = package()
    (folder / "python_model.pkl").write_bytes(content)
    with pytest.raises(PackageError, match=r"cannot be loaded|has no method predict") as refused:
        fitprint.load_model(folder)
    assert "\n" not in str(refused.value)


def test_every_truncated_stream_is_told(package):
    folder = package("pyfunc_function")
    stream = (folder / "python_model.pkl").read_bytes()
    for length in range(0, len(stream) - 1, 23):
        (folder / "python_model.pkl").write_bytes(stream[:length])
        with pytest.raises(PackageError):
            fitprint.load_model(folder)


def test_what_a_pickle_needs_of_mlflow_and_is_not_here_is_named(package):
    folder = package()
    (folder / "python_model.pkl").write_bytes(b"\x80\x05cmlflow.langchain.model\nChain\n.")
    with pytest.raises(
        PackageError, match=r"mlflow\.langchain: mlflow is not installed, and fitprint has no equivalent"
    ):
        fitprint.load_model(folder)


def test_a_hand_made_folder_of_old_times_is_read(tmp_path):
    (tmp_path / "old" / "code").mkdir(parents=True)
    (tmp_path / "old" / "MLmodel").write_text(
        "flavors:\n  python_function:\n    code: code\n    data: w.txt\n    env: conda.yaml\n"
        "    loader_module: loads_old\n    python_version: 3.6.9\nutc_time_created: 2019-01-02 03:04:05.678\n"
    )
    (tmp_path / "old" / "w.txt").write_text("3")
    (tmp_path / "old" / "code" / "loads_old.py").write_text(
        "class M:\n    def __init__(self, w): self.w = w\n"
        "    def predict(self, data): return [row * self.w for row in data]\n"
        "def _load_pyfunc(path):\n    with open(path) as file:\n        return M(int(file.read()))\n"
    )
    assert fitprint.load_model(tmp_path / "old").predict([1, 2]) == [3, 6]
    assert fitprint.load_model(str(Path("old"))).predict([1]) == [3]


def test_predict_fn_names_another_method(tmp_path):
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "loads_other.py").write_text(
        "class M:\n    def scores(self, data): return ['scored', data]\ndef _load_pyfunc(path): return M()\n"
    )
    document = {
        "flavors": {"python_function": {"loader_module": "loads_other", "code": "code", "predict_fn": "scores"}}
    }
    (tmp_path / "MLmodel").write_text(yaml.safe_dump(document))
    assert fitprint.load_model(tmp_path).predict(1) == ["scored", 1]
    document["flavors"]["python_function"]["predict_fn"] = "__init__"
    (tmp_path / "MLmodel").write_text(yaml.safe_dump(document))
    with pytest.raises(PackageError, match="has no method '__init__', which its MLmodel names as predict_fn"):
        fitprint.load_model(tmp_path)
