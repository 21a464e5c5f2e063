"""Where a run comes from: the script, the git commit, the user and the machine, read without starting a subprocess."""

from __future__ import annotations

import functools
import os
import platform
import sys
from pathlib import Path

from fitprint._core.process import host
from fitprint._core.signal_handlers import own


def run_tags() -> dict[str, str]:
    """Collect the tags that every run gets.

    Returns:
        Python's version, the source file, the git commit, the user, the host and the pid of this process. A tag whose
        value cannot be found out is missing.
    """
    source = source_file()
    tags = {
        "python": platform.python_version(),
        "source": source,
        "git_commit": _git_commit(os.path.dirname(os.path.abspath(source))) if source else None,
        "user": user(),
        "host": host(),
        "pid": str(os.getpid()),
    }
    return {name: value for name, value in tags.items() if value}


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
    path = getattr(sys.modules.get("__main__"), "__file__", None)
    return None if path is None or os.path.basename(path) == "ipykernel_launcher.py" else str(path)


@functools.lru_cache(maxsize=8)
def _git_commit(folder: str) -> str | None:
    """Read the commit of a folder from .git itself: running git would take longer than a small training."""
    try:
        for parent in (Path(folder), *Path(folder).parents):
            if (parent / ".git").is_dir():
                return _head_commit(parent / ".git")
    except own(OSError, UnicodeDecodeError):
        return None
    return None


def _head_commit(git: Path) -> str | None:
    head = (git / "HEAD").read_text("utf-8").strip()
    if not head.startswith("ref: "):
        return head or None
    ref = head[5:]
    if (git / ref).is_file():
        return (git / ref).read_text("utf-8").strip()
    packed = git / "packed-refs"
    if packed.is_file():
        for line in packed.read_text("utf-8").splitlines():
            if line.endswith(" " + ref):
                return line.split(" ", 1)[0]
    return None
