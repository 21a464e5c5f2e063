"""The code of a run: its script or the notebook's cells as run, and what differs from the commit."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from fitprint._core import provenance
from fitprint._core.command import command_line, read_arguments
from fitprint._core.git.state import CodeState
from fitprint._core.privacy import Redactor, redactor_for
from fitprint._core.process_state import on_reset
from fitprint._settings.table import Settings

if TYPE_CHECKING:
    from fitprint._runs.writer import RunWriter  # not at run time: `autolog()` imports this module, and no writer yet

FOLDER = "source_code"
PATCH, CELLS = f"{FOLDER}/uncommitted.diff", f"{FOLDER}/cells.py"
RULE = "log_code"
_LIMITS: Mapping[bool | str, int] = {False: 0, "auto": 100_000, True: 10_000_000}
_SOURCE_CODE = (
    *(".py", ".pyi", ".pyx", ".pxd", ".toml", ".cfg", ".ini", ".yaml", ".yml", ".sh", ".sql", "Makefile", "Dockerfile"),
    *(
        ".R",
        ".r",
        ".jl",
        ".c",
        ".cc",
        ".cpp",
        ".cu",
        ".cuh",
        ".h",
        ".hpp",
        ".rs",
        ".go",
        ".java",
        ".scala",
        ".js",
        ".ts",
    ),
)
"""The endings of files whose changes are kept by ``auto``. Other texts could be data."""
_PACKAGES = frozenset({"site-packages", "dist-packages"})
_MOST_NAMED = 5


class _Kept(NamedTuple):
    """What every run of a script gets."""

    artifacts: tuple[tuple[str, bytes], ...]
    skips: tuple[tuple[str, str], ...]


def find_out(settings: Settings) -> None:
    """Find out now, once per process, what the runs of this process are going to say of their code."""
    source = provenance.source_file()
    if source is not None:
        _state(source, settings.log_code)
        _script(source, settings.log_code)


def code_tags(log_code: bool | str, redactor: Redactor) -> dict[str, str]:
    """Return the tags that say which code a run is of, and how it was started."""
    source = provenance.source_file()
    state = _state(source, log_code) if source is not None else None
    command = _command(*redactor.patterns)
    tags = {f"arg.{name}": value for name, value in read_arguments(redactor).items()}
    if command is not None:
        tags["command"] = command
    if state is not None and state.commit is not None:
        tags["git_commit"] = state.commit
        if state.dirty is not None:
            tags["git_dirty"] = str(state.dirty).lower()
    return tags


def record_code(writer: RunWriter, log_code: bool | str) -> None:
    """Write the code of a run as artifacts, without its secrets. A script is the one that was there at the start."""
    source = provenance.source_file()
    if not log_code:
        return
    redactor = writer.secrets.redactor
    if source is not None:
        code = _kept(source, log_code, *redactor.patterns)
        for name, content in code.artifacts:
            writer.write_artifact(name, content)
        for what, reason in code.skips:
            writer.skip(what, RULE, reason)
    cells = _cells(redactor)
    if cells:
        text = "\n\n".join(cells).encode("utf-8", "backslashreplace")
        if len(text) <= _LIMITS[log_code]:
            writer.write_artifact(CELLS, text)
        else:
            writer.skip("the notebook's cells", RULE, _too_large(len(text), log_code))


@functools.lru_cache(maxsize=8)
def _kept(source: str, log_code: bool | str, own: tuple[str, ...], allowed: tuple[str, ...]) -> _Kept:
    from fitprint._core.privacy.artifact_text import hidden_content  # late, as it is not needed without a script

    redactor = redactor_for(own, allowed)
    artifacts, skips = [], []
    script = _script(source, log_code)
    if isinstance(script, bytes):
        artifacts.append((f"{FOLDER}/{os.path.basename(source)}", script))
    elif script:
        skips.append((f"the script {os.path.basename(source)}", script))
    state = _state(source, log_code)
    if state is not None:
        if state.patch:
            artifacts.append((PATCH, state.patch.encode("utf-8")))
        skips += _changes_left_out(state, log_code)
    return _Kept(tuple((name, hidden_content(name, content, redactor)) for name, content in artifacts), tuple(skips))


def _changes_left_out(state: CodeState, log_code: bool | str) -> Iterator[tuple[str, str]]:
    if state.reason:
        yield "uncommitted changes", f"the git repository was not compared with its commit: {state.reason}"
    if state.left_out:
        more = len(state.left_out) - _MOST_NAMED
        names = ", ".join(state.left_out[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
        kind = "source code" if log_code == "auto" else "text"
        yield f"the changes of {names}", f"log_code keeps changes of {kind} up to {_LIMITS[log_code]:,} characters"


def _state(source: str, log_code: bool | str) -> CodeState | None:
    suffixes = _SOURCE_CODE if log_code == "auto" else ()
    return provenance.code_state_of(source, _LIMITS[log_code], suffixes)


@functools.lru_cache(maxsize=8)
def _script(source: str, log_code: bool | str) -> bytes | str | None:
    """Return the content of a script; or why it is not kept; or None if it is not the user's, or not a script."""
    if not log_code or source.endswith(".ipynb") or not os.path.isfile(source) or _is_installed(source):
        return None
    size = os.path.getsize(source)
    if size > _LIMITS[log_code]:
        return _too_large(size, log_code)
    with open(source, "rb") as file:
        return file.read()


def _too_large(size: int, log_code: bool | str) -> str:
    return f"it has {size:,} bytes, and log_code={str(log_code).lower()} keeps up to {_LIMITS[log_code]:,}"


def _is_installed(source: str) -> bool:
    """Return whether a script came with a package, such as that of pytest."""
    path = os.path.realpath(source)
    if _PACKAGES.intersection(path.split(os.sep)):
        return True
    places = (os.__file__, sys.executable)  # the standard library, and the scripts of the environment
    return any(path.startswith(os.path.join(os.path.realpath(os.path.dirname(place)), "")) for place in places)


@functools.lru_cache(maxsize=8)
def _command(own: tuple[str, ...], allowed: tuple[str, ...]) -> str | None:
    return command_line(redactor_for(own, allowed))


_redacted_cells: dict[tuple[Any, int, str], str] = {}


def _cells(redactor: Redactor) -> list[str]:
    """Return the cells that IPython has run so far, without their secrets."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    history = getattr(getattr(shell, "history_manager", None), "input_hist_raw", None) or ()
    cells = []
    for number, text in enumerate(history):
        if text:
            key = redactor.patterns, number, text
            if key not in _redacted_cells:
                _redacted_cells[key] = redactor.text(text)
            cells.append(f"# In [{number}]:\n{_redacted_cells[key]}")
    return cells


@on_reset
def _forget() -> None:
    for cached in (provenance.code_state_of, _kept, _script, _command):
        cached.cache_clear()
    _redacted_cells.clear()
