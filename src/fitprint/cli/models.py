"""`fitprint predict` and `fitprint package`: the two commands that load a model."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import click

from fitprint._core.guard import attempt, describe
from fitprint.cli import options
from fitprint.cli.lookup import found_package
from fitprint.cli.texts import as_json as json_text
from fitprint.cli.texts import clean
from fitprint.models.errors import PackageError


@click.command(short_help="Predict the rows of a CSV file with a package.")
@click.argument("package")
@click.argument("data")
@click.option("--param", "given", metavar="NAME=VALUE", multiple=True, help="A param of the model; again for more.")
@click.option("--to", "target", metavar="FILE", help="Write there instead of to standard output.")
@click.option(
    "--trust",
    type=click.Choice(["all", "verified", "no-pickle"]),
    help="What may be loaded. Default: FITPRINT_TRUST, else all.",
)
@click.option("--digest", metavar="SHA256", help="What the SHA-256 of checksums.json has to be.")
@options.store
@options.as_json
def predict(
    package: str,
    data: str,
    given: tuple[str, ...],
    target: str | None,
    trust: str | None,
    digest: str | None,
    store: str | None,
    as_json: bool,
) -> None:
    """Predict the rows of a CSV file with a package.

    PACKAGE is named as for `fitprint inspect`; it is loaded, which runs code of its author unless --trust forbids it.
    DATA is a CSV file with a header, or - for standard input. Columns are read with the types of the package's
    signature. The predictions are a CSV table, a row each in the order of the data.
    """
    from fitprint import load_model
    from fitprint.models.csv_data import read_csv

    params = dict(map(_param, given))
    folder = found_package(package, store)
    model = or_failure(f"{folder} cannot be loaded", load_model, folder, trust=trust, digest=digest)
    rows = read_csv(sys.stdin if data == "-" else data, model.metadata.get_input_schema())
    found = or_failure(f"{folder} cannot predict {data}", model.predict, rows, params or None)
    text = _json(found) if as_json else _csv(found)
    with click.open_file(target or "-", "w", encoding="utf-8") as file:
        file.write(text)


def _param(text: str) -> tuple[str, Any]:
    """`top=3`: JSON where it is some, else text."""
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise click.BadParameter(f"{text!r} is no param: give a name and a value, as in top=3", param_hint="--param")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def _csv(predictions: Any) -> str:
    from fitprint.models.csv_data import table

    return str(table(predictions).to_csv(index=False))


def _json(predictions: Any) -> str:
    """MLflow's answer of a scoring server, in strict JSON."""
    from fitprint.models.csv_data import table
    from fitprint.models.example import plain_data

    is_table = hasattr(predictions, "iloc")
    found = table(predictions).to_dict(orient="records") if is_table else predictions
    return json_text({"predictions": plain_data(found)}) + "\n"


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


Result = TypeVar("Result")
TOLD_ELSEWHERE = (PackageError, OSError, ValueError, click.ClickException)
"""What the group of commands tells on one line, as it is."""


def or_failure(what: str, function: Callable[..., Result], *args: Any, **named: Any) -> Result:
    """Calls what runs a user's code. Raises PackageError, ``what`` with the error, for an error that nobody foresaw."""
    done, found = attempt(partial(function, *args, **named))
    if done:
        return found  # type: ignore[no-any-return]
    if isinstance(found, TOLD_ELSEWHERE):
        raise found
    raise PackageError(f"{what}: {clean(describe(found))}") from found
