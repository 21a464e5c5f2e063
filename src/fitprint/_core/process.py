"""Who and where: run ids, this process, and the tags of a run that cost nothing to find out."""

from __future__ import annotations

import functools
import os
import platform
import socket
import sys
import time
from pathlib import Path

from fitprint._core.locks import fork_safe_lock

_last = 0
_lock = fork_safe_lock()


def new_run_id() -> str:
    """32 hex digits that sort by time: a UUIDv7 (RFC 9562, section 5.7, method 3: 12 bits of sub-millisecond time).

    Ids made by one process strictly increase. The randomness is the system's, never that of `random`.
    """
    global _last
    with _lock:
        ticks = time.time_ns() * 4096 // 1_000_000  # milliseconds with 12 fractional bits
        _last = ticks = max(ticks, _last + 1)
    tail = int.from_bytes(os.urandom(8), "big") & ((1 << 62) - 1)
    value = (ticks >> 12) << 80 | 0x7 << 76 | (ticks & 0xFFF) << 64 | 0b10 << 62 | tail
    return f"{value:032x}"


def process() -> dict[str, object]:
    """This process as a reader on the same machine can find it again: host, boot id, pid, process start."""
    return _process(os.getpid())


@functools.lru_cache(maxsize=4)
def _process(pid: int) -> dict[str, object]:
    found = {"host": host(), "boot_id": boot_id(), "pid": pid, "started": process_start(pid)}
    return {**found, "pid_namespace": pid_namespace()}


@functools.cache
def host() -> str:
    """The name of this machine, or an empty text where the system does not tell."""
    try:
        return socket.gethostname()
    except OSError:
        return ""


@functools.cache
def boot_id() -> str | None:
    """What the kernel calls this boot (Linux), so that a pid of an earlier boot is not taken for a living one."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return None


@functools.cache
def pid_namespace() -> str | None:
    """What the kernel calls the space that this process's pid is of (Linux): containers have each its own."""
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return None


def process_start(pid: int) -> int | None:
    """The start of a process in clock ticks since boot (field 22 of /proc/<pid>/stat), or None where there is none."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return None
    fields = stat[stat.rindex(b")") + 2 :].split()
    return None if fields[0] in (b"Z", b"X") else int(fields[19])  # a dead one that its parent has not asked for yet


def is_alive(found: dict[str, object]) -> bool | None:
    """Whether the process of a run is still there; None where that cannot be told from here."""
    if found.get("host") != host() or found.get("boot_id") != boot_id():
        return None if found.get("host") != host() or boot_id() is None else False
    pid = found.get("pid")
    if not isinstance(pid, int) or found.get("pid_namespace", pid_namespace()) != pid_namespace():
        return None
    if found.get("started") is not None:
        return process_start(pid) == found["started"]
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


@functools.cache
def user() -> str | None:
    """The user's name, or None where the system does not tell (a uid without an entry)."""
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        if os.environ.get(name):
            return os.environ[name]
    try:
        import pwd

        return pwd.getpwuid(os.getuid()).pw_name
    except (ImportError, KeyError, OSError, AttributeError):
        return None


def run_tags() -> dict[str, str]:
    """Python, source file, git commit, user, host and pid of this process; what is not told is left out."""
    source = source_file()
    found = {
        "python": platform.python_version(),
        "source": source,
        "git_commit": _git_commit(os.path.dirname(os.path.abspath(source))) if source else None,
        "user": user(),
        "host": host(),
        "pid": str(os.getpid()),
    }
    return {name: value for name, value in found.items() if value}


def source_file() -> str | None:
    """The script being run, or the notebook where its server tells; None in a plain prompt."""
    notebook = os.environ.get("JPY_SESSION_NAME")
    if notebook:
        return notebook
    path = getattr(sys.modules.get("__main__"), "__file__", None)
    return None if path is None or os.path.basename(path) == "ipykernel_launcher.py" else str(path)


@functools.lru_cache(maxsize=8)
def _git_commit(folder: str) -> str | None:
    """The commit a folder is at, read from .git itself: a subprocess would cost more than the training."""
    try:
        for parent in (Path(folder), *Path(folder).parents):
            if (parent / ".git").is_dir():
                return _head(parent / ".git")
    except (OSError, UnicodeDecodeError):
        return None
    return None


def _head(git: Path) -> str | None:
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
