"""Run at the start of every Python below `fitprint run`, whose folder here is the first on its path.

Takes itself off the path, waits for a framework's import, and lets the user's own `sitecustomize` run. Whatever Python
this is, with fitprint or without, its program must not notice: so nothing is imported here that the interpreter did not
need itself, fitprint only once a framework is (modules of the user's may have the names of those that it imports), and
the text is one that older versions of Python can read too.
"""

import os
import sys

MYPY = False
if MYPY:
    from typing import Any  # noqa: F401  in comments, which older versions can read

VARIABLE = "_FITPRINT_RUN"


class _Waiting(object):  # noqa: UP004
    """Asked first for every import: turns recording on before the first of these modules is loaded."""

    def __init__(self, names, launched):  # type: (set[str], bool) -> None
        self._names = names
        self._launched = launched
        self._busy = set()  # type: set[int]

    def find_spec(self, name, path=None, target=None):  # type: (str, Any, Any) -> Any
        """The spec that the other finders have of a module, those among them that recording adds."""
        thread = _thread_id()
        if name not in self._names or thread in self._busy:
            return None
        self._busy.add(thread)
        try:
            spec = _found(name, path, target)
            if spec is None:
                return None
            if name == "fitprint" and hasattr(spec.loader, "exec_module"):
                self._turn_on_after(spec.loader)
                return spec
            self._turn_on()
            return _found(name, path, target)
        finally:
            self._busy.discard(thread)

    def _turn_on_after(self, loader):  # type: (Any) -> None
        # the program imports fitprint: recording is on before anything that it says to it
        load = loader.exec_module

        def exec_module(module):  # type: (Any) -> None
            del loader.exec_module
            load(module)
            self._turn_on()

        loader.exec_module = exec_module

    def _turn_on(self):  # type: () -> None
        _turn_on(self._launched)
        sys.meta_path[:] = [each for each in sys.meta_path if each is not self]


def _thread_id():  # type: () -> int
    import _thread  # built in, and under another name in Python 2, which never comes here

    return _thread.get_ident()


def _found(name, path, target):  # type: (str, Any, Any) -> Any
    for finder in list(sys.meta_path):
        spec = finder.find_spec(name, path, target) if hasattr(finder, "find_spec") else None
        if spec is not None:
            return spec
    return None


def _turn_on(launched):  # type: (bool) -> None
    try:
        from fitprint._api.autolog import autolog_below_run

        autolog_below_run()
    except Exception as error:  # noqa: BLE001  a broken fitprint, or none: the program runs as it would without
        if isinstance(error, ImportError) and getattr(error, "name", "fitprint") == "fitprint":
            _tell(launched, "fitprint is not installed for " + str(sys.executable))
        else:
            _tell(True, type(error).__name__ + ": " + str(error))


def _tell(wanted, reason):  # type: (bool, str) -> None
    if wanted and sys.stderr is not None:
        sys.stderr.write("fitprint: nothing is recorded: " + reason + "\n")


def _leave_path():  # type: () -> None
    folder = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [each for each in sys.path if each != folder]
    sys.path_importer_cache.pop(folder, None)
    globals()["kept"] = sys.modules.pop("sitecustomize")  # Python 2 empties a module that nothing refers to


def _start():  # type: () -> None
    said = os.environ.get(VARIABLE, "").split(";", 2)
    if len(said) != 3:
        return  # the program above turned recording off
    pid, modules, prefix = said
    launched = pid == str(os.getpid())
    names = set(modules.split(","))
    if prefix != sys.prefix or names.intersection(sys.modules):
        _turn_on(launched)  # which flavors another environment has is found out with fitprint alone
    else:
        sys.meta_path.insert(0, _Waiting(names, launched))


_leave_path()
_start()

# The user's own, if there is one; where there is none this error says so, as it does without fitprint. Last, so that
# its errors are reported by the interpreter as ever.
import sitecustomize  # type: ignore[import-not-found]  # noqa: E402, F401
