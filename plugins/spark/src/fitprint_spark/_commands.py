"""What Spark sends to a Python worker: a few lines that turn recording on, and the user's function."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pyspark.accumulators import Accumulator, AddingAccumulatorParam

from fitprint.plugin import WorkerReport, attempt

if TYPE_CHECKING:
    from pyspark import SparkContext

# The lines import what is installed in the worker. Nothing of fitprint may be needed to read them, and no error of
# theirs may end the user's task, so here alone every error is caught without the guard.
_BEGIN = """\
try:
    from fitprint_spark._worker import begin
except Exception as error:
    import socket
    missing = isinstance(error, ModuleNotFoundError) and str(error.name).startswith('fitprint')
    problem = 'fitprint-spark is not installed there' if missing else f'{type(error).__name__}: {error}'
    answers.add(((socket.gethostname(), problem, False),))
else:
    begin(answers, setup)
"""


class Answers(Accumulator[Any]):  # type: ignore[misc]  # mypy does not read pyspark
    """What became of the setup in the workers: an accumulator, the one way back that Spark has for a task of the user.

    In the workers it is a plain accumulator of tuples; see `Accumulator.__reduce__`.

    Attributes:
        later: Takes what a worker has answered.
    """

    later: Callable[[WorkerReport], None] | None = None

    @classmethod
    def of(cls, context: SparkContext) -> Answers:
        """Make the one of a context.

        Args:
            context: The context.
        """
        made = context.accumulator((), AddingAccumulatorParam(()))
        return cls(made.aid, (), made.accum_param)  # in its place

    def add(self, term: Any) -> None:
        """Take what workers have answered. Called in a thread of Spark's; what is known already is not told again."""
        for answer in term:
            if answer not in self._value:
                self._value += (answer,)
                if self.later is not None:
                    self.later(WorkerReport(*answer))


class Command:
    """What a worker is to execute, in a pickle that turns recording on before it reads the command.

    Frameworks that the command imports are then imported as in the program, where recording was on before.

    Args:
        command: What Spark wants to pickle: the user's function, with what belongs to it.
        answers: Where the worker answers.
        setup: The pickle of what turns recording on.
    """

    def __init__(self, command: Any, answers: Answers, setup: bytes) -> None:
        self._command = command
        self._begin = _Begin(answers, setup)

    def __reduce__(self) -> Any:
        return operator.getitem, ((self._begin, self._command), 1)


class _Begin:
    def __init__(self, answers: Answers, setup: bytes) -> None:
        self._answers = answers
        self._setup = setup

    def __reduce__(self) -> Any:
        return exec, (_BEGIN, {"answers": self._answers, "setup": self._setup})


def is_of_user(function: Any) -> bool:
    """Return whether a function that Spark executes has a function or an object in it that is not Spark's own.

    Args:
        function: The function, mostly a closure of Spark's around others.
    """
    seen = set()
    waiting = [function]
    while waiting:
        part = waiting.pop()
        if isinstance(part, tuple):
            waiting += part
        elif id(part) not in seen:
            seen.add(id(part))
            module = getattr(part, "__module__", None)  # of an object, that of its class
            if module is not None and not str(module).startswith("pyspark."):
                return True
            for cell in getattr(part, "__closure__", None) or ():
                filled, content = attempt(getattr, cell, "cell_contents")
                waiting += [content] if filled else []
    return False
