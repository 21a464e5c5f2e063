"""The command line: `fitprint runs`, `show`, `inspect`, `verify`, `predict`, `package`, `flavors` and `gc`.

No command but `predict` and `package` imports a framework, and none numpy early.
"""

import gc


def main() -> None:
    """The console script."""
    gc.disable()  # a process this short leaves no garbage worth a third of its time
    from fitprint.cli.application import fitprint

    fitprint(prog_name="fitprint")
