"""For scripts: a Ctrl-C at the n-th line of fitprint's own work, by way of a trace."""

import linecache
import sys
from pathlib import Path

import fitprint

OURS = str(Path(fitprint.__file__).parent)
A_LOCK_S_OWN = str(Path(OURS, "_core", "locks.py"))


class Interrupted(KeyboardInterrupt):
    pass


class Tracer:
    """Raises `Interrupted` before the n-th line of ours that runs; n = 0 counts them only.

    ``never``: matches lines at which the interpreter looks for no signals, where a trace would raise all the same.
    """

    def __init__(self, number, never):
        self.number, self.never, self.seen, self.place, self.raised = number, never, 0, "", None

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
                self.raised = Interrupted()
                raise self.raised
        return self.line


def traced(number, never, train):
    """(the tracer, what was raised) of a training; what it gives is kept until the trace is off."""
    tracer = Tracer(number, never)
    trained = None
    sys.settrace(tracer)
    try:
        trained = train()  # noqa: F841
    except BaseException as raised:  # noqa: BLE001  what was raised is what is looked at
        return tracer, raised
    finally:
        sys.settrace(None)
    return tracer, None
