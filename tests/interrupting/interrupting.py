"""For scripts: a Ctrl-C or a deadline at the n-th line of fitprint's own work, by way of a trace."""

import linecache
import signal
import sys
from pathlib import Path

import fitprint

OURS = str(Path(fitprint.__file__).parent)
A_LOCK_S_OWN = str(Path(OURS, "_core", "locks.py"))


class Interrupted(KeyboardInterrupt):
    pass


class Deadline(TimeoutError):
    """What the handler of a program's own signal raises: to us it looks like an error of the disk."""


def raise_deadline(number, frame):
    raise Deadline


class Tracer:
    """Raises `Interrupted`, or `Deadline` in a signal handler, before the n-th line of ours; n = 0 counts them only.

    ``never``: matches lines at which the interpreter looks for no signals, where a trace would raise all the same.
    """

    def __init__(self, number, never, by_deadline=False):
        self.number, self.never, self.seen, self.place, self.raised = number, never, 0, "", None
        self.by_deadline = by_deadline

    def __call__(self, frame, event, argument):
        name = frame.f_code.co_filename
        if frame.f_code.co_name == "<lambda>" or name == A_LOCK_S_OWN:  # the first: of a weak reference
            return None
        if name.endswith("isolation.py") and frame.f_code.co_name in ("no_warnings_in_context", "_remove"):
            return None  # what an interruption leaves there is a filter that matches nothing
        return self.line if name.startswith(OURS) else None

    def line(self, frame, event, argument):
        if event == "line" and not self.never.match(linecache.getline(frame.f_code.co_filename, frame.f_lineno)):
            self.seen += 1
            if self.seen == self.number:
                self.place = f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno} {frame.f_code.co_name}"
                self.interrupt()
        return self.line

    def interrupt(self):
        if not self.by_deadline:
            self.raised = Interrupted()
            raise self.raised
        signal.signal(signal.SIGALRM, raise_deadline)
        try:
            signal.raise_signal(signal.SIGALRM)
        except Deadline as raised:
            self.raised = raised
            raise


def traced(number, never, train, by_deadline=False):
    """(the tracer, what was raised) of a training; what it gives is kept until the trace is off."""
    tracer = Tracer(number, never, by_deadline)
    trained = None
    sys.settrace(tracer)
    try:
        trained = train()  # noqa: F841
    except BaseException as raised:  # noqa: BLE001  what was raised is what is looked at
        return tracer, raised
    finally:
        sys.settrace(None)
    return tracer, None
