"""Being told when a module is imported: wrapt's post-import hooks, which hold no lock while anything is imported."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import wrapt
import wrapt.importer

from fitprint._state import in_forked_child


def when_imported(module: str, hook: Callable[[Any], None]) -> None:
    """Calls a hook with the module once it is imported, or now if it is. The hook must not raise."""
    wrapt.register_post_import_hook(hook, module)


@in_forked_child
def _renew_lock_in_child() -> None:
    # wrapt takes its lock for a moment at every import: a thread that is not in the child may have held it
    wrapt.importer._post_import_hooks_lock = threading.RLock()
