"""Rebuilding the environment of a package: made once, stored under the hash of its contents, and used by its path.

An environment is made in a folder of its own. Only when it is complete and was seen to import what it must, a file
with the name of its hash points to that folder, so that an incomplete one is never used. Two processes that make the
same one at once both succeed: the second to finish uses what the first has published, and removes its own.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

from fitprint._core.signal_handlers import suppress_own
from fitprint._packages.environment_plan import EnvironmentPlan
from fitprint._packages.interpreters import clean_environment, interpreter_of, serves, uv_command
from fitprint.models.errors import PackageError
from fitprint.models.requirement_lines import is_pinned_by_hash, parsed

Tell = Callable[[str], None]
_FORMAT = 1
"""Raised when environments of earlier versions of fitprint must not be used any more."""
_MOST_TOLD = 15
_ABANDONED_AFTER = 86_400.0


def rebuilt(
    plan: EnvironmentPlan,
    *,
    only_binary: bool,
    tell: Tell,
    progress: Tell | None = None,
    folder: Path | None = None,
) -> str:
    """Return the interpreter of a package's environment, which is made if it is not there yet.

    Args:
        plan: What it is made of.
        only_binary: Whether nothing may be built, which would run code of whoever wrote a requirement.
        tell: Gets a line when something begins or has ended.
        progress: Gets each line that the installer prints.
        folder: Where environments are kept; by default the user's folder of caches.

    Raises:
        PackageError: It cannot be made; the message has the last lines that the installer printed.
    """
    base = interpreter_of(plan.python)
    place = Path(os.path.abspath(folder or cache_folder()))
    place.mkdir(parents=True, exist_ok=True)
    pointer = place / _hash(plan, base, only_binary)
    if (ready := _ready(pointer)) is not None:
        tell(f"the environment is {ready.parents[1]}, made earlier")
        return str(ready)
    _remove_abandoned(pointer)
    uv = uv_command()
    count, tool = len(plan.requirements), "uv" if uv else "pip"
    lines = f"{count} requirement{'' if count == 1 else 's'}"
    tell(f"making the environment: Python {plan.python or 'of this machine'}, {lines} of the package, with {tool}")
    began = time.monotonic()
    made = place / f"{pointer.name}-{secrets.token_hex(6)}"
    try:
        _make(made, plan, base, uv, only_binary, progress)
        published = _publish(pointer, made)
    except BaseException:
        shutil.rmtree(made, ignore_errors=True)
        raise
    if published != made:
        shutil.rmtree(made, ignore_errors=True)
    tell(f"the environment is {published}, made in {time.monotonic() - began:.0f} s, and kept for the next time")
    return str(_interpreter(published))


def cache_folder() -> Path:
    """Return the folder in which environments are kept: below the user's folder of caches."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or "~/AppData/Local"
    elif sys.platform == "darwin":
        base = "~/Library/Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "fitprint" / "environments"


def _make(
    folder: Path, plan: EnvironmentPlan, base: str, uv: str | None, only_binary: bool, progress: Tell | None
) -> None:
    make = [uv, "venv", "--python", base, "--no-python-downloads", "--no-project"] if uv else [base, "-I", "-m", "venv"]
    _run([*make, str(folder)], folder.parent, progress)
    python = str(_interpreter(folder))
    pip = ["--disable-pip-version-check", "--no-input"]
    install = [uv, "pip", "install", "--python", python] if uv else [python, "-I", "-m", "pip", "install", *pip]
    install += ["--only-binary", ":all:"] if only_binary else []
    install += ["--constraint", _written(folder / "constraints.txt", plan.constraints)] if plan.constraints else []
    own = plan.own.requirements
    if any(map(is_pinned_by_hash, plan.requirements)):  # then an installer wants a hash for every line of the file
        first = _written(folder / "requirements.txt", plan.requirements)
        _run([*install, "--requirement", first], folder, progress)
        fixed = _written(folder / "installed.txt", map(_as_constraint, plan.requirements))
        _run([*install, "--constraint", fixed, "--requirement", _written(folder / "own.txt", own)], folder, progress)
    else:
        lines = [*plan.requirements, *own]
        _run([*install, "--requirement", _written(folder / "requirements.txt", lines)], folder, progress)
    site = _site_packages(python)
    for part in plan.own.copied:
        part.to(site)
    if not serves(python):
        raise PackageError(
            f"the environment was made, but cannot import fitprint with what serving needs: {python} -c "
            "'import fitprint.serving' says why; --env PYTHON names another interpreter"
        )


def _as_constraint(line: str) -> str:
    """Return the versions that a requirement allows as a constraint, which may have neither extras nor hashes."""
    requirement = parsed(line)
    requirement.extras = set()
    return str(requirement)


def _written(file: Path, lines: Sequence[str] | map[str]) -> str:
    file.write_text("\n".join([*lines, ""]), "utf-8")
    return str(file)


def _run(command: Sequence[str], folder: Path, progress: Tell | None) -> None:
    """Run a step of the making, and hand on what it prints.

    Raises:
        PackageError: It fails.
    """
    last: deque[str] = deque(maxlen=_MOST_TOLD)
    environment = {**clean_environment(), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    ) as process:
        try:
            assert process.stdout is not None
            for line in process.stdout:
                last.append(line.rstrip())
                if progress is not None and line.strip():
                    progress(line.strip())
        except BaseException:  # a Ctrl-C: the installer ends with us
            process.kill()
            raise
    if process.returncode != 0:
        output = "\n".join(last).strip() or f"exit status {process.returncode}"
        raise PackageError(f"the package's environment cannot be made. The installer says:\n{output}")


def _site_packages(python: str) -> Path:
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    done = subprocess.run([python, "-I", "-c", code], capture_output=True, text=True, check=True)
    return Path(done.stdout.strip())


def _interpreter(folder: Path) -> Path:
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _hash(plan: EnvironmentPlan, base: str, only_binary: bool) -> str:
    """Return the hash of all that an environment is made of."""
    own = [line for part in plan.own.copied for line in part.identity()]
    made_of = [
        _FORMAT,
        os.path.realpath(base),
        plan.requirements,
        plan.constraints,
        plan.own.requirements,
        own,
        only_binary,
    ]
    return hashlib.sha256(json.dumps(made_of).encode("utf-8")).hexdigest()[:32]


def _ready(pointer: Path) -> Path | None:
    """Return the interpreter of the published environment; None if there is none, or its Python has gone."""
    with suppress_own(OSError, ValueError):
        name = pointer.read_text("utf-8")
        python = _interpreter(pointer.parent / name)
        if name.startswith(f"{pointer.name}-") and os.sep not in name and python.exists():
            return python
    return None


def _publish(pointer: Path, made: Path) -> Path:
    """Let the file of a hash point to a complete environment; return the one that it points to then."""
    written = made / "name"
    written.write_text(made.name, "utf-8")
    try:
        os.link(written, pointer)  # fails if it exists, in one step
    except FileExistsError:
        ready = _ready(pointer)
        if ready is not None:
            return ready.parents[1]
        os.replace(written, pointer)  # what it points to has gone
    except OSError:  # a file system without links: the last one wins, and both are complete
        os.replace(written, pointer)
    return made


def _remove_abandoned(pointer: Path) -> None:
    """Remove what processes that were killed have left of this environment, once nobody can be making it any more."""
    for folder in pointer.parent.glob(f"{pointer.name}-*"):
        with suppress_own(OSError):
            if time.time() - folder.stat().st_mtime > _ABANDONED_AFTER:
                shutil.rmtree(folder, ignore_errors=True)
