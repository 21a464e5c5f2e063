"""The warm interpreter: ``python warm.py MODULE ...`` imports modules, then forks for each script.

Each line of its standard input is a script as JSON; `fitprint.testing.processes` writes them. It answers with a line
when it is ready, and with the exit code of each script. It patches nothing and trains nothing itself, because some
frameworks hang in a fork of a process that has trained. It is run as a file, because fitprint is not installed
everywhere: the environment of stock MLflow has none.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import types
import warnings
from pathlib import Path
from typing import Any, TextIO


def main(modules: list[str]) -> None:
    """Import the modules and serve; return in a forked child only after its script has run."""
    requests, answers = _take_standard_streams()
    sys.path[0] = os.getcwd()  # and not the folder of this file, whose modules would hide others of their names
    for module in modules:
        try:
            importlib.import_module(module)
        except ModuleNotFoundError as error:
            if error.name != module:
                raise  # and otherwise: stock MLflow's environment has not every module that a flavor's users may have
    _answer(answers, "ready")
    for line in requests:
        request = json.loads(line)
        sys.stdout.flush()  # what is still in a buffer would be printed by the fork too
        child = _fork()
        if not child:
            requests.close()
            answers.close()
            _run(request)
            return
        _, status = os.waitpid(child, 0)
        _answer(answers, str(os.waitstatus_to_exitcode(status)))


def _fork() -> int:
    """Fork, without the warning of newer Pythons about a framework's threads, which may be an error here."""
    filters = warnings.filters[:]
    warnings.filters[:] = [("ignore", None, Warning, None, 0)]  # type: ignore[index]
    try:
        return os.fork()
    finally:
        warnings.filters[:] = filters  # type: ignore[index]


def _take_standard_streams() -> tuple[TextIO, TextIO]:
    """Return the streams to the kit; what modules print while they are imported goes to the standard error."""
    requests, answers = os.fdopen(os.dup(0), encoding="utf-8"), os.fdopen(os.dup(1), "w", encoding="utf-8")
    with open(os.devnull, encoding="utf-8") as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    return requests, answers


def _answer(answers: TextIO, text: str) -> None:
    answers.write(f"{text}\n")
    answers.flush()


def _run(request: dict[str, Any]) -> None:
    """Run a script as the interpreter itself would. What it raises, and its exit, are left to the interpreter."""
    file, *arguments = request["command"]
    for path, stream in zip(request["output"], (1, 2), strict=True):
        with open(path, "w", encoding="utf-8") as output:
            os.dup2(output.fileno(), stream)
    os.environ.clear()
    os.environ.update(request["env"])
    os.chdir(request["folder"])
    sys.argv = [file, *arguments]
    sys.path[0] = str(Path(file).parent)
    script = types.ModuleType("__main__")
    script.__file__ = file
    sys.modules["__main__"] = script
    exec(compile(Path(file).read_text("utf-8"), file, "exec"), vars(script))


if __name__ == "__main__":
    main(sys.argv[1:])
