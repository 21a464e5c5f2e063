"""The signature itself: its map, its equality, and how it shows."""

import dataclasses
import re
import subprocess
import sys
from pathlib import Path

import pytest

from fitprint.models import ColSpec, ModelSignature, ParamSchema, Schema, SchemaError, infer_signature
from fitprint.models import signature as signature_module


def example() -> ModelSignature:
    return ModelSignature(
        inputs=Schema([ColSpec("double", "height"), ColSpec("string", "<b>&", required=False)]),
        outputs=Schema.from_json('[{"type": "tensor", "tensor-spec": {"dtype": "int64", "shape": [-1]}}]'),
        params=ParamSchema.from_json('[{"name": "k", "default": 1, "shape": null, "type": "long"}]'),
    )


def test_round_trip():
    parts = example().to_dict()
    assert parts == {
        "inputs": '[{"type": "double", "name": "height", "required": true}, '
        '{"type": "string", "name": "<b>&", "required": false}]',
        "outputs": '[{"type": "tensor", "tensor-spec": {"dtype": "int64", "shape": [-1]}}]',
        "params": '[{"name": "k", "default": 1, "shape": null, "type": "long"}]',
    }
    assert ModelSignature.from_dict(parts) == example()
    assert ModelSignature.from_dict({"inputs": parts["inputs"], "unknown": 1}).to_dict()["outputs"] is None


def test_empty_params_are_no_part():
    signature = ModelSignature(inputs=example().inputs, params=ParamSchema([]))
    assert signature.to_dict()["params"] is None


def test_equality():
    assert example() == example()
    assert example() != ModelSignature(inputs=example().inputs)
    assert example() != "signature"


def test_repr_is_one_line():
    assert repr(example()) == (
        "ModelSignature(inputs=['height': double, '<b>&': string (optional)], "
        "outputs=[tensor int64 [-1]], params=['k': long (default: 1)])"
    )
    many = ModelSignature(inputs=Schema([ColSpec("double", f"c{i}") for i in range(50)]))
    assert "50 in all" in repr(many)
    assert len(repr(many)) < 120


def test_str_is_a_table():
    assert str(example()).splitlines() == [
        "part     name       type               required",
        "inputs   height     double             yes",
        "inputs   <b>&       string             no",
        "outputs  (unnamed)  tensor int64 [-1]  yes",
        "params   k          long               default 1",
    ]


def test_html_is_escaped():
    page = example()._repr_html_()
    assert ">&lt;b&gt;&amp;</td>" in page
    assert "<b>" not in page
    assert "script" not in page
    assert page.count("<tr>") == 5


def test_wrong_parts():
    with pytest.raises(ValueError, match="at least one"):
        ModelSignature()
    with pytest.raises(TypeError, match=r"inputs must be a Schema, not list; infer_signature\(\)"):
        ModelSignature(inputs=[1.0])
    with pytest.raises(ValueError, match="is not JSON"):
        ModelSignature.from_dict({"inputs": "nope"})


def test_a_signature_can_be_changed():
    signature = example()
    signature.outputs = None
    assert signature.to_dict()["outputs"] is None
    signature.inputs = Schema([ColSpec("long", "only")])
    assert signature == ModelSignature(inputs=Schema([ColSpec("long", "only")]), params=example().params)
    with pytest.raises(TypeError, match="outputs must be a Schema, not ColSpec"):
        signature.outputs = ColSpec("long")
    with pytest.raises(TypeError, match="params must be a ParamSchema, not Schema"):
        signature.params = signature.inputs
    with pytest.raises(AttributeError, match="A signature has no 'input'; its parts are inputs, outputs, params"):
        signature.input = signature.inputs
    assert signature.outputs is None


def test_a_dataclass_stands_for_the_schema_of_its_fields():
    @dataclasses.dataclass
    class Flower:
        petal: int
        kind: str | None = None

    expected = Schema([ColSpec("long", "petal"), ColSpec("string", "kind", required=False)])
    assert ModelSignature(inputs=Flower, outputs=Flower(1)) == ModelSignature(inputs=expected, outputs=expected)


def test_where_mlflow_users_look():
    from fitprint.models.schema import AnyType, Array, DataType, Map, Object, Property

    assert str(Object([Property("a", Map(Array(DataType.long))), Property("b", AnyType())])).startswith("object")
    assert signature_module.infer_signature is infer_signature
    assert issubclass(SchemaError, ValueError)
    with pytest.raises(AttributeError):
        signature_module.nothing_of_the_kind  # noqa: B018


@pytest.mark.process
def test_import_loads_neither_numpy_nor_pandas():
    code = (
        "import sys, fitprint.models, fitprint.models.enforcement\n"
        "from fitprint.models.signature import infer_signature, ModelSignature\n"
        'assert ModelSignature.from_dict({\'inputs\': \'[{"type": "double", "required": true}]\'})\n'
        "loaded = {'numpy', 'pandas', 'scipy'} & set(sys.modules)\n"
        "assert not loaded, loaded"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.process
def test_inference_needs_no_pandas():
    code = (
        "import sys\n"
        "from fitprint.models import infer_signature\n"
        "print(infer_signature({'a': [1.0]}, [[1]], {'k': [1]}))\n"
        "assert 'pandas' not in sys.modules and 'scipy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


SNIPPETS = re.findall(r"```python\n(.*?)```", (Path(__file__).parents[2] / "docs/signatures.md").read_text(), re.DOTALL)


@pytest.mark.parametrize("snippet", SNIPPETS, ids=lambda snippet: snippet.strip().splitlines()[-1])
def test_the_documentation_runs(snippet, capsys):
    exec(compile(snippet, "docs/signatures.md", "exec"), {})


def test_the_documentation_has_snippets():
    assert len(SNIPPETS) >= 5
