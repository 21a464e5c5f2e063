"""`fitprint package`: a file that holds a model becomes a package."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from fitprint.cli.failures import or_failure
from fitprint.cli.texts import clean


@click.command(short_help="Make a package of a file that holds a model.")
@click.argument("file")
@click.option("--flavor", metavar="NAME", help="Of the framework that wrote it; of a pickle the class tells it too.")
@click.option("--data", metavar="CSV", help="Rows that the model predicts: its signature is inferred from them.")
@click.option("--to", "folder", metavar="FOLDER", required=True, help="The package: a new or an empty folder.")
@click.option("--trust", is_flag=True, help="Unpickle the file: that runs whatever its author put into it.")
@click.option(
    "--code",
    metavar="PATH",
    multiple=True,
    help="A module or a folder of modules of yours that the pickle names; copied into the package. Again for more.",
)
def package(file: str, flavor: str | None, data: str | None, folder: str, trust: bool, code: tuple[str, ...]) -> None:
    """Make a package of a file that holds a model.

    FILE is a pickle (joblib's too), or what the framework writes itself, such as a .ubj of XGBoost's, which needs no
    --trust. Of the rows in --data none is kept. The package is that of `fitprint.save_model`.
    """
    from fitprint import package_model

    for path in code if trust else ():
        sys.path.insert(0, str(Path(path).resolve().parent))
    what = f"{file}: no package can be made of its model"
    or_failure(what, package_model, file, folder, flavor, data=data, trust=trust, code_paths=list(code))
    click.echo(f"{clean(folder)} is a package: `fitprint inspect` shows what is in it")
