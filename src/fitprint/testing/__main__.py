"""`python -m fitprint.testing golden tests/test_conformance.py`: write golden packages of the cases of a test file."""

from __future__ import annotations

import inspect
from pathlib import Path

import click

from fitprint.testing.bench import module_of
from fitprint.testing.flavors import FlavorConformance
from fitprint.testing.packages import write_golden


@click.group()
def main() -> None:
    """Commands of fitprint's conformance kit."""


@main.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--case", "only", help="Only the case of this name.")
def golden(file: Path, only: str | None) -> None:
    """Train the cases of a test FILE and keep their packages in the folder that `golden` of its class names."""
    classes = [value for value in vars(module_of(str(file))).values() if _is_of_a_plugin(value)]
    if not classes:
        raise click.ClickException(f"{file} defines no subclass of FlavorConformance: name the file that does")
    for kind in classes:
        if kind.golden is None:
            raise click.ClickException(
                f"{kind.__name__} names no folder for packages: set golden = Path(__file__).with_name('golden')"
            )
        for case in kind.cases:
            if only in (None, case.name):
                written = write_golden(kind.flavor, case, kind.golden)
                click.echo(f"{case.name}: {written or 'its training leaves no package that can predict'}")


def _is_of_a_plugin(value: object) -> bool:
    return inspect.isclass(value) and issubclass(value, FlavorConformance) and value is not FlavorConformance


if __name__ == "__main__":
    main()
