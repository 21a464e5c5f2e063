"""`python -m fitprint.testing golden tests/test_conformance.py`: writes golden packages of the cases of a test file."""

from __future__ import annotations

import inspect
from pathlib import Path

import click

from fitprint.testing.bench import module_of
from fitprint.testing.flavors import FlavorConformance
from fitprint.testing.packages import write_golden


@click.group()
def main() -> None:
    """What fitprint's conformance kit does beside checking."""


@main.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--case", "only", help="This case alone.")
def golden(file: Path, only: str | None) -> None:
    """Trains the cases of a test FILE and keeps their packages in the folder that `golden` of its class names."""
    found = [each for each in vars(module_of(str(file))).values() if _is_of_a_plugin(each)]
    if not found:
        raise click.ClickException(f"{file} has no class below FlavorConformance")
    for kind in found:
        if kind.golden is None:
            raise click.ClickException(f"{kind.__name__} names no folder: golden = Path(__file__).with_name('golden')")
        for case in kind.cases:
            if only in (None, case.name):
                written = write_golden(kind.flavor, case, kind.golden)
                click.echo(f"{case.name}: {written if written is not None else 'leaves no package that predicts'}")


def _is_of_a_plugin(found: object) -> bool:
    return inspect.isclass(found) and issubclass(found, FlavorConformance) and found is not FlavorConformance


if __name__ == "__main__":
    main()
