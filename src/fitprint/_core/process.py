"""Whether a process still lives: how a run names the process that writes it, and how another process checks it."""

from __future__ import annotations

import functools
import os
import socket
from pathlib import Path

from fitprint._core.signal_handlers import own


def this_process() -> dict[str, object]:
    """Describe this process so that another one on the same machine can find it again.

    Returns:
        The host, the boot id, the pid, the start of the process and its pid namespace; see `is_alive`.
    """
    return _description(os.getpid())


@functools.lru_cache(maxsize=4)
def _description(pid: int) -> dict[str, object]:
    return {
        "host": host(),
        "boot_id": boot_id(),
        "pid": pid,
        "started": process_start(pid),
        "pid_namespace": pid_namespace(),
    }


@functools.cache
def host() -> str:
    """Return the name of this machine, or an empty text where the system does not know it."""
    try:
        return socket.gethostname()
    except own(OSError):
        return ""


@functools.cache
def boot_id() -> str | None:
    """Return the kernel's id of this boot (Linux), so that a pid of an earlier boot does not pass for a living one."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except own(OSError):
        return None


@functools.cache
def pid_namespace() -> str | None:
    """Return the kernel's name of the namespace of this process's pid (Linux): each container has another one."""
    try:
        return os.readlink("/proc/self/ns/pid")
    except own(OSError):
        return None


def process_start(pid: int) -> int | None:
    """Return when a process started.

    Args:
        pid: The number of the process.

    Returns:
        Clock ticks since boot (field 22 of /proc/<pid>/stat), or None where there is no such process, or it has
        ended and its parent has not yet asked for its exit status.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except own(OSError):
        return None
    fields = stat[stat.rindex(b")") + 2 :].split()
    return None if fields[0] in (b"Z", b"X") else int(fields[19])


def is_alive(process: dict[str, object]) -> bool | None:
    """Check whether the process of a run still lives.

    Args:
        process: What `this_process` returned in that process.

    Returns:
        True or False, or None where that cannot be found out from here: on another host, or in another container.
    """
    if process.get("host") != host() or process.get("boot_id") != boot_id():
        return None if process.get("host") != host() or boot_id() is None else False
    pid = process.get("pid")
    if not isinstance(pid, int) or process.get("pid_namespace", pid_namespace()) != pid_namespace():
        return None
    if process.get("started") is not None:
        return process_start(pid) == process["started"]
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except own(OSError):
        return True
    return True
