"""CSV and Parquet, read by the signature."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pandas as pd
import pytest

from fitprint.models.schema import AnyType, Array, ColSpec, Map, Schema, TensorSpec
from fitprint.serving import decode
from fitprint.serving.errors import RequestError

PARQUET = "application/vnd.apache.parquet"
FRAME = pd.DataFrame(
    {
        "boolean": [True, False],
        "integer": np.array([1, -2], dtype=np.int32),
        "long": [2**53 + 1, -(2**63)],
        "float": np.array([0.5, np.nan], dtype=np.float32),
        "double": [0.1, np.nan],
        "string": ["NA", 'with "quotes", commas\nand lines'],
        "datetime": np.array(["2024-01-31T12:00:00", "NaT"], dtype="datetime64[ns]"),
    }
)
SCHEMA = Schema([ColSpec(str(name), str(name)) for name in FRAME])


def csv(model: Any, text: str | bytes, content_type: str = "text/csv") -> Any:
    return decode.invocations(text if isinstance(text, bytes) else text.encode(), content_type, model)


def parquet(model: Any, frame: pd.DataFrame) -> Any:
    file = io.BytesIO()
    frame.to_parquet(file)
    return decode.invocations(file.getvalue(), PARQUET, model)


def written(model: Any, table: Any) -> Any:
    """Decode a table as another writer than pandas has written it: without the types that pandas would add."""
    import pyarrow.parquet as pq

    file = io.BytesIO()
    dictionary = any("dictionary" in str(kind) for kind in table.schema.types)
    pq.write_table(table, file, compression="zstd", store_schema=dictionary and len(table) < 100)
    return decode.invocations(file.getvalue(), PARQUET, model)


def refused(call: Any, *arguments: Any) -> RequestError:
    with pytest.raises(RequestError) as caught:
        call(*arguments)
    assert caught.value.status == 400
    return caught.value


def test_what_pandas_writes_is_read_back(served: Any) -> None:
    model = served(SCHEMA)
    for request in (csv(model, FRAME.to_csv(index=False)), parquet(model, FRAME)):
        pd.testing.assert_frame_equal(request.data, FRAME, check_column_type=False)
        assert (request.rows, request.ignored) == (2, ())
    assert csv(model, FRAME.to_csv()).ignored == ("",)  # the index


def test_times_in_csv(served: Any) -> None:
    model = served(Schema([ColSpec("datetime", "t")]))
    request = csv(model, "t\n2024-01-31\n2024-01-31 12:00:00+01:00\n2024-01-31T12:00:00Z\nNaT\n")
    expected = ["2024-01-31T00:00:00", "2024-01-31T11:00:00", "2024-01-31T12:00:00", "NaT"]
    assert request.data["t"].to_numpy().astype("datetime64[s]").astype(str).tolist() == expected
    assert refused(csv, model, "t\n1700000000000\n").faults[0].row == 0


@pytest.mark.parametrize(
    ("kind", "cell"),
    [
        ("long", "1.5"),
        ("long", ""),
        ("long", "NA"),
        ("long", "1_000"),
        ("long", "9223372036854775808"),
        ("integer", "2147483648"),
        ("double", "9007199254740993"),
        ("double", "1_000.5"),
        ("double", "secret"),
        ("double", "1e400"),
        ("double", "0x10"),
        ("boolean", "1"),
        ("boolean", "yes"),
        ("boolean", ""),
        ("datetime", "01/31/2024"),
        ("binary", "secret!"),
    ],
)
def test_cells_that_would_be_changed_are_refused(served: Any, kind: str, cell: str) -> None:
    good = {"boolean": "true", "datetime": "2024-01-31", "binary": "AP8="}.get(kind, "1")
    error = refused(csv, served(Schema([ColSpec(kind, "x"), ColSpec("long", "y")])), f"x,y\n{good},1\n{cell},2\n")
    assert [(fault.row, fault.column, fault.expected) for fault in error.faults] == [(1, "x", kind)]
    assert "secret" not in error.message


def test_cells_that_are_numbers(served: Any) -> None:
    model = served(Schema([ColSpec("double", "x"), ColSpec("long", "n")]))
    data = csv(model, "x,n\n1,2.0\n-.5e3,7\n nan,1\nInf,1\n,1\nNA,1\n9007199254740992,9007199254740993\n").data
    assert data["x"].tolist()[:2] == [1.0, -500.0]
    assert data["x"].isna().tolist() == [False, False, True, False, True, True, False]
    assert data["n"].tolist() == [2, 7, 1, 1, 1, 1, 2**53 + 1]


def test_booleans_texts_and_bytes(served: Any) -> None:
    kinds = [
        ColSpec("boolean", "b"),
        ColSpec("string", "s"),
        ColSpec("string", "o", required=False),
        ColSpec("binary", "y"),
    ]
    data = csv(served(Schema(kinds)), "b,s,o,y\nTrue,007,,AP8=\nFALSE,,None,\n").data
    assert data["b"].tolist() == [True, False]
    assert data["s"].tolist() == ["007", ""]
    assert data["o"].isna().tolist() == [True, False]
    assert data["y"].tolist() == [b"\x00\xff", b""]


def test_nested_columns_and_columns_of_any_type(served: Any) -> None:
    model = served(Schema([ColSpec(Array("double"), "l"), ColSpec(AnyType(), "x")]))
    data = csv(model, 'l,x\n"[1, 2]",text\n[],3\n').data
    assert data["l"].tolist() == [[1.0, 2.0], []]
    assert data["x"].tolist() == ["text", 3]
    assert refused(csv, model, "l,x\n1,1\n").faults[0].column == "l"


@pytest.mark.parametrize("cell", ['{""a"": 1, ""a"": 2}', '{""a"": 1e400}', '{""a"": ""\\ud800""}'])
def test_json_in_cells_is_as_strict_as_that_of_a_body(served: Any, cell: str) -> None:
    model = served(Schema([ColSpec(Map("string" if "ud800" in cell else "double"), "m")]))
    assert refused(csv, model, f'm\n"{cell}"\n').faults[0].got == "text"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("", "empty"),
        ("\n\n", "empty"),
        ("x,x\n1,2\n", "same name"),
        ("x,y\n1\n", "Row 0 has 1 fields"),
        ("x,y\n1,2\n1,2,3\n", "Row 1 has 3 fields"),
        ('x,y\n"1,2\n', "not CSV"),
        (b"x,y\n\xff,1\n", "UTF-8"),
        ("x,y\n1,\x002\n", "NUL"),
        (f"x,y\n1,{'1' * 200_000}\n", "not CSV"),
        ("y\n1\n", "missing"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_what_is_no_csv(served: Any, body: Any, words: str) -> None:
    assert words in refused(csv, served(Schema([ColSpec("double", "x"), ColSpec("long", "y")])), body).message


def test_no_rows_and_extra_columns(served: Any) -> None:
    model = served(Schema([ColSpec("double", "x")]))
    assert csv(model, "x\n").rows == 0
    request = csv(model, "y,x\nz,1\n", "text/csv; charset=utf-8")
    assert request.ignored == ("y",)
    assert request.data.to_dict("list") == {"x": [1.0]}
    with_mark = csv(model, b"\xef\xbb\xbfx\n1\n")
    assert list(with_mark.data.columns) == ["x"]


def test_columns_without_names_and_tensors(served: Any) -> None:
    unnamed = csv(served(Schema([ColSpec("double"), ColSpec("string")])), "p,q\n1,x\n")
    assert unnamed.data.to_numpy().tolist() == [[1.0, "x"]]
    tensor = served(Schema([TensorSpec("float32", (-1, 2))]))
    for request in (csv(tensor, "p,q\n1,2.5\n"), parquet(tensor, pd.DataFrame({"p": [1], "q": [2.5]}))):
        assert request.data.dtype == np.float32
        assert request.data.tolist() == [[1.0, 2.5]]


def test_without_a_signature_pandas_decides(served: Any) -> None:
    table = csv(served(), "x,y\n1,a\n,NA\n").data
    pd.testing.assert_frame_equal(table.fillna({"y": ""}), pd.DataFrame({"x": [1, None], "y": ["a", ""]}))
    pd.testing.assert_frame_equal(parquet(served(), FRAME).data, FRAME)
    assert "not CSV" in refused(csv, served(), 'x\n"').message


def test_parquet_is_checked_as_json_is(served: Any) -> None:
    model = served(Schema([ColSpec("long", "x"), ColSpec("boolean", "y")]))
    good = parquet(model, pd.DataFrame({"y": [True], "x": [2.0], "z": [1]}))
    assert good.data.to_dict("list") == {"x": [2], "y": [True]}
    assert good.ignored == ("z",)
    frame = pd.DataFrame({"x": [1.5, np.nan], "y": pd.array([True, None], dtype="boolean")})
    error = refused(parquet, model, frame)
    assert [(fault.row, fault.column) for fault in error.faults] == [(0, "x"), (1, "x"), (1, "y")]
    times = served(Schema([ColSpec("datetime", "t")]))
    aware = pd.DataFrame({"t": pd.to_datetime(["2024-01-31T13:00:00+01:00"])})
    assert str(parquet(times, aware).data["t"].iloc[0]) == "2024-01-31 12:00:00"
    assert refused(parquet, times, pd.DataFrame({"t": [1700000000000]})).faults[0].got == "integer"
    binary = served(Schema([ColSpec("binary", "b")]))
    assert parquet(binary, pd.DataFrame({"b": [b"\xff"]})).data["b"].tolist() == [b"\xff"]
    nested = served(Schema([ColSpec(Array("double"), "l")]))
    assert parquet(nested, pd.DataFrame({"l": [[1.0, 2.0]]})).data["l"].tolist() == [[1.0, 2.0]]


def test_what_is_no_parquet(served: Any) -> None:
    file = io.BytesIO()
    FRAME.to_parquet(file)
    whole = file.getvalue()
    model = served(SCHEMA)
    for body in (b"", b"PAR1", whole[: len(whole) // 2], whole[:100] + b"\xff" * 100 + whole[200:]):
        assert refused(decode.invocations, body, PARQUET, model).code == "BAD_REQUEST"


def test_whole_numbers_in_parquet_are_not_changed_by_what_is_missing_beside_them(served: Any) -> None:
    """Pandas would make floats of them, so that the signature could not tell that they had been changed."""
    import pyarrow as pa

    large = 2**53 + 1
    numbers = pa.array([large, None])
    columns = {"double": numbers, "any": numbers, "category": numbers.dictionary_encode()}
    for name, column in columns.items():
        model = served(Schema([ColSpec(AnyType() if name == "any" else "double", "x")]))
        if name == "any":
            assert written(model, pa.table({"x": column})).data["x"].tolist() == [large, None]
        else:
            error = refused(written, model, pa.table({"x": column}))
            assert [(fault.row, fault.got) for fault in error.faults] == [(0, "integer")]
    lists = served(Schema([ColSpec(Array("double"), "x")]))
    refused(written, lists, pa.table({"x": pa.array([[large, None]])}))
    good = written(served(Schema([ColSpec("double", "x")])), pa.table({"x": pa.array([7, None])})).data["x"]
    np.testing.assert_array_equal(good, [7.0, np.nan])


def test_texts_in_parquet_that_are_not_utf_8(served: Any) -> None:
    import pyarrow as pa

    bad = pa.Array.from_buffers(pa.string(), 1, pa.array([b"\xff"]).buffers())
    for model in (served(Schema([ColSpec("string", "x")])), served()):
        assert refused(written, model, pa.table({"x": bad})).message == "The Parquet file is broken."


def test_texts_that_stand_in_many_rows_are_read_as_they_are(served: Any) -> None:
    import pyarrow as pa

    texts = pa.table({"x": ["a", "b", "a", None], "l": [["a"], ["b", "a"], [], ["a"]]})
    frame = written(served(), texts).data
    pd.testing.assert_frame_equal(frame, texts.to_pandas())
    schema = Schema([ColSpec("string", "x", required=False), ColSpec(Array("string"), "l")])
    data = written(served(schema), texts).data
    assert data["l"].tolist() == [["a"], ["b", "a"], [], ["a"]]
    assert data["x"].tolist()[:3] == ["a", "b", "a"]
    categories = pa.table({"x": pa.array(["a", "b", "a"]).dictionary_encode()})
    pd.testing.assert_frame_equal(written(served(), categories).data, categories.to_pandas())


@pytest.mark.parametrize("what", ["texts", "lists", "bytes of one length"])
@pytest.mark.parametrize("signed", [True, False])
def test_what_a_small_file_would_become_is_counted_before_it_is_made(
    served: Any, monkeypatch: pytest.MonkeyPatch, what: str, signed: bool
) -> None:
    """A text that stands in every row, and a list of nothing, take few bytes in a file, and gigabytes here."""
    import pyarrow as pa

    from fitprint.serving import parquet as limits

    monkeypatch.setattr(limits, "LARGEST", 10_000)
    monkeypatch.setattr(limits, "LARGEST_BYTES", 100_000)

    def many(value: Any, kind: Any) -> Any:
        return pa.DictionaryArray.from_arrays(pa.array(np.zeros(1000, dtype=np.int32)), pa.array([value], kind))

    columns = {
        "texts": many("a" * 1000, pa.string()),
        "lists": pa.ListArray.from_arrays([0, 10_001], pa.nulls(10_001, pa.bool_())),
        "bytes of one length": many(b"a" * 1000, pa.binary(1000)),
    }
    kinds = {"texts": "string", "lists": Array("boolean"), "bytes of one length": "binary"}
    model = served(Schema([ColSpec(kinds[what], "x")])) if signed else served()
    with pytest.raises(RequestError) as caught:
        written(model, pa.table({"x": columns[what]}))
    assert caught.value.status == 413


def test_a_small_file_does_not_become_a_large_table(served: Any) -> None:
    """A column of one value, a hundred million times, is a small file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    file = io.BytesIO()
    column = pa.DictionaryArray.from_arrays(pa.array(np.zeros(1_000_000, dtype=np.int8)), pa.array([1.0]))
    with pq.ParquetWriter(file, pa.schema([("x", column.type)])) as writer:
        for _ in range(51):
            writer.write_table(pa.table({"x": column}), row_group_size=1_000_000)
    assert len(file.getvalue()) < 1_000_000
    with pytest.raises(RequestError) as caught:
        decode.invocations(file.getvalue(), PARQUET, served(Schema([ColSpec("double", "x")])))
    assert caught.value.status == 413
