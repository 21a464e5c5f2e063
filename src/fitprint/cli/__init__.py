"""The command line: `fitprint runs`, `show`, `flavors` and `inspect`. No command imports a framework or numpy early."""


def main() -> None:
    """The console script."""
    from fitprint.cli.application import fitprint

    fitprint(prog_name="fitprint")
