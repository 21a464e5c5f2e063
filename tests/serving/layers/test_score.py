"""Requests on their way through a model: the queue, time limits, threads left behind, and errors."""

from __future__ import annotations

import asyncio
import gc
import logging
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from fitprint.models.errors import SchemaError
from fitprint.models.schema import ColSpec, Schema
from fitprint.serving.errors import RequestError
from fitprint.serving.options import ServeOptions
from fitprint.serving.request import Request
from fitprint.serving.score import MOST_ABANDONED, Observer, Scorer

ONE = Schema([ColSpec("double", "x")])


class Gate:
    """A model that waits until it is let through, and remembers how many were in it at once."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.entered = threading.Semaphore(0)
        self.inside = self.most = 0
        self.seen: list[Any] = []
        self._lock = threading.Lock()

    def predict(self, data: Any, params: Any = None) -> Any:
        with self._lock:
            self.inside += 1
            self.most = max(self.most, self.inside)
            self.seen.append(data)
        self.entered.release()
        assert self.open.wait(60)
        with self._lock:
            self.inside -= 1
        return data


class Raising:
    """A model that raises what it is given."""

    def predict(self, data: Any, params: Any = None) -> Any:
        raise data


class Notes(Observer):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    def predicted(self, requests: int, rows: int, seconds: float) -> None:
        assert seconds >= 0
        self.told.append(("predicted", requests, rows))

    def refused(self, reason: str) -> None:
        self.told.append(("refused", reason))

    def abandoned(self, count: int) -> None:
        self.told.append(("abandoned", count))


def request(value: Any = 1) -> Request:
    return Request(value, None, 1)


async def entered(gate: Gate, count: int = 1) -> None:
    for _ in range(count):
        assert await asyncio.to_thread(gate.entered.acquire, True, 60)


async def until(condition: Callable[[], bool]) -> None:
    for _ in range(6000):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not happen")


async def error_of(coroutine: Any) -> RequestError:
    with pytest.raises(RequestError) as caught:
        await coroutine
    return caught.value


def test_predictions_of_several_requests(served: Any) -> None:
    async def main() -> None:
        notes = Notes()
        scorer = Scorer(served(ONE), ServeOptions(), notes)
        assert await asyncio.gather(*(scorer.predict(request(number)) for number in range(20))) == list(range(20))
        assert notes.told == [("predicted", 1, 1)] * 20
        scorer.close()

    asyncio.run(main())


@pytest.mark.parametrize("threads", [1, 3])
def test_no_more_threads_than_allowed(served: Any, threads: int) -> None:
    async def main() -> None:
        gate = Gate()
        scorer = Scorer(served(ONE, model=gate), ServeOptions(threads=threads))
        calls = [asyncio.create_task(scorer.predict(request(number))) for number in range(6)]
        await entered(gate, threads)
        assert scorer.waiting == 6 - threads
        gate.open.set()
        assert await asyncio.gather(*calls) == list(range(6))
        assert gate.most == threads

    asyncio.run(main())


def test_a_full_queue_refuses_at_once(served: Any) -> None:
    async def main() -> None:
        gate, notes = Gate(), Notes()
        scorer = Scorer(served(ONE, model=gate), ServeOptions(queue=2), notes)
        calls = [asyncio.create_task(scorer.predict(request(number))) for number in range(3)]
        await entered(gate)
        error = await error_of(scorer.predict(request()))
        assert (error.status, error.headers) == (503, [("Retry-After", "1")])
        assert notes.told == [("refused", "queue")]
        gate.open.set()
        assert await asyncio.gather(*calls) == [0, 1, 2]
        assert await scorer.predict(request(7)) == 7

    asyncio.run(main())


def test_a_queue_of_nothing(served: Any) -> None:
    async def main() -> None:
        gate = Gate()
        scorer = Scorer(served(ONE, model=gate), ServeOptions(queue=0))
        call = asyncio.create_task(scorer.predict(request()))
        await entered(gate)
        assert (await error_of(scorer.predict(request()))).status == 503
        gate.open.set()
        assert await call == 1

    asyncio.run(main())


def test_a_timeout_leaves_the_thread_behind_and_goes_on(served: Any) -> None:
    async def main() -> None:
        gate, notes = Gate(), Notes()
        scorer = Scorer(served(ONE, model=gate), ServeOptions(timeout=0.05), notes)
        error = await error_of(scorer.predict(request(1)))
        assert (error.status, error.code) == (504, "TIMEOUT")
        assert scorer.abandoned == 1
        error = await error_of(scorer.predict(request(2)))  # in another thread
        assert error.status == 504
        assert scorer.abandoned == 2
        assert gate.most == 2
        gate.open.set()
        await until(lambda: scorer.abandoned == 0)
        assert await scorer.predict(request(3)) == 3
        assert notes.told[:4] == [("refused", "timeout"), ("abandoned", 1), ("refused", "timeout"), ("abandoned", 2)]

    asyncio.run(main())


def test_a_request_that_waits_too_long_abandons_no_thread(served: Any) -> None:
    async def main() -> None:
        gate = Gate()
        scorer = Scorer(served(ONE, model=gate), ServeOptions(timeout=60))
        first = asyncio.create_task(scorer.predict(request(1)))
        await entered(gate)
        hasty = Scorer(served(ONE, model=gate), ServeOptions(timeout=0.05))
        hasty._running = 1  # as if its only thread were busy
        assert (await error_of(hasty.predict(request(2)))).status == 504
        assert (hasty.abandoned, hasty.waiting) == (0, 0)
        gate.open.set()
        assert await first == 1

    asyncio.run(main())


def test_too_many_abandoned_threads(served: Any) -> None:
    async def main() -> None:
        gate = Gate()
        scorer = Scorer(served(ONE, model=gate), ServeOptions(timeout=0.001))
        for _ in range(MOST_ABANDONED):
            assert (await error_of(scorer.predict(request()))).status == 504
        assert (await error_of(scorer.predict(request()))).status == 503
        gate.open.set()
        await until(lambda: scorer.abandoned == 0)

    asyncio.run(main())


def test_a_caller_who_leaves_frees_the_queue_but_not_the_thread(served: Any) -> None:
    async def main() -> None:
        gate = Gate()
        scorer = Scorer(served(ONE, model=gate), ServeOptions())
        first = asyncio.create_task(scorer.predict(request(1)))
        await entered(gate)
        second = asyncio.create_task(scorer.predict(request(2)))
        third = asyncio.create_task(scorer.predict(request(3)))
        await asyncio.sleep(0)
        assert scorer.waiting == 2
        for call in (first, second):
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
        assert scorer.waiting == 1
        assert scorer.abandoned == 0
        gate.open.set()
        assert await third == 3
        assert gate.seen == [1, 3]  # nobody asked for the second one any more
        assert gate.most == 1

    asyncio.run(main())


def test_a_model_that_raises_under_a_signature(served: Any, caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        scorer = Scorer(served(ONE, model=Raising()), ServeOptions())
        error = await error_of(scorer.predict(request(ValueError("secret value")), request_id="the-id"))
        assert (error.status, error.code) == (500, "INTERNAL_ERROR")
        assert "the-id" in error.message
        assert "secret" not in error.message
        assert error.headers == [("x-request-id", "the-id")]
        assert error.detail is None
        assert "the-id" in caplog.text
        assert "ValueError: secret value" in caplog.text
        assert "Traceback" in caplog.text
        full = Scorer(served(ONE, model=Raising()), ServeOptions(full_errors=True))
        assert "secret value" in ((await error_of(full.predict(request(ValueError("secret value"))))).detail or "")

    with caplog.at_level(logging.WARNING, "fitprint"):
        asyncio.run(main())


def test_optional_columns_that_were_left_out_are_named_when_the_model_raises(served: Any) -> None:
    class NeedsAll:
        def predict(self, data: Any, params: Any = None) -> Any:
            return data["y"]

    async def main() -> None:
        schema = Schema([ColSpec("double", "x"), ColSpec("double", "y", required=False)])
        scorer = Scorer(served(schema, model=NeedsAll()), ServeOptions())
        error = await error_of(scorer.predict(Request(pd.DataFrame({"x": [1.0]}), None, 1), request_id="the-id"))
        assert error.status == 500
        assert "left out optional columns, which the model may need: y; send null" in error.message
        whole = Scorer(served(schema, model=Raising()), ServeOptions())
        plain = await error_of(whole.predict(request(ValueError("of its own"))))
        assert "left out" not in plain.message

    asyncio.run(main())


def test_the_log_has_each_traceback_once(served: Any, caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        scorer = Scorer(served(ONE, model=Raising()), ServeOptions())
        for number, error in enumerate((ValueError("one"), ValueError("one"), ValueError("two"), ValueError("one"))):
            await error_of(scorer.predict(request(error), request_id=f"id-{number}"))

    with caplog.at_level(logging.WARNING, "fitprint"):
        asyncio.run(main())
    assert ["Traceback" in record.message for record in caplog.records] == [True, False, True, False]
    assert "id-3: the model raised the same error as before: ValueError: one" in caplog.text


def test_a_model_that_raises_without_a_signature(served: Any) -> None:
    async def main() -> None:
        error = await error_of(Scorer(served(model=Raising()), ServeOptions()).predict(request(KeyError("secret"))))
        assert (error.status, error.code) == (400, "BAD_REQUEST")
        assert "secret" not in error.message

    asyncio.run(main())


def test_data_that_does_not_fit_type_hints(served: Any) -> None:
    async def main() -> None:
        model = served(ONE, model=Raising(), is_signature_from_type_hint=True)
        error = await error_of(Scorer(model, ServeOptions()).predict(request(SchemaError(["secret"]))))
        assert error.status == 400
        assert "secret" not in error.message
        shown = await error_of(Scorer(model, ServeOptions(full_errors=True)).predict(request(SchemaError(["secret"]))))
        assert "secret" in shown.message

    asyncio.run(main())


@pytest.mark.parametrize("ending", [SystemExit(3), GeneratorExit()], ids=repr)
def test_a_model_that_ends_its_thread(served: Any, ending: BaseException) -> None:
    async def main() -> None:
        scorer = Scorer(served(ONE, model=Raising()), ServeOptions())
        assert (await error_of(scorer.predict(request(ending)))).status == 500
        assert (await error_of(scorer.predict(request(ValueError())))).status == 500  # in a new thread

    told = threading.Event()
    hook, threading.excepthook = threading.excepthook, lambda arguments: told.set()
    try:
        asyncio.run(main())
        assert told.wait(60)  # the thread tells of its end after the answer is there
    finally:
        threading.excepthook = hook


def test_threads_end_with_what_they_predict_for(served: Any) -> None:
    async def main() -> None:
        scorer = Scorer(served(ONE), ServeOptions())
        await scorer.predict(request(1.0))

    before = set(threading.enumerate())
    asyncio.run(main())
    gc.collect()
    for thread in set(threading.enumerate()) - before:
        thread.join(60)
        assert not thread.is_alive()


def test_no_rows_do_not_reach_the_model(served: Any) -> None:
    async def main() -> None:
        scorer = Scorer(served(ONE, model=Raising()), ServeOptions())
        predictions = await scorer.predict(Request(np.empty((0, 1)), None, 0))
        assert predictions.tolist() == []

    asyncio.run(main())


def test_closing(served: Any) -> None:
    async def main() -> None:
        gate = Gate()
        scorer = Scorer(served(ONE, model=gate), ServeOptions())
        begun = asyncio.create_task(scorer.predict(request(1)))
        await entered(gate)
        waiting = asyncio.create_task(scorer.predict(request(2)))
        await asyncio.sleep(0)
        scorer.close()
        assert (await error_of(waiting)).status == 503
        assert (await error_of(scorer.predict(request(3)))).status == 503
        gate.open.set()
        assert await begun == 1  # what was begun is answered

    asyncio.run(main())


def test_threads_end_with_their_scorer(served: Any) -> None:
    def ours() -> list[threading.Thread]:
        return [thread for thread in threading.enumerate() if thread.name == "fitprint serve: predict"]

    async def main() -> None:
        scorer = Scorer(served(ONE), ServeOptions(threads=4))
        await asyncio.gather(*(scorer.predict(request(number)) for number in range(20)))
        scorer.close()
        await until(lambda: not set(ours()) - before)

    before = set(ours())
    asyncio.run(main())


def test_an_unknown_method(served: Any) -> None:
    async def main() -> None:
        assert (await error_of(Scorer(served(ONE), ServeOptions()).predict(request(), "__reduce__"))).status == 500

    asyncio.run(main())
