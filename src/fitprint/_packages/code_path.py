"""The code in a package: put where imports find it first, and always read from its source.

Imports know a module by its name alone. So the code of a package is apart where a module of its name is in the process
already, with other content: its own modules stand in ``sys.modules`` while it is loaded and while it predicts, and no
longer. All packages that share such names take turns.
"""

from __future__ import annotations

import hashlib
import os
import sys
import sysconfig
import threading
from collections.abc import Collection, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from importlib.machinery import EXTENSION_SUFFIXES, SOURCE_SUFFIXES, ExtensionFileLoader, FileFinder, SourceFileLoader
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any

from fitprint._core.guard import warn_once
from fitprint._core.locks import fork_safe_lock
from fitprint.models.package_paths import member

_SUFFIXES = (*SOURCE_SUFFIXES, *EXTENSION_SUFFIXES)


class PackageCode:
    """The code of one package.

    Args:
        place: The folder of the code.
    """

    def __init__(self, place: str) -> None:
        self.place = place
        self.found = _modules_in(place)
        """The file or folder of each module, by its name."""
        self.files = dict(self.found)
        """Those that are imported from here, and not from the environment."""
        self._is_apart = False
        """Whether its modules are in ``sys.modules`` only while it runs."""
        self._takes_turns = False
        """Whether another package, with other code under the same names, must not run at the same time."""
        self._modules: dict[str, ModuleType] = {}
        """Its modules while they are not in ``sys.modules``."""
        self._digests: dict[str, str] = {}
        """The digest of each module that was compared with another one. Reading them again would take long."""

    def install(self) -> None:
        """Put the code where imports find it; apart from what is there, if that has modules of the same names."""
        others = [other for other in _installed.values() if other.place != self.place and self._contradicts(other)]
        for other in others:
            other._takes_turns = True
        taken = [name for name in list(self.files) if self._is_taken(name)]
        _installed[self.place] = self
        if others or taken:
            self._is_apart = self._takes_turns = True
            return
        if self.place in sys.path:
            sys.path.remove(self.place)
        sys.path.insert(0, self.place)

    def _contradicts(self, other: PackageCode) -> bool:
        shared = self.files.keys() & other.files.keys()
        return any(self.digest(name) != other.digest(name) for name in shared)

    def digest(self, name: str) -> str:
        """Return the digest of the sources of a module, as they were when they were first compared."""
        if name not in self._digests:
            self._digests[name] = _content(self.files[name])
        return self._digests[name]

    def _is_taken(self, name: str) -> bool:
        """Return whether another module of this name is imported. An installed distribution keeps its name."""
        imported = _source_of(sys.modules.get(name))
        own = self.files[name]
        if imported is None or imported == own or _content(imported) == self.digest(name):
            return False
        if not _is_of_distribution(imported):
            return True
        warn_once(
            ("code", str(own)),
            f"{own.parent.parent}: its module {name} is not loaded, because another module of that name is imported "
            f"already: {imported}",
        )
        del self.files[name]
        return False

    def running(self) -> AbstractContextManager[None]:
        """Return what surrounds a use of the code, in which imports find its modules."""
        return _Running(self) if self._takes_turns else nullcontext()

    def swap_in(self) -> dict[str, ModuleType]:
        """Put its modules into ``sys.modules``, and return those that they replace."""
        replaced = _taken_out(self.files)
        sys.modules.update(self._modules)
        sys.path.insert(0, self.place)
        return replaced

    def swap_out(self, replaced: Mapping[str, ModuleType]) -> None:
        """Undo `swap_in`, and keep what was imported since."""
        self._modules = _taken_out(self.files)
        sys.modules.update(replaced)
        if self.place in sys.path:
            sys.path.remove(self.place)

    def note_modules(self) -> None:
        """Note what it has imported so far, because other code is about to be swapped in."""
        self._modules = {name: module for name, module in list(sys.modules.items()) if _top(name) in self.files}

    @property
    def is_apart(self) -> bool:
        """Whether its modules are in ``sys.modules`` only while it runs."""
        return self._is_apart


class _Running:
    """One use of code that takes turns with other code: alone in this process, and with its modules in their place."""

    def __init__(self, code: PackageCode) -> None:
        self._code = code
        self._replaced: dict[str, ModuleType] | None = None

    def __enter__(self) -> None:
        _turn.acquire()
        outer = _running[-1] if _running else None
        if self._code.is_apart and self._code is not outer:
            if outer is not None and outer.is_apart:
                outer.note_modules()
            self._replaced = self._code.swap_in()
        _running.append(self._code)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            _running.pop()
            if self._replaced is not None:
                self._code.swap_out(self._replaced)
        finally:
            _turn.release()


def _taken_out(tops: Collection[str]) -> dict[str, ModuleType]:
    """Take all modules out of ``sys.modules`` that have one of these names, or lie below it."""
    return {name: sys.modules.pop(name) for name in list(sys.modules) if _top(name) in tops}


def _top(name: str) -> str:
    return name.partition(".")[0]


_running: list[PackageCode] = []
"""The code that runs now, the innermost last; only the thread whose turn it is changes this."""
_installed: dict[str, PackageCode] = {}
"""The code that was loaded in this process, by its place."""
_turn = fork_safe_lock(threading.RLock)


class _SourceAlone(SourceFileLoader):
    """Neither reads nor writes compiled files, which the package would not list."""

    def path_stats(self, path: str) -> Mapping[str, Any]:
        raise OSError  # so the import system reads the source, and writes nothing


def add_code(folder: Path, config: Mapping[str, Any]) -> PackageCode | None:
    """Put a package's own code where imports find it first, as MLflow's reader does.

    Args:
        folder: The folder of the package.
        config: The entry of its flavor in the MLmodel file.

    Returns:
        The code, whose `running` surrounds each use of the model; None if the package has none.
    """
    name = config.get("code")
    if not name:
        return None
    place = str(member(folder, name).absolute())
    if _finder not in sys.path_hooks:
        sys.path_hooks.insert(0, _finder)
    sys.path_importer_cache.pop(place, None)
    code = _installed.get(place)
    if code is None or code.found != _modules_in(place):
        code = PackageCode(place)
    code.install()
    return code


def running(code: PackageCode | None) -> AbstractContextManager[None]:
    """Return what surrounds a use of a model, in which imports find the code of its package."""
    return code.running() if code is not None else nullcontext()


def _finder(path: str) -> Any:
    if not any(path == place or path.startswith(place + os.sep) for place in _installed):
        raise ImportError  # not a package: the import system asks the next hook
    return FileFinder(path, (ExtensionFileLoader, EXTENSION_SUFFIXES), (_SourceAlone, SOURCE_SUFFIXES))


def _modules_in(place: str) -> dict[str, Path]:
    modules: dict[str, Path] = {}
    for file in sorted(Path(place).iterdir()) if os.path.isdir(place) else ():
        if file.is_dir() and "." not in file.name:
            modules[file.name] = file
        elif file.name.endswith(_SUFFIXES):
            modules.setdefault(file.name.partition(".")[0], file)
    return modules


def _source_of(module: ModuleType | None) -> Path | None:
    """Return the file or the folder that a module was imported from; None if that is not known."""
    file = getattr(module, "__file__", None)
    if isinstance(file, str):
        return Path(file).parent if Path(file).name.startswith("__init__.") else Path(file)
    folders = list(getattr(module, "__path__", ()))
    return Path(folders[0]) if folders and isinstance(folders[0], str) else None


def _content(source: Path) -> str:
    """Return a digest of the sources in a file or a folder."""
    digest = hashlib.sha256()
    for file in _sources(source):
        digest.update(file.relative_to(source.parent).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def _sources(source: Path) -> Iterator[Path]:
    if source.is_file():
        yield source
    else:
        yield from sorted(file for file in source.rglob("*") if file.is_file() and file.name.endswith(_SUFFIXES))


def _is_of_distribution(source: Path) -> bool:
    """Return whether a module belongs to Python or to what is installed in the environment, and not to the user."""
    paths = sysconfig.get_paths()
    return any(source.is_relative_to(paths[name]) for name in ("stdlib", "platstdlib", "purelib", "platlib"))
