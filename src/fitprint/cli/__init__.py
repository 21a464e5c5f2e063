"""The command line: `fitprint run`, `runs`, `show`, `inspect`, `verify`, `predict`, `package`, `flavors`, `settings`...

Only `predict`, `package` and `settings` import a framework, and no command imports numpy before it needs it.
"""

import gc


def main() -> None:
    """Run the command `fitprint`: the entry point of the console script."""
    gc.disable()  # a process this short leaves no garbage worth a third of its time
    from fitprint.cli.application import fitprint

    fitprint(prog_name="fitprint")
