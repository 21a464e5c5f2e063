"""Bundles of Spark's models, against a stand-in for the part of MLeap that runs in the JVM.

That part is a jar of Scala (`ml.combust.mleap:mleap-spark`), which no registry of Python packages has. What is tested
here is what surrounds it: the Python half of MLeap is the real one, and so is `pyspark.ml.Transformer`.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest

pytest.importorskip("pyspark", reason="needs pyspark: run `make test-jvm`")

import mleap.pyspark.spark_support
import yaml
from pyspark.ml import Transformer

import fitprint

FILES = {"bundle.json": '{"format": "json"}', "root/model.json": '{"op": "pipeline"}'}


class Serializer:
    """Writes what the one in the jar would: a zip file, or a folder."""

    def serializeToBundle(self, transformer, path, dataset):  # noqa: N802  its name in Java
        assert (transformer, dataset) == ("the Java object of the model", "the Java object of the rows")
        place = Path(path.removeprefix("jar:").removeprefix("file:"))
        if place.suffix == ".zip":
            with zipfile.ZipFile(place, "w") as archive:
                for name, text in FILES.items():
                    archive.writestr(name, text)
            return
        for name, text in FILES.items():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_text(text)


class Model(Transformer):
    def _transform(self, dataset):
        return dataset

    def _to_java(self):
        return "the Java object of the model"


ROWS = SimpleNamespace(_jdf="the Java object of the rows")


@pytest.fixture(autouse=True)
def _stand_in(monkeypatch):
    java = SimpleNamespace(ml=SimpleNamespace(combust=SimpleNamespace(mleap=SimpleNamespace())))
    java.ml.combust.mleap.spark = SimpleNamespace(SimpleSparkSerializer=Serializer)
    monkeypatch.setattr(mleap.pyspark.spark_support, "_jvm", lambda: java)


def kept(package):
    folder = package / "mleap" / "model"
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("address", ["jar:file:{}/model.zip", "file:{}/model", "{}/model"])
def test_a_bundle_becomes_a_package(store, tmp_path, address):
    fitprint.mleap.autolog(strict=True, quiet=True)
    Model().serializeToBundle(address.format(tmp_path), dataset=ROWS)
    run = fitprint.last_run()
    assert run.name == "Model"
    assert kept(run.model_path) == FILES
    flavors = yaml.safe_load((run.model_path / "MLmodel").read_text())["flavors"]
    assert [*flavors] == ["mleap"]
    assert flavors["mleap"]["model_data"] == "mleap/model"
    assert ("predictions in Python", "mleap") in [skip[:2] for skip in run.skipped]


def test_of_a_bundle_on_another_file_system_the_run_says_where_it_is(store, monkeypatch):
    monkeypatch.setattr(Serializer, "serializeToBundle", lambda *given: None)
    fitprint.mleap.autolog(quiet=True)
    Model().serializeToBundle("hdfs://host/model", dataset=ROWS)
    run = fitprint.last_run()
    assert not run.models
    assert any("hdfs://host/model, which is not on a disk" in skip.reason for skip in run.skipped)


def test_by_hand(store, tmp_path):
    fitprint.mleap.save_model(Model(), tmp_path / "package", sample_input=ROWS)
    assert kept(tmp_path / "package") == FILES
    with pytest.raises(ValueError, match="give a DataFrame as sample_input"):
        fitprint.mleap.save_model(Model(), tmp_path / "other")
