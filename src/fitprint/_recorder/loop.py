"""A training loop being recorded: many small calls, one run."""

from __future__ import annotations

import itertools
import threading
import time
import weakref
from dataclasses import replace
from types import TracebackType
from typing import Any

from fitprint._core import call_scope
from fitprint._core.guard import guarded
from fitprint._core.locks import fork_safe_lock
from fitprint._recorder import loop_registry as loops
from fitprint._recorder import rules as _rules
from fitprint._recorder.base import Outcome, Recorded
from fitprint._recorder.state import switch
from fitprint._runs import active
from fitprint._runs import index as run_index
from fitprint._runs.record import FINISHED
from fitprint._runs.run import writer_of
from fitprint._runs.writer import RunWriter
from fitprint.plugin.contract import TrainingCall

_FINE = Outcome(FINISHED)


class Loop(Recorded):
    """From the first step on an object to whatever ends it; refused by a rule, it is known too, and records nothing.

    Between two steps nothing of the user's is kept alive, and no session is open.
    """

    def __init__(self, call: TrainingCall, subject: Any) -> None:
        super().__init__(_weakened(call))
        self.flavor_name = call.flavor.name
        self.key = id(subject)
        self._instance = weakref.ref(call.instance) if call.instance is not None else None
        self._lock = fork_safe_lock(threading.RLock)
        self._opened = self._ended = self._told_nothing = False
        self._numbers = itertools.count()
        self._outcome = _FINE
        self._saved = False
        self._overhead = 0.0
        self._ending_since: float | None = None
        self._block: RunWriter | None = None
        self.subject = weakref.ref(subject, lambda _: loops.gone(self))  # the last: from here on it can be called

    # its steps

    def open(self, call: TrainingCall) -> None:
        """At the first step: asks the rules and begins the run. Of several threads one does, the others wait."""
        if self._opened:
            return
        with self._lock:
            if self._opened or self._ended:
                return
            try:
                with guarded("the start of a run", self.flavor_name, strict=call.settings.strict):
                    self._open(call)
                self._opened = True
            except BaseException as error:
                self._ended = True
                loops.forget(self)
                self.cut_short(Outcome.of(error, call))
                raise
            self._overhead += time.perf_counter() - self._began

    def _open(self, call: TrainingCall) -> None:
        reason = _rules.before(call)
        if reason is not None:
            switch.count_skip(self.flavor_name, reason[0])
            return
        self.call = call
        try:
            begun = self.begin()
            if begun:
                model = None
                with self.step("the model"):
                    model = call.flavor.model(call)
                self._name_after(model)
                run_index.set_last_run(self.run, call.loop)
                for each in (call.instance, model):
                    run_index.register_model(self.run, each)
        finally:
            self.call = _weakened(call)
        if begun:
            block = active.active_run()
            if block is not None:
                self._block = writer_of(block)
                self._block.before_end.append(self.end)

    def stepped(self, call: TrainingCall, started: float, error: BaseException | None) -> None:
        """A step has returned, or raised."""
        ended = time.perf_counter()
        self.call.took = (self.call.took or 0.0) + ended - started
        self._outcome = _FINE if error is None else Outcome.of(error, call)
        number = next(self._numbers)
        if error is None and not self._told_nothing and not self._ended and self.writer.written_here:
            with self.step("per-iteration metrics") as step:
                call.cache = self.call.cache
                call.flavor.stepped(call, self.emitter, number)
            self._told_nothing = step.failed  # it would fail at each step, with a reason of its own each time
        self._overhead += time.perf_counter() - ended

    # its end

    def end(self, saved: bool = False) -> None:
        """Records what came of it, with the model if it still is there: once."""
        try:
            if self._ends():
                self._saved = saved
                self._conclude()
        except BaseException:
            if self.begun:
                self.interrupted(self._outcome)
            raise

    def _ends(self) -> bool:
        """Whether it ends now, and has anything to be recorded."""
        loops.forget(self)
        with self._lock:
            ends, self._ended = not self._ended and self.begun, True
        if ends and self._block is not None and self.end in self._block.before_end:
            self._block.before_end.remove(self.end)
        return ends

    def _conclude(self) -> None:
        subject = self.subject()
        instance = self._instance() if self._instance is not None else None
        if subject is None:
            reason = "the object was gone before the loop ended: nothing kept it, and nothing saved it"
            self.writer.skip("model", "collected", reason)
        self.call = replace(self.call, instance=instance, loop=subject)
        self._ending_since = time.perf_counter()
        inside = (
            call_scope.SessionScope()
        )  # what the framework calls while its model is saved is none of the user's steps
        try:
            inside.enter()
            self.conclude(self._outcome)
            inside.leave()
        except BaseException:
            inside.leave()
            raise
        self.call = _weakened(self.call)

    def _has_a_model(self, outcome: Outcome) -> bool:
        # what the user saved is a model, whatever its last step did
        return self.call.loop is not None and (self._saved or outcome.status == FINISHED)

    def _remember(self, model: Any) -> None:
        # the latest training is that which began last, not the one that ends last
        run_index.register_model(self.run, model)

    def _recording_seconds(self) -> float:
        since = self._ending_since if self._ending_since is not None else self._began
        return self._overhead + time.perf_counter() - since


def _weakened(call: TrainingCall) -> TrainingCall:
    """A call of which only the facts are left, so that nothing of the user's is kept alive."""
    plain = getattr(call.function, "__func__", call.function)
    return replace(call, function=plain, instance=None, args=(), kwargs={}, result=None, loop=None)


class Step:
    """Around one step of a loop that is recorded."""

    __slots__ = ("_call", "_inside", "_loop", "_started", "returned")

    def __init__(self, loop: Loop, call: TrainingCall) -> None:
        self._loop = loop
        self._call = call
        self._inside = call_scope.SessionScope()
        self.returned: Any = None

    @property
    def args(self) -> tuple[Any, ...]:
        return self._call.args

    @property
    def kwargs(self) -> dict[str, Any]:
        return self._call.kwargs

    def __enter__(self) -> None:
        try:
            self._inside.enter()
            self._loop.open(self._call)
            self._started = time.perf_counter()
        except BaseException:
            self._leave()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._loop.begun:
                self._call.result = self.returned
                self._loop.stepped(self._call, self._started, error)
            self._leave()
        except BaseException:
            self._leave()
            raise

    def result(self) -> Any:
        result, self.returned = self.returned, None
        return result

    def _leave(self) -> None:
        self._inside.leave()
        self._call.args, self._call.kwargs, self._call.result = (), {}, None


def step_of(call: TrainingCall) -> Step | None:
    """What surrounds one step; None where the flavor says it is no part of a loop."""
    subject = call.flavor.loop_of(call)
    if subject is None:
        return None
    call.loop = subject
    loop = loops.of(subject) or loops.find_or_add(subject, lambda: Loop(call, subject))
    assert isinstance(loop, Loop)
    return Step(loop, call)
