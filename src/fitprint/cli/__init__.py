"""The command line: `fitprint runs`, `show`, `inspect`, `verify`, `flavors`, `settings` and `gc`.

No command but `settings` imports a framework, or numpy early.
"""

import gc


def main() -> None:
    """The console script."""
    gc.disable()  # a process this short leaves no garbage worth a third of its time
    from fitprint.cli.application import fitprint

    fitprint(prog_name="fitprint")
