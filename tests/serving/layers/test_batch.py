"""Requests that are predicted together: which are, that each gets its own predictions, and when it is refused."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import Any

import numpy as np
import pandas as pd
import pytest

from fitprint.models.param_schema import ParamSchema, ParamSpec
from fitprint.models.schema import ColSpec, Schema, TensorSpec
from fitprint.serving import decode
from fitprint.serving.batch import join, key_of, part
from fitprint.serving.batch_check import check_batching
from fitprint.serving.errors import RequestError
from fitprint.serving.options import ServeOptions
from fitprint.serving.request import Request
from fitprint.serving.score import Scorer

SCHEMA = Schema([ColSpec("double", "x"), ColSpec("string", "s")])
PARAMS = ParamSchema([ParamSpec("p", "long", 1)])


class Model:
    """Predicts the column x; waits for its first call to be let through; cannot bear the text "bad"."""

    def __init__(self, kind: Any = None) -> None:
        self.open, self.entered = threading.Event(), threading.Event()
        self.calls: list[int] = []
        self.kind = kind or (lambda frame: frame["x"].to_numpy())

    def predict(self, data: Any, params: Any = None) -> Any:
        self.calls.append(len(data))
        self.entered.set()
        assert self.open.wait(60)
        if "bad" in data["s"].tolist():
            raise ValueError("bad")
        return self.kind(data)


def asked(model: Any, values: list[float], text: str = "t", **content: Any) -> Request:
    records = [{"x": value, "s": text} for value in values]
    return decode.invocations(json.dumps({"dataframe_records": records, **content}).encode(), None, model)


def predicted(served: Any, model: Model, requests: Any, rows: int = 100) -> list[Any]:
    """Ask for the first of the requests, and for the others while it is predicted."""

    async def main() -> list[Any]:
        shown = served(SCHEMA, params=PARAMS, model=model)
        scorer = Scorer(shown, ServeOptions(batch=rows))
        made = [request(shown) for request in requests]
        first = asyncio.create_task(scorer.predict(made[0]))
        assert await asyncio.to_thread(model.entered.wait, 60)
        others = [asyncio.create_task(scorer.predict(request)) for request in made[1:]]
        await asyncio.sleep(0)
        model.open.set()
        return await asyncio.gather(first, *others, return_exceptions=True)

    return asyncio.run(main())


def ask(*values: float, text: str = "t", **content: Any) -> Any:
    return lambda model: asked(model, list(values), text, **content)


@pytest.mark.parametrize(
    "kind",
    [
        lambda frame: frame["x"].to_numpy(),
        lambda frame: frame["x"],
        lambda frame: frame[["x"]],
        lambda frame: frame["x"].tolist(),
        lambda frame: frame[["x", "x"]].to_numpy(),
    ],
    ids=["array", "series", "table", "list", "matrix"],
)
def test_what_waited_goes_together(served: Any, kind: Any) -> None:
    model = Model(kind)
    outcomes = predicted(served, model, [ask(1), ask(2), ask(3, 4), ask(5)])
    assert model.calls == [1, 4]
    values = [np.asarray(outcome).reshape(-1)[:: 2 if "matrix" in str(np.ndim(outcome)) else 1] for outcome in outcomes]
    assert [np.unique(value).tolist() for value in values] == [[1.0], [2.0], [3.0, 4.0], [5.0]]
    for outcome in outcomes:
        if hasattr(outcome, "index"):
            assert not isinstance(outcome, pd.DataFrame | pd.Series) or outcome.index[0] == 0


def test_only_up_to_the_limit_of_rows(served: Any) -> None:
    model = Model()
    assert [len(one) for one in predicted(served, model, [ask(1), ask(2, 3), ask(4, 5), ask(6)], rows=3)] == [
        1,
        2,
        2,
        1,
    ]
    assert model.calls == [1, 3, 2]  # the last one still fits beside the second


def test_only_requests_with_the_same_params(served: Any) -> None:
    model = Model()
    requests = [ask(1), ask(2, params={"p": 2}), ask(3), ask(4, params={"p": 2}), ask(5, params={"p": 1})]
    assert [one.tolist() for one in predicted(served, model, requests)] == [[1], [2], [3], [4], [5]]
    assert model.calls == [1, 2, 2]


def test_an_error_belongs_to_its_request_alone(served: Any) -> None:
    model = Model()
    outcomes = predicted(served, model, [ask(1), ask(2), ask(3, text="bad"), ask(4)])
    assert [outcome.tolist() for outcome in (outcomes[0], outcomes[1], outcomes[3])] == [[1], [2], [4]]
    assert isinstance(outcomes[2], RequestError)
    assert outcomes[2].status == 500
    assert model.calls == [1, 3, 1, 1, 1]


def test_predictions_that_are_not_one_for_each_row(served: Any) -> None:
    model = Model(lambda frame: np.array([frame["x"].sum()]))
    assert [one.tolist() for one in predicted(served, model, [ask(1), ask(2), ask(3)])] == [[1], [2], [3]]


def test_a_caller_who_leaves_a_batch(served: Any) -> None:
    async def main() -> None:
        model = Model()
        shown = served(SCHEMA, model=model)
        scorer = Scorer(shown, ServeOptions(batch=10))
        first = asyncio.create_task(scorer.predict(asked(shown, [1])))
        assert await asyncio.to_thread(model.entered.wait, 60)
        leaving = asyncio.create_task(scorer.predict(asked(shown, [2])))
        staying = asyncio.create_task(scorer.predict(asked(shown, [3])))
        await asyncio.sleep(0)
        leaving.cancel()
        model.open.set()
        assert (await first).tolist() == [1]
        assert (await staying).tolist() == [3]
        with pytest.raises(asyncio.CancelledError):
            await leaving
        assert model.calls == [1, 1]

    asyncio.run(main())


def test_tables_and_tensors_are_joined_as_they_are(served: Any) -> None:
    frame = pd.DataFrame({"x": [1.0], "s": ["a"], "c": pd.Categorical(["p"], categories=["p", "q"])})
    joined = join([frame, frame])
    pd.testing.assert_frame_equal(joined, pd.concat([frame, frame], ignore_index=True))
    assert (joined.dtypes == frame.dtypes).all()
    numbers = pd.DataFrame({"x": [1.0], "y": [2.0]})
    pd.testing.assert_frame_equal(join([numbers, numbers]), pd.concat([numbers, numbers], ignore_index=True))
    tensors = {"a": np.ones((1, 2)), "b": np.zeros(1)}
    assert {name: array.shape for name, array in join([tensors, tensors]).items()} == {"a": (2, 2), "b": (2,)}
    assert join([np.ones((1, 2)), np.ones((2, 2))]).shape == (3, 2)
    assert part({"a": np.ones(2)}, [1, 1]) is None


def test_which_requests_have_something_in_common(served: Any) -> None:
    model = served(SCHEMA, params=PARAMS)
    one = key_of(asked(model, [1]), None)
    assert one is not None
    assert one == key_of(asked(model, [2, 3]), None)
    assert one != key_of(asked(model, [1]), "predict_proba")
    assert one != key_of(asked(model, [1], params={"p": 5}), None)
    assert key_of(Request("text", None, 1), None) is None
    assert key_of(Request(np.ones(2), None, 2, can_batch=False), None) is None


def test_tables_of_numbers_are_known_by_their_form_however_they_were_sent(served: Any) -> None:
    model = served(Schema([ColSpec("double", "x"), ColSpec("double", "y")]))

    def key(**content: Any) -> Any:
        return key_of(decode.invocations(json.dumps(content).encode(), None, model), None)

    one = key(dataframe_split={"columns": ["x", "y"], "data": [[1, 2]]})
    assert one is not None
    assert one == key(dataframe_records=[{"x": 1, "y": 2}, {"x": 3, "y": 4}])
    unnamed = served(Schema([ColSpec("double"), ColSpec("double")]))
    requests = [{"columns": labels, "data": [[1, 2]]} for labels in (["x", "y"], ["y", "x"])]
    bodies = [json.dumps({"dataframe_split": request}).encode() for request in requests]
    first, second = (key_of(decode.invocations(body, None, unnamed), None) for body in bodies)
    assert first is not None
    assert first != second


def test_a_model_that_predicts_row_by_row_may_be_batched(served: Any) -> None:
    model = Model()
    model.open.set()
    check_batching(served(SCHEMA, params=PARAMS, model=model))
    assert max(model.calls) > 1
    tensor = served(Schema([TensorSpec("float32", (-1, 2))]))
    check_batching(tensor)


@pytest.mark.parametrize(
    "kind",
    [
        lambda frame: (frame["x"] - frame["x"].mean()).to_numpy(),
        lambda frame: frame["x"].to_numpy() * (1 + 1e-16 * len(frame)) + 1e-15 * len(frame),
        lambda frame: np.array([frame["x"].sum()]),
        lambda frame: frame["x"].to_numpy().astype(np.float32 if len(frame) > 1 else np.float64),
        lambda frame: frame["x"].rank(),
    ],
    ids=["mean", "last bit", "one number", "dtype", "rank"],
)
def test_a_model_that_looks_across_rows_is_refused(served: Any, kind: Any) -> None:
    model = Model(kind)
    model.open.set()
    with pytest.raises(ValueError, match="differently when they are predicted together"):
        check_batching(served(SCHEMA, model=model))


def test_what_cannot_be_tried_is_refused(served: Any) -> None:
    with pytest.raises(ValueError, match="no signature"):
        check_batching(served())
    model = Model(lambda frame: 1 / 0)
    model.open.set()
    with pytest.raises(ValueError, match="cannot predict the rows"):
        check_batching(served(SCHEMA, model=model))
