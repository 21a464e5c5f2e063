"""Patching where work is handed over, while recording is on. What is then done is imported at the first such call."""

from __future__ import annotations

import functools
import importlib
import sys
from typing import Any

from fitprint._core.guard import guarded
from fitprint._instrumentation.targets import Place, patch_attribute, when_imported
from fitprint._recorder.state import switch

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
"""(module, class, methods; our module and function that surround a call of them)."""

_patched: list[Place] = []
_hooked: list[str] = []


def install_hooks() -> None:
    """Patches the places that are imported, the others when they are."""
    for module, cls, methods, ours, around in PLACES:
        patch = functools.partial(_patch, cls, methods, _imported_when_called(ours, around))
        if module not in _hooked:
            _hooked.append(module)
            when_imported(module, patch)
        elif (imported := sys.modules.get(module)) is not None:
            patch(imported)


def remove_hooks() -> None:
    """Puts every place back as it was."""
    for place in _patched:
        place.restore()
    _patched.clear()


def _patch(cls: str, methods: tuple[str, ...], around: Any, module: Any) -> None:
    """The post-import hook: whatever goes wrong in here, the user's import goes on."""
    with guarded("handing sessions over to workers"):
        if not switch.on:
            return
        for name in methods:
            place = patch_attribute(getattr(module, cls), name, around)
            if place is not None:
                _patched.append(place)


def _imported_when_called(ours: str, around: str) -> Any:
    """The function that surrounds a call, imported when recording is on and there is such a call."""

    def begin(function: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        found = None
        with guarded("handing sessions over to workers"):
            if switch.on:
                module = importlib.import_module(f"fitprint._workers.{ours}")
                found = getattr(module, around)(function, instance, args, kwargs)
        return found

    return begin
