"""Schemas and their JSON: byte for byte as MLflow writes it, read back from what its versions wrote."""

import copy
import dataclasses
import datetime as dt
import json
import pickle
from pathlib import Path

import numpy as np
import pytest

from fitprint.models import ColSpec, DataType, ModelSignature, ParamSchema, ParamSpec, Schema, TensorSpec
from fitprint.models.schema import schema_of_columns
from fitprint.models.types import AnyType, Array, Map, Object, Property, SparkMLVector, type_from_dict

CASES = json.loads((Path(__file__).parents[1] / "fixtures/mlflow/signatures.json").read_text())
TEXTS = sorted({case["inputs_schema_json"] for case in CASES if case.get("inputs_schema_json")})
PARAM_TEXTS = sorted({case["params_schema_json"] for case in CASES if case.get("params_schema_json")})


@pytest.mark.parametrize("text", TEXTS)
def test_schemas_round_trip(text):
    schema = Schema.from_json(text)
    assert schema.to_json() == text
    assert schema == Schema.from_json(json.dumps(json.loads(text), indent=2))
    assert len(schema) == len(list(schema)) == len(schema.inputs)
    assert "\n" not in repr(schema)


@pytest.mark.parametrize("text", PARAM_TEXTS)
def test_params_round_trip(text):
    assert ParamSchema.from_json(text).to_json() == text


@pytest.mark.parametrize(
    "spec",
    [
        {"type": "map", "values": {"type": "long"}, "name": "m", "required": True},
        {"type": "any", "name": "x", "required": False},
        {"type": "sparkml_vector", "name": "v", "required": True},
        {"type": "array", "items": {"type": "sparkml_vector"}, "name": "v", "required": True},
    ],
    ids=lambda spec: spec["type"],
)
def test_types_that_inference_never_gives(spec):
    assert Schema.from_dict([spec]).to_dict() == [spec]


def test_properties_are_sorted():
    found = Object([Property("b", "long"), Property("a", DataType.string, required=False)])
    assert json.dumps(found.to_dict()) == (
        '{"type": "object", "properties": {"a": {"type": "string", "required": false}, '
        '"b": {"type": "long", "required": true}}}'
    )


@pytest.mark.parametrize(
    ("spec", "required"),
    [
        ({"type": "double", "name": "a"}, True),
        ({"type": "double", "name": "a", "optional": True}, False),
        ({"type": "double", "name": "a", "optional": False}, True),
        ({"type": "double", "name": "a", "required": None}, True),
        ({"type": "double", "name": "a", "newer_key": 1}, True),
        ({"type": "array", "items": {"type": "double"}, "name": "a"}, False),
        ({"type": "array", "items": {"type": "double"}}, True),
        ({"type": "any", "name": "a"}, False),
    ],
    ids=str,
)
def test_required_as_the_versions_wrote_it(spec, required):
    assert Schema.from_dict([spec]).inputs[0].required is required


def test_required_of_properties_defaults_to_true():
    found = type_from_dict({"type": "object", "properties": {"k": {"type": "string"}}})
    assert found.properties[0].required is True


def test_names():
    named = Schema([ColSpec("double", "a"), ColSpec("long", 0, required=False)])
    assert named.input_names() == ["a", 0]
    assert named.required_input_names() == ["a"]
    assert named.optional_input_names() == [0]
    assert named.input_dict()[0].type is DataType.long
    assert named.has_input_names()
    assert not named.is_tensor_spec()
    unnamed = Schema([ColSpec("double"), ColSpec("long")])
    assert unnamed.input_names() == [0, 1]
    assert not unnamed.has_input_names()
    assert unnamed.input_types() == [DataType.double, DataType.long]
    with pytest.raises(ValueError, match="no names"):
        unnamed.input_dict()


def test_tensor_dtypes():
    assert TensorSpec(np.dtype("<U3"), (-1,)).to_dict()["tensor-spec"] == {"dtype": "str", "shape": [-1]}
    assert TensorSpec("S5", (-1,)).type == np.dtype("bytes")
    assert TensorSpec("float32", [-1, 2], "x") == TensorSpec(np.float32, (-1, 2), "x")
    with pytest.raises(ValueError, match="Unknown tensor dtype 'nope'"):
        TensorSpec("nope", (-1,))
    with pytest.raises(ValueError, match="whole numbers"):
        TensorSpec("float32", "x")


def test_values_not_identity():
    assert ColSpec(Array("long"), "a") == ColSpec(Array(DataType.long), "a")
    assert ColSpec("long", "a") != ColSpec("long", "a", required=False)
    assert Schema([ColSpec("long")]) != Schema([ColSpec("double")])
    assert SparkMLVector() != Array("double")
    assert len({Schema([ColSpec("long")]), Schema([ColSpec("long")])}) == 1


def test_immutable():
    schema = Schema([ColSpec(Array("long"), "a")])
    schema.inputs.clear()
    assert len(schema) == 1
    with pytest.raises(AttributeError):
        schema.inputs[0].name = "b"
    with pytest.raises(AttributeError):
        schema.inputs[0].type.dtype = None


@pytest.mark.parametrize(
    ("specs", "message"),
    [
        ([], "at least one"),
        ([ColSpec("long", "a"), ColSpec("long")], "all specs of a schema have names or none"),
        ([ColSpec("long", "a"), ColSpec("long", "a")], "have the same name"),
        ([ColSpec("long"), TensorSpec("int8", [-1])], "columns or tensors, not both"),
        ([TensorSpec("int8", [-1]), TensorSpec("int8", [-1])], "needs a name for each"),
        ([ColSpec("long", required=False)], "cannot be optional"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_schemas_refused(specs, message):
    with pytest.raises(ValueError, match=message):
        Schema(specs)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nope", "is not JSON"),
        ("{}", "must be a JSON list"),
        ("[" * 100_000, "is not JSON"),
        ('[{"name": "a"}]', "entry 'a': .* the key 'type'"),
        ('[{"type": "int", "name": "a"}]', "entry 'a': Unknown column type 'int'"),
        (
            '[{"type": "array", "items": "double", "name": "a"}]',
            "entry 'a': .* a JSON object at the key 'items'",
        ),
        ('[{"type": "map", "name": "a"}]', "the key 'values'"),
        ('[{"type": "object", "properties": {}, "name": "a"}]', "at least one property"),
        ('[{"type": "object", "properties": {"k": 1}, "name": "a"}]', "must be a JSON object"),
        ('[{"type": "tensor"}]', "entry 0: .* 'tensor-spec'"),
        ("[1]", "entry 0: "),
    ],
)
def test_json_refused(text, message):
    with pytest.raises(ValueError, match=message):
        Schema.from_json(text)


def test_labels_json_cannot_hold():
    with pytest.raises(ValueError, match="cannot be written as JSON"):
        Schema([ColSpec("long", dt.date(2024, 1, 1))]).to_json()


def test_type_texts():
    assert str(Map(Array(AnyType()))) == "map of array of any"
    assert repr(DataType.long) == "long"
    assert DataType.string.to_pandas() == np.dtype(object)
    assert DataType.datetime.to_numpy() == np.dtype("datetime64[ns]")
    assert DataType.integer.to_python() is int


def test_param_specs():
    old = ParamSchema.from_json('[{"name": "k", "dtype": "float", "default": 1}]')
    assert old.to_json() == '[{"name": "k", "default": 1.0, "shape": null, "type": "float"}]'
    assert old.params == [ParamSpec("k", DataType.float, 1.0)]
    dates = ParamSpec("d", "datetime", ["2024-01-02", dt.datetime(2024, 1, 2, 3)], [-1])
    assert dates.default == [dt.date(2024, 1, 2), dt.datetime(2024, 1, 2, 3)]
    assert dates.to_dict()["default"] == ["2024-01-02", "2024-01-02T03:00:00"]
    text = (
        '[{"name": "o", "default": {"k": 1}, "shape": null, "type": "object", '
        '"properties": {"k": {"type": "long", "required": true}}}]'
    )
    assert ParamSchema.from_json(text).to_json() == text


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"name": "k", "type": "long"}, "lacks default"),
        ({"default": 1}, "lacks name and type"),
        ({"name": "k", "type": "binary", "default": 1}, "'k' cannot have the type binary"),
        (
            {"name": "k", "type": "long", "default": "x"},
            "param 'k' does not fit its type: expected long, got str",
        ),
        ({"name": "k", "type": "long", "default": [1], "shape": [3]}, "shape of the param 'k' must be"),
        ({"name": "k", "type": "nope", "default": 1}, "Unknown column type 'nope'"),
        (5, "must be a JSON object"),
    ],
    ids=str,
)
def test_params_refused(spec, message):
    with pytest.raises(ValueError, match=message):
        ParamSchema.from_dict([spec])


def test_param_names_are_unique():
    with pytest.raises(ValueError, match="have the same name"):
        ParamSchema([ParamSpec("k", "long", 1), ParamSpec("k", "long", 2)])


def test_what_mlflow_users_call_on_schemas():
    columns = Schema([ColSpec("double", "a"), ColSpec("string", "b"), ColSpec("datetime", "c")])
    assert columns.input_types_dict() == {"a": DataType.double, "b": DataType.string, "c": DataType.datetime}
    assert columns.numpy_types() == [np.dtype("float64"), np.dtype("str"), np.dtype("datetime64[ns]")]
    assert columns.pandas_types() == [np.dtype("float64"), np.dtype("object"), np.dtype("datetime64[ns]")]
    tensors = Schema([TensorSpec("float32", (-1, 2))])
    assert tensors.numpy_types() == [np.dtype("float32")]
    with pytest.raises(ValueError, match="scalar types"):
        tensors.pandas_types()
    with pytest.raises(ValueError, match="scalar types"):
        Schema([ColSpec(Array("long"), "a")]).numpy_types()


@pytest.mark.parametrize(
    "value",
    [
        Array("long"),
        Array(Array("any")),
        Map(Object([Property("k", "long", False)])),
        Object([Property("b", Map("string")), Property("a", AnyType())]),
        AnyType(),
        SparkMLVector(),
        ColSpec(Array("long"), "a", False),
        TensorSpec("float32", (-1, 2), "x"),
        ParamSpec("k", "double", [0.5], (-1,)),
    ],
    ids=repr,
)
def test_every_type_and_spec_reads_its_map_by_mlflows_name(value):
    assert type(value).from_json_dict(**value.to_dict()) == value


def test_a_map_of_another_type_is_refused():
    with pytest.raises(ValueError, match="describes the type map of long, which is not of the class Array"):
        Array.from_json_dict(**Map("long").to_dict())
    prop = Property("k", "long", required=False)
    assert Property.from_json_dict(**prop.to_dict()) == prop
    assert prop < Property("l", "long")
    with pytest.raises(ValueError, match="one key"):
        Property.from_json_dict(a={"type": "long"}, b={"type": "long"})


def test_scalar_types_by_mlflows_names():
    assert DataType.all_types() == [*DataType]
    for kind in DataType:
        assert DataType.from_numpy_type(kind.to_numpy()) is kind
    assert DataType.from_numpy_type(np.dtype("int8")) is None
    assert DataType.check_type(DataType.long, 1)
    assert DataType.check_type(DataType.integer, np.int32(1))
    assert DataType.check_type(DataType.datetime, dt.datetime(2024, 1, 1))
    assert not DataType.check_type(DataType.double, 1)


def test_specs_are_changed_by_replacing():
    schema = Schema([ColSpec("double", "a"), ColSpec("long", "b")])
    changed = Schema([dataclasses.replace(column, name=column.name.upper(), required=False) for column in schema])
    assert changed == Schema([ColSpec("double", "A", False), ColSpec("long", "B", False)])
    assert copy.deepcopy(schema) == pickle.loads(pickle.dumps(schema)) == schema


LABELS = [["a", "b", "c"], ["x\n", 'say "hi"', "ü"], [1, 2.5, False], [("a", 1), ("a", 2), ("b", 1)]]


@pytest.mark.parametrize("labels", LABELS, ids=str)
def test_a_schema_of_columns_is_that_of_its_specs(labels):
    types, required = [DataType.double, DataType.double, Array("long")], [True, False, True]
    specs = Schema(list(map(ColSpec, types, labels, required)))
    told = [
        lambda schema: schema.to_json(),
        lambda schema: (len(schema), schema.is_tensor_spec(), schema.has_input_names()),
        lambda schema: (schema.input_names(), schema.input_types(), schema.optional_input_names()),
        lambda schema: (schema.inputs, repr(schema), hash(schema)),
        lambda schema: pickle.loads(pickle.dumps(schema)).inputs,
        lambda schema: copy.deepcopy(schema).inputs,
    ]
    for ask in told:  # of a new one each time, which has not made its specs yet
        assert ask(schema_of_columns(types, labels, required)) == ask(specs)
    assert schema_of_columns(types, labels, required) == specs
    assert json.loads(specs.to_json()) == json.loads(json.dumps(specs.to_dict()))


def test_the_specs_of_a_schema_of_columns_are_made_when_they_are_asked_for():
    schema = schema_of_columns([DataType.double] * 3, ["a", "b", "c"], [True] * 3)
    assert schema.to_json()
    assert len(schema) == 3
    assert not _is_set(schema, "_inputs")
    assert [spec.name for spec in schema] == ["a", "b", "c"]
    with pytest.raises(AttributeError, match="no attribute 'columns'"):
        schema.columns  # noqa: B018


def test_a_schema_of_columns_refuses_what_a_schema_of_specs_refuses():
    for labels, message in ((["a", "a"], "same name"), (["a", None], "all specs"), ([], "at least one")):
        with pytest.raises(ValueError, match=message):
            schema_of_columns([DataType.long] * len(labels), labels, [True] * len(labels))


def _is_set(schema, name):
    try:
        getattr(type(schema), name).__get__(schema)
    except AttributeError:
        return False
    return True


@pytest.mark.parametrize("wrong", [None, 7, "text", ["a"], [None], {"a": 1}, float], ids=str)
def test_what_is_no_list_of_specs_is_refused(wrong):
    with pytest.raises(ValueError, match="Schema takes a list of ColSpec or TensorSpec, not"):
        Schema(wrong)
    with pytest.raises(ValueError, match="ParamSchema takes a list of ParamSpec, not"):
        ParamSchema(wrong)
    with pytest.raises(ValueError, match=r"must be None \(a scalar\)|does not fit"):
        ParamSpec("a", "double", 1.0, 7 if wrong is None else wrong)
    with pytest.raises(ValueError, match=r"A signature|not JSON|at least one"):
        ModelSignature.from_dict(wrong)
