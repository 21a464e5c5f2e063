"""Requests on their way through the model: a queue, threads that predict, a time limit, and errors of the model."""

from __future__ import annotations

import asyncio
import time
import traceback
import uuid
from collections import deque
from collections.abc import Hashable
from functools import partial
from typing import Any

from fitprint._core.guard import describe, warn_user
from fitprint._core.signal_handlers import own
from fitprint.models.errors import SchemaError
from fitprint.serving.batch import Outcome, key_of, outcomes_of
from fitprint.serving.empty import no_predictions
from fitprint.serving.errors import RequestError
from fitprint.serving.options import ServeOptions
from fitprint.serving.request import Request
from fitprint.serving.served import ServedModel
from fitprint.serving.threads import WorkerThread

MOST_ABANDONED = 32
"""So many threads may hang in the model; then no further one is begun."""


MOST_NAMED = 10
"""So many of the columns that a request left out are named in an answer."""

MOST_LOGGED = 100
"""So many different tracebacks are remembered, to log each of them once."""


class Observer:
    """What a `Scorer` tells of its work; this one keeps nothing. The methods are called in the thread of the loop."""

    def predicted(self, requests: int, rows: int, seconds: float) -> None:
        """Tell of one call of the model.

        Args:
            requests: How many requests were predicted together.
            rows: The number of their rows.
            seconds: How long the model took.
        """

    def refused(self, reason: str) -> None:
        """Tell of a request without predictions: its reason is ``queue``, ``timeout`` or ``model``."""

    def abandoned(self, count: int) -> None:
        """Tell how many threads are left behind now."""


class _Job:
    """One request that waits for its predictions."""

    __slots__ = ("call", "future", "key", "method", "request")

    def __init__(self, request: Request, method: str | None, key: Hashable | None, future: asyncio.Future[Any]) -> None:
        self.request, self.method, self.key, self.future = request, method, key, future
        self.call: _Call | None = None


class _Call:
    """One call of the model, for one job or several."""

    def __init__(self, jobs: list[_Job], worker: WorkerThread) -> None:
        self.jobs, self.worker = jobs, worker
        self.is_abandoned = False


class Scorer:
    """Lets a model predict requests in threads. Its methods belong to one event loop.

    Args:
        model: The model.
        options: How many threads predict, how many requests wait, how long, and how many rows go together.
        observe: Is told of what happens.

    Attributes:
        abandoned: How many threads hang in the model although nobody waits for them any more.
    """

    def __init__(self, model: ServedModel, options: ServeOptions, observe: Observer | None = None) -> None:
        self._model, self._options = model, options
        self.observe = observe or Observer()
        self.abandoned = 0
        self._waiting: deque[_Job] = deque()
        self._running = 0
        self._idle: list[WorkerThread] = []
        self._closed = False
        self._logged: set[str] = set()
        """Tracebacks in the log: one that comes again is one line there."""

    @property
    def waiting(self) -> int:
        """How many requests wait for a thread."""
        return len(self._waiting)

    async def predict(self, request: Request, method: str | None = None, request_id: str | None = None) -> Any:
        """Return the predictions for a request.

        Args:
            request: The request.
            method: The method of the model; by default that of the options.
            request_id: How the log names the request; by default a new id.

        Raises:
            RequestError: The queue is full or the server stops (503), the time is over (504), or the model has raised:
                500, or 400 where there is no signature that the data could have been checked against.
        """
        method = method or self._options.method
        if request.rows == 0:
            return no_predictions(self._model, method)
        self._refuse_if_full()
        loop = asyncio.get_running_loop()
        key = key_of(request, method) if self._options.batch else None
        job = _Job(request, method, key, loop.create_future())
        self._waiting.append(job)
        self._begin_calls(loop)
        timer = loop.call_later(self._options.timeout, self._expire, job, loop)
        try:
            made, outcome = await job.future
        finally:
            timer.cancel()
            self._forget(job)
        if made:
            return outcome
        raise self._error_of_model(outcome, request, request_id or uuid.uuid4().hex) from None

    def close(self) -> None:
        """Refuse what waits and what comes, and end the threads that are idle. What is being predicted goes on."""
        self._closed = True
        while self._waiting:
            job = self._waiting.popleft()
            if not job.future.done():
                job.future.set_exception(_stopping())
        for worker in self._idle:
            worker.stop()
        self._idle.clear()

    def _refuse_if_full(self) -> None:
        if self._closed:
            raise _stopping()
        has_room = self._running < self._options.threads or len(self._waiting) < self._options.queue
        if has_room and self.abandoned < MOST_ABANDONED:
            return
        self.observe.refused("queue")
        raise RequestError(
            503, "The server is busy; try again in a second.", "TEMPORARILY_UNAVAILABLE", headers=[("Retry-After", "1")]
        )

    def _begin_calls(self, loop: asyncio.AbstractEventLoop) -> None:
        while self._waiting and self._running < self._options.threads:
            jobs = self._next_jobs()
            worker = self._idle.pop() if self._idle else WorkerThread("fitprint serve: predict")
            call = _Call(jobs, worker)
            for job in jobs:
                job.call = call
            self._running += 1
            requests = [job.request for job in jobs]
            work = partial(_timed, self._model, requests, jobs[0].method)
            worker.do(work, partial(self._report, loop, call))
            if not worker.is_alive and not worker.begin():
                self._finished(call, loop, None)
                return

    def _next_jobs(self) -> list[_Job]:
        """Take the job that waits the longest, and with it those that can be predicted together with it."""
        first = self._waiting.popleft()
        if first.key is None:
            return [first]
        jobs, rows, others = [first], first.request.rows or 0, deque[_Job]()
        while self._waiting:
            job = self._waiting.popleft()
            if job.key == first.key and rows + (job.request.rows or 0) <= self._options.batch:
                jobs.append(job)
                rows += job.request.rows or 0
            else:
                others.append(job)
        self._waiting = others
        return jobs

    def _report(self, loop: asyncio.AbstractEventLoop, call: _Call, result: Any) -> None:
        """Hand a result over to the loop. This is called in the thread that predicts."""
        try:
            loop.call_soon_threadsafe(self._finished, call, loop, result)
        except own(RuntimeError):  # the loop is closed: nobody waits any more
            return

    def _finished(
        self, call: _Call, loop: asyncio.AbstractEventLoop, result: tuple[list[Outcome], float] | None
    ) -> None:
        if call.is_abandoned:
            self.abandoned -= 1
            self.observe.abandoned(self.abandoned)
        else:
            self._running -= 1
        if call.worker.ended or self._closed or len(self._idle) >= self._options.threads:
            call.worker.stop()
        else:
            self._idle.append(call.worker)
        if result is None:
            ended = RuntimeError("the model has ended the thread that it was called in")
            result = [(False, ended)] * len(call.jobs), 0.0
        outcomes, seconds = result
        for job, outcome in zip(call.jobs, outcomes, strict=True):
            job.call = None
            if not job.future.done():
                job.future.set_result(outcome)
        self.observe.predicted(len(call.jobs), sum(job.request.rows or 1 for job in call.jobs), seconds)
        self._begin_calls(loop)

    def _expire(self, job: _Job, loop: asyncio.AbstractEventLoop) -> None:
        """Answer a request whose time is over, and go on without the thread that still predicts it."""
        if job.future.done():
            return
        seconds = f"{self._options.timeout:g}"
        job.future.set_exception(RequestError(504, f"The model took longer than {seconds} seconds.", "TIMEOUT"))
        self.observe.refused("timeout")
        call = job.call
        if call is not None and not call.is_abandoned:
            call.is_abandoned = True
            self.abandoned += 1
            self._running -= 1
            self.observe.abandoned(self.abandoned)
            self._begin_calls(loop)

    def _forget(self, job: _Job) -> None:
        """Take a job out of the queue whose caller is gone. One that is being predicted keeps its thread until then."""
        if job.call is None and job in self._waiting:
            self._waiting.remove(job)

    def _error_of_model(self, error: Exception, request: Request, request_id: str) -> RequestError:
        self.observe.refused("model")
        text = "".join(traceback.format_exception(error))
        detail = text if self._options.full_errors else None
        if isinstance(error, SchemaError) and self._model.checks_itself:
            faults = f": {'; '.join(error.problems)}" if self._options.full_errors else "."
            return RequestError(400, f"The data does not fit the type hints of the model{faults}", detail=detail)
        if text in self._logged:
            warn_user(f"request {request_id}: the model raised the same error as before: {describe(error)}")
        else:
            if len(self._logged) >= MOST_LOGGED:
                self._logged.clear()
            self._logged.add(text)
            warn_user(f"request {request_id}: the model raised an error\n{text}")
        headers = [("x-request-id", request_id)]
        if self._model.inputs is None:
            message = (
                "The model raised an error on this data. It has no signature that the data could be checked against; "
                f"the server's log has the error under request {request_id}."
            )
            return RequestError(400, message, headers=headers, detail=detail)
        message = f"The model raised an error; the server's log has it under request {request_id}."
        left_out = _left_out(self._model, request)
        if left_out:
            message += (
                f" The request left out optional columns, which the model may need: {', '.join(left_out[:MOST_NAMED])}"
                f"{', ...' if len(left_out) > MOST_NAMED else ''}; send null for a value that is missing."
            )
        return RequestError(500, message, "INTERNAL_ERROR", headers=headers, detail=detail)


def _left_out(model: ServedModel, request: Request) -> list[str]:
    """Return the optional columns of the signature that a request does not have."""
    schema = model.inputs
    sent = getattr(request.data, "columns", None)
    if schema is None or schema.is_tensor_spec() or not schema.has_input_names() or sent is None:
        return []
    return [str(spec.name) for spec in schema if not spec.required and spec.name not in sent]


def _stopping() -> RequestError:
    return RequestError(
        503, "The server is stopping; try again in a second.", "TEMPORARILY_UNAVAILABLE", headers=[("Retry-After", "1")]
    )


def _timed(model: ServedModel, requests: list[Request], method: str | None) -> tuple[list[Outcome], float]:
    began = time.perf_counter()
    return outcomes_of(model, requests, method), time.perf_counter() - began
