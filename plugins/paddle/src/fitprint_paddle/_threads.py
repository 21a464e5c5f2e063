"""Whether other threads may be computing with PaddlePaddle.

PaddlePaddle computes in several threads at once, but it makes the graph of a network, of which a package consists, with
state of the whole process: if another thread computes at that moment, the process crashes.
"""

from __future__ import annotations

import sys
import sysconfig
import threading
import time
from collections.abc import Iterator
from types import FrameType

REASON = (
    "the thread {name!r} is running too, and PaddlePaddle crashes if it makes the graph of a network while another"
    " thread computes: call fitprint.paddle.log_model when the threads have ended"
)
_FRAMEWORK, _OWN = ("paddle",), ("fitprint", "fitprint_paddle")
_WAITING = ("threading", "queue", "selectors", "concurrent.futures._base", "multiprocessing.connection")
"""Modules of the standard library: a thread that is in one of their functions waits for another one."""
_TIMES, _PAUSE = 5, 0.01
_PLACES = ("stdlib", "platstdlib", "purelib", "platlib")


def other_thread() -> str | None:
    """Return the name of another thread that may compute with PaddlePaddle now; None if there is none.

    It is one that runs a function of PaddlePaddle or of the user's own code, and does not wait for anything. Threads of
    the standard library and of installed packages, such as those of a notebook or an idle pool, do not count.
    """
    name = _busy_thread()
    for _ in range(_TIMES):
        if name is None:
            break
        time.sleep(_PAUSE)  # the thread that has read the data of this training may be just about to end
        name = _busy_thread()
    return name


def _busy_thread() -> str | None:
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    for ident, frame in sys._current_frames().items():
        if ident != threading.get_ident() and _module(frame) not in _WAITING and any(map(_may_compute, _stack(frame))):
            return names.get(ident, str(ident))
    return None


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__"))


def _stack(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back


def _may_compute(frame: FrameType) -> bool:
    top = _module(frame).partition(".")[0]
    if top in (*_FRAMEWORK, *_OWN):
        return top in _FRAMEWORK
    file = frame.f_code.co_filename
    return not file.startswith("<") and not any(file.startswith(place) for place in _installed())


def _installed() -> set[str]:
    """Return the folders of the standard library and of installed packages, also of those below an environment."""
    paths = {sysconfig.get_paths()[name] for name in _PLACES}
    return paths | {path for path in sys.path if path.rstrip("/\\").endswith(("site-packages", "dist-packages"))}
