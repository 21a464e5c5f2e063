"""Where a run comes from: the script, the state of its code, the user and the machine, without starting a process."""

from __future__ import annotations

import functools
import os
import sys

from fitprint._core.git.state import CodeState, PatchScope, code_state
from fitprint._core.job import current_job
from fitprint._core.process import host
from fitprint._core.signal_handlers import own

_NOTEBOOK_OF_VS_CODE = "__vsc_ipynb_file__"


def run_tags() -> dict[str, str]:
    """Collect the tags that every run gets.

    Returns:
        Python's version, the source file, the user, the host and the pid of this process, and the job of a scheduler
        that it is part of. A tag whose value cannot be
        found out is missing.
    """
    import platform  # late: `autolog()` imports this module, and needs only the source

    tags = {
        "python": platform.python_version(),
        "source": source_file(),
        "user": user(),
        "host": host(),
        "pid": str(os.getpid()),
    }
    job = current_job()
    return {name: value for name, value in tags.items() if value} | (job.tags() if job is not None else {})


@functools.cache
def user() -> str | None:
    """Return the user's name, or None where the system does not know it (a uid without an entry)."""
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        if os.environ.get(name):
            return os.environ[name]
    try:
        import pwd

        return pwd.getpwuid(os.getuid()).pw_name
    except own(ImportError, KeyError, OSError, AttributeError):
        return None


def source_file() -> str | None:
    """Return the running script, or the notebook where its server names it; None at a plain prompt."""
    notebook = os.environ.get("JPY_SESSION_NAME")
    if notebook:
        return notebook
    main = sys.modules.get("__main__")
    path = getattr(main, _NOTEBOOK_OF_VS_CODE, None) or getattr(main, "__file__", None)
    return None if path is None or os.path.basename(path) == "ipykernel_launcher.py" else str(path)


@functools.lru_cache(maxsize=8)
def code_state_of(source: str, limit: int, suffixes: tuple[str, ...]) -> CodeState | None:
    """Return what the repository of a script says of it, found out once per process; None if it belongs to none.

    Args:
        source: The script or the notebook.
        limit: The size of the patch, in characters; 0 for none.
        suffixes: The endings of the files that the patch shows; with none, it shows every text.
    """
    return code_state(os.path.abspath(source), PatchScope(limit, suffixes))
