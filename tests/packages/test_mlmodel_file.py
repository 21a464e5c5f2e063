"""The MLmodel file: written as MLflow writes it, and read with care."""

from __future__ import annotations

import re

import pytest
import yaml

from fitprint.models import mlmodel
from fitprint.models.errors import PackageError

SIGNATURE = {"inputs": '[{"type": "double", "name": "ü", "required": true}]', "outputs": None, "params": None}


def test_a_document_comes_back_as_it_was(tmp_path):
    shared = {"a": 1}
    document = mlmodel.describe(
        flavors=mlmodel.flavors("toy", {"data": "model.pkl", "n": 1}, "mlflow.toy", {"data": "model.pkl"}, "code"),
        signature=SIGNATURE,
        metadata={"first": shared, "second": shared, "text": "größer\nzwei", "none": None, "number": 0.1},
        run_id=None,
        model_uuid="0" * 32,
    )
    text = mlmodel.to_yaml(document)
    (tmp_path / "MLmodel").write_text(text, "utf-8")
    assert mlmodel.read(tmp_path) == document
    assert yaml.safe_load(text) == document
    assert "&id" not in text, "no anchors"
    assert "größer" in text
    assert "run_id" not in document, "what is None is left out"
    assert list(document) != sorted(document)
    assert re.findall(r"^(\w+):", text, re.MULTILINE) == sorted(document), "in the order of the alphabet"
    assert "{" not in text.replace(SIGNATURE["inputs"], ""), "in blocks"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}", document["utc_time_created"])


def test_a_model_that_cannot_predict_has_no_generic_flavor():
    assert mlmodel.flavors("toy", {"a": 1}, "mlflow.toy", None, None) == {"toy": {"a": 1, "code": None}}
    generic = mlmodel.flavors("toy", {}, "mlflow.toy", {"predict_fn": "predict"}, None)["python_function"]
    assert generic["loader_module"] == "mlflow.toy"
    assert generic["predict_fn"] == "predict"
    assert generic["env"] == {"conda": "conda.yaml", "virtualenv": "python_env.yaml"}
    assert "code" not in generic


BROKEN = {
    "empty": b"",
    "text": b"hello",
    "a list": b"- 1\n- 2\n",
    "no flavors": b"run_id: abc\n",
    "flavors that are none": b"flavors: 3\n",
    "flavors of a list": b"flavors: [sklearn]\n",
    "cut off": b"flavors: {python_function: {loader_mod",
    "tabs": b"flavors:\n\t- x: [",
    "bytes": b"\xff\xfe\x00\x01flavors",
    "no text": bytes(range(256)),
    "python objects": b"flavors: !!python/object/apply:os.system ['touch owned']\n",
    "another python tag": b"flavors: {a: !!python/name:os.system }\n",
    "deep": b"flavors: " + b"[" * 20_000,
    "a broken time": b"flavors: {}\nutc_time_created: 2024-99-99\n",
    "a wrong anchor": b"flavors: *nowhere\n",
    "a mapping as a key": b"flavors:\n  ? {a: b}\n  : c\n",
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_a_broken_or_hostile_file_is_one_line_that_names_it(tmp_path, content):
    (tmp_path / "MLmodel").write_bytes(content)
    with pytest.raises(PackageError) as caught:
        mlmodel.read(tmp_path)
    text = str(caught.value)
    assert str(tmp_path / "MLmodel") in text
    assert "\n" not in text
    assert len(text) < 500 + len(str(tmp_path))
    assert not (tmp_path / "owned").exists()


def test_a_folder_that_is_no_package(tmp_path):
    with pytest.raises(PackageError, match="is not a package: it has no MLmodel file"):
        mlmodel.read(tmp_path)
    with pytest.raises(PackageError, match="nowhere is not a package: there is no such folder"):
        mlmodel.read(tmp_path / "nowhere")
    (tmp_path / "file").write_text("x")
    with pytest.raises(PackageError, match="cannot be read: Not a directory"):
        mlmodel.read(tmp_path / "file")
    (tmp_path / "MLmodel").mkdir()
    with pytest.raises(PackageError, match="must be a regular file"):
        mlmodel.read(tmp_path)


def test_a_file_too_large_is_not_even_read(tmp_path):
    with open(tmp_path / "MLmodel", "wb") as file:
        file.truncate(10_000_001)
    with pytest.raises(PackageError, match="must be a regular file of at most 10,000,000 bytes"):
        mlmodel.read(tmp_path)


def test_a_file_of_aliases_does_not_fill_the_memory(tmp_path):
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    (tmp_path / "MLmodel").write_text("\n".join([*lines, "flavors: {toy: {}}"]))
    with pytest.raises(PackageError, match="holds more than 200,000 values"):
        mlmodel.read(tmp_path)
