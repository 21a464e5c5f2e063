"""The hooks at the places where work is handed to workers; they are in place while recording is on.

What the hooks do is imported at the first such call.
"""

from __future__ import annotations

import functools
import importlib
import sys
from typing import Any

from fitprint._core.guard import guarded
from fitprint._instrumentation.targets import Place, patch_attribute, when_imported
from fitprint._recorder.state import recorder_state

POOL = ("apply_async", "_map_async", "imap", "imap_unordered")
PLACES = (
    ("joblib.parallel", "Parallel", ("__call__",), "joblib_parallel", "around_parallel"),
    ("threading", "Thread", ("start",), "stdlib", "around_thread_start"),
    ("concurrent.futures.thread", "ThreadPoolExecutor", ("submit",), "stdlib", "around_thread_submit"),
    ("concurrent.futures.process", "ProcessPoolExecutor", ("submit",), "stdlib", "around_process_submit"),
    ("loky.process_executor", "ProcessPoolExecutor", ("submit",), "stdlib", "around_process_submit"),
    ("joblib.externals.loky.process_executor", "ProcessPoolExecutor", ("submit",), "stdlib", "around_process_submit"),
    ("multiprocessing.process", "BaseProcess", ("start",), "stdlib", "around_process_start"),
    ("multiprocessing.pool", "Pool", POOL, "stdlib", "around_pool_call"),
    ("multiprocess.process", "BaseProcess", ("start",), "stdlib", "around_process_start"),
    ("multiprocess.pool", "Pool", POOL, "stdlib", "around_pool_call"),
)
"""(module, class, methods; the module here and its function that makes what surrounds a call of them)."""

_patched: list[Place] = []
_awaited: list[str] = []
"""The modules whose import is waited for."""


def install_hooks() -> None:
    """Patch the places whose modules are imported, and the others once theirs are."""
    for module, cls, methods, own_module, function in PLACES:
        patch = functools.partial(_patch, cls, methods, _imported_when_called(own_module, function))
        if module not in _awaited:
            _awaited.append(module)
            when_imported(module, patch)
        elif (imported := sys.modules.get(module)) is not None:
            patch(imported)


def remove_hooks() -> None:
    """Restore every place."""
    for place in _patched:
        place.restore()
    _patched.clear()


def _patch(cls: str, methods: tuple[str, ...], begin: Any, module: Any) -> None:
    """Patch one class. This is a post-import hook: whatever goes wrong here, the user's import succeeds."""
    with guarded("handing the recording context to workers", lost="failed"):
        if not recorder_state.on:
            return
        for name in methods:
            place = patch_attribute(getattr(module, cls), name, begin)
            if place is not None:
                _patched.append(place)


def _imported_when_called(module: str, function: str) -> Any:
    """Return a `Begin` that imports the one of a module here when recording is on and such a call is made."""

    def begin(called: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        context = None
        with guarded("handing the recording context to workers", lost="failed"):
            if recorder_state.on:
                make = getattr(importlib.import_module(f"fitprint._workers.{module}"), function)
                context = make(called, instance, args, kwargs)
        return context

    return begin
