"""Which signature a package carries, and how much work finding it takes: counted, for times differ by machine."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from fitprint._recorder.dataset_facts import dataset_facts
from fitprint.models import awkward_columns, fidelity
from fitprint.models.enforcement import enforce_inputs
from fitprint.models.inference import infer_schema
from fitprint.models.inference_columns import missing_counts
from fitprint.models.mlmodel import describe, document_yaml, to_yaml


def wide(columns: int, **others: Any) -> pd.DataFrame:
    values = np.arange(8.0 * columns).reshape(8, columns)
    return pd.DataFrame(values, columns=[f"c{i}" for i in range(columns)]).assign(**others)


def row_sums(frame: pd.DataFrame) -> Any:
    """A model that takes numbers only, and says so as pandas does."""
    return frame.sum(axis=1).to_numpy(dtype=float)


@pytest.fixture
def enforced(monkeypatch):
    """The numbers of columns that were enforced, one for each enforcement."""
    seen: list[int] = []

    def counted(data: Any, schema: Any) -> Any:
        seen.append(len(schema))
        return enforce_inputs(data, schema)

    for module in (fidelity, awkward_columns):
        monkeypatch.setattr(module, "enforce_inputs", counted)
    return seen


@pytest.mark.parametrize("columns", [30, 3000])
def test_a_frame_that_fits_is_enforced_once_and_predicted_once(columns, enforced):
    predictions = []

    def predict(rows: Any) -> Any:
        predictions.append(len(rows))
        return row_sums(rows)

    signature, reasons, *_ = fidelity.faithful_signature(predict, wide(columns))
    assert (enforced, predictions, reasons) == ([columns], [fidelity.ROWS], [])
    assert len(signature.inputs) == columns


def test_predictions_already_made_are_not_made_again():
    frame = wide(3, c1=[1.0, None, *range(6)])
    made = row_sums(frame)
    signature, *_ = fidelity.faithful_signature(None, frame, made)  # type: ignore[arg-type]
    assert signature.outputs == infer_schema(made)


def test_suspects_among_many_columns_cost_as_many_enforcements_as_there_are_kinds(enforced):
    frame = wide(
        3000,
        level=pd.Categorical(list("abababab")),
        count=pd.array([1, None, 3, 4, 5, 6, 7, 8], dtype="Int64"),
    )

    def predict(rows: Any) -> Any:
        if not isinstance(rows["level"].dtype, pd.CategoricalDtype):
            raise TypeError("level is no category")
        return rows.drop(columns="level").astype(float).sum(axis=1).to_numpy()

    _, reasons, *_ = fidelity.faithful_signature(predict, frame)
    assert reasons == [
        (
            fidelity.FOR_MLFLOW,
            "MLflow would give the model other values than it was trained on, because of: level (category), "
            "count (Int64); for fitprint itself, the package also has the exact inputs",
        )
    ]
    # the whole; floats, the category, the nullable column; the two with their types, and as `any`
    assert enforced == [3002, 3000, 1, 1, 1, 1, 1, 1]


@pytest.mark.parametrize("rows", [[1.0], [1.0, 2.0]])
def test_a_single_row_shows_too_that_enforcement_changes_the_number_of_predictions(rows):
    signature, reasons, exact, _ = fidelity.faithful_signature(lambda rows: [2.0 for _ in rows], rows)
    assert signature is None or signature.inputs is None
    assert [what for what, _ in reasons] == [fidelity.FOR_MLFLOW]
    assert exact is not None
    assert exact.enforce(pd.DataFrame({"x": rows})) == rows


def test_data_that_enforcement_converts_as_a_whole_is_named_by_its_class():
    times = pd.Series([1.0, 2.0, 3.0])
    _, reasons, *_ = fidelity.faithful_signature(lambda rows: rows.index.to_numpy() if rows.ndim == 1 else None, times)
    assert reasons == [
        (
            fidelity.FOR_MLFLOW,
            "MLflow would turn the Series that predict is given into something else, or refuse it; "
            "for fitprint itself, the package also has the exact inputs",
        )
    ]


def test_a_column_that_differs_by_its_values_is_found_among_its_like_by_halves(enforced):
    large = np.full((3, 64), 2**63, dtype=np.uint64)  # no type of a signature: taken value by value
    large[:, 40] = 1  # these alone become signed
    frame = pd.DataFrame(large, columns=[f"c{i}" for i in range(64)])

    def predict(rows: Any) -> Any:
        return np.array([dtype.kind == "u" for dtype in rows.dtypes])

    _, reasons, *_ = fidelity.faithful_signature(predict, frame)
    assert ["because of: c40 (uint64);" in reason for _, reason in reasons] == [True]
    # the whole, all of the kind, two halves at each of six steps, and c40 with its type and as `any`
    assert len(enforced) == 1 + 1 + 2 * 6 + 2


def test_enforcement_converts_the_odd_column_and_leaves_the_others_in_their_blocks():
    frame = wide(5, small=np.arange(8, dtype=np.int8)).iloc[:, [5, 0, 1, 2, 3, 4]]
    frame.attrs["made by"] = "the test"
    result = enforce_inputs(frame, infer_schema(frame))
    pd.testing.assert_frame_equal(result, frame.astype({"small": "int32"}))
    assert np.shares_memory(result["c2"].to_numpy(), frame["c2"].to_numpy()) or pd.__version__ < "3"


def test_missing_values_are_counted_as_pandas_counts_them():
    frame = wide(
        4,
        whole=range(8),
        text=[*"abcdefg", None],
        time=pd.to_datetime(["2020-01-01"] * 7 + [None]),
        gone=[np.nan] * 8,
        endless=[np.inf, -np.inf, *range(6)],
        single=np.array([np.nan, *range(7)], dtype=np.float32),
        turns=pd.array([None, True] * 4, dtype="boolean"),
    )
    assert missing_counts(frame) == frame.isna().sum().tolist()


def test_the_digest_does_not_depend_on_how_a_frame_came_about():
    parts = {"a": [1.0, 2.0], "b": [1, 2], "c": [3.0, 4.0], "d": ["x", "y"], "e": [5, 6]}
    at_once = pd.DataFrame(parts)
    grown = pd.DataFrame({"e": [5, 6]})
    for name in ("c", "a", "d", "b"):
        grown[name] = parts[name]
    grown = grown[list("abcde")]
    digests = [dataset_facts(frame, None)["inputs"]["digest"] for frame in (at_once, grown, grown.copy())]
    assert digests[0] == digests[1] == digests[2]
    for other in (at_once.assign(c=[3.0, 5.0]), at_once[list("cbade")], at_once.rename(columns={"a": "A"})):
        assert dataset_facts(other, None)["inputs"]["digest"] != digests[0]


@pytest.mark.parametrize("model_uuid", ["0" * 32, "1e" + "0" * 30, "a" * 32, "12345678901234567890123456789012"])
@pytest.mark.parametrize("metadata", [None, {"a": True, "b": [1.0, None, "no"]}, {"a": 1}], ids=str)
def test_the_text_of_an_mlmodel_is_what_the_emitter_makes_of_it(model_uuid, metadata):
    document = describe(
        model_uuid=model_uuid,
        flavors={"toy": {"code": None, "b": "'", "a": "multi\nline"}},
        signature=fidelity.faithful_signature(row_sums, wide(30))[0].to_dict(),
        metadata=metadata,
    )
    assert document_yaml(document) == to_yaml(document) == document_yaml(document)


@pytest.mark.parametrize(
    ("other", "same"),
    [
        ({"a": np.array([1.0, 2.0]), "b": np.array([3])}, True),
        ({"a": np.array([1.0, 2.5]), "b": np.array([3])}, False),
        ({"a": np.array([1.0, 2.0])}, False),
        (np.array([1.0, 2.0]), False),
    ],
)
def test_predictions_of_several_outputs_are_compared_one_by_one(other, same):
    assert fidelity.same_predictions(other, {"a": np.array([1.0, 2.0]), "b": np.array([3])}) is same


def test_several_outputs_are_compared_by_their_names():
    rows = np.arange(8.0).reshape(4, 2)
    signature, reasons, *_ = fidelity.faithful_signature(
        lambda data: {"one": data["a"], "two": data["a"].sum(axis=1)}, {"a": rows}
    )
    assert (signature.inputs.input_names(), signature.outputs.input_names(), reasons) == (["a"], ["one", "two"], [])
    assert fidelity.same_predictions({"one": rows}, {"one": rows.copy()})
    assert not fidelity.same_predictions({"one": rows}, {"one": rows + 1})
    assert not fidelity.same_predictions({"one": rows}, {"other": rows})
