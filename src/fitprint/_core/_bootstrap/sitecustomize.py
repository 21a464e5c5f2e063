"""The `sitecustomize` of every Python below `fitprint run`, which puts this folder first on the path.

It takes itself off the path, waits for the import of a framework, and lets the user's own `sitecustomize` run. The
program must not notice, whatever Python this is, with fitprint or without. So nothing is imported here that the
interpreter does not need itself; fitprint is imported only once a framework is, because modules of the user may have
the same names as those that fitprint imports; and older versions of Python can read this text too.
"""

import os
import sys

MYPY = False
if MYPY:
    from typing import Any  # noqa: F401  in comments, which older versions can read

VARIABLE = "_FITPRINT_RUN"


class _Waiting(object):  # noqa: UP004
    """The first finder for every import: turns recording on before one of some modules is loaded."""

    def __init__(self, names, launched):  # type: (set[str], bool) -> None
        self._names = names
        self._launched = launched
        self._busy = set()  # type: set[int]

    def find_spec(self, name, path=None, target=None):  # type: (str, Any, Any) -> Any
        """Return the spec that the other finders give for a module, those included that recording adds."""
        thread = _thread_id()
        if name not in self._names or thread in self._busy:
            return None
        self._busy.add(thread)
        try:
            spec = _find(name, path, target)
            if spec is None:
                return None
            if name == "fitprint" and hasattr(spec.loader, "exec_module"):
                self._turn_on_after(spec.loader)
                return spec
            self._turn_on()
            return _find(name, path, target)
        finally:
            self._busy.discard(thread)

    def _turn_on_after(self, loader):  # type: (Any) -> None
        # the program imports fitprint: recording is turned on before any call that it makes
        load = loader.exec_module

        def exec_module(module):  # type: (Any) -> None
            del loader.exec_module
            load(module)
            self._turn_on()

        loader.exec_module = exec_module

    def _turn_on(self):  # type: () -> None
        _turn_on(self._launched)
        sys.meta_path[:] = [finder for finder in sys.meta_path if finder is not self]


def _thread_id():  # type: () -> int
    import _thread  # built in, and under another name in Python 2, which never comes here

    return _thread.get_ident()


def _find(name, path, target):  # type: (str, Any, Any) -> Any
    for finder in list(sys.meta_path):
        spec = finder.find_spec(name, path, target) if hasattr(finder, "find_spec") else None
        if spec is not None:
            return spec
    return None


def _turn_on(launched):  # type: (bool) -> None
    try:
        from fitprint._api.autolog import autolog_below_run

        autolog_below_run()
    except Exception as error:  # noqa: BLE001  the program runs even if fitprint is broken or missing
        if isinstance(error, ImportError) and getattr(error, "name", "fitprint") == "fitprint":
            _warn(launched, "fitprint is not installed for " + str(sys.executable))
        else:
            _warn(True, type(error).__name__ + ": " + str(error))


def _warn(is_wanted, reason):  # type: (bool, str) -> None
    if is_wanted and sys.stderr is not None:
        sys.stderr.write("fitprint: nothing is recorded: " + reason + "\n")


def _leave_path():  # type: () -> None
    folder = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [entry for entry in sys.path if entry != folder]
    sys.path_importer_cache.pop(folder, None)
    globals()["kept"] = sys.modules.pop("sitecustomize")  # Python 2 empties a module that nothing refers to


def _start():  # type: () -> None
    parts = os.environ.get(VARIABLE, "").split(";", 2)
    if len(parts) != 3:
        return  # the program that started this one turned recording off
    pid, modules, prefix = parts
    launched = pid == str(os.getpid())
    names = set(modules.split(","))
    if prefix != sys.prefix or names.intersection(sys.modules):
        _turn_on(launched)  # only fitprint itself knows which flavors another environment has
    else:
        sys.meta_path.insert(0, _Waiting(names, launched))


_leave_path()
_start()

# The user's own module, if there is one; otherwise the same ImportError as without fitprint. It comes last, so that the
# interpreter reports its errors as ever.
import sitecustomize  # type: ignore[import-not-found]  # noqa: E402, F401
