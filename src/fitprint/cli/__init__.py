"""The command line: `fitprint run`, `runs`, `show`, `inspect`, `verify`, `flavors` and `gc`.

No command imports a framework, or numpy early.
"""

import gc


def main() -> None:
    """The console script."""
    gc.disable()  # a process this short leaves no garbage worth a third of its time
    from fitprint.cli.application import fitprint

    fitprint(prog_name="fitprint")
