"""`fitprint predict`: rows of a CSV file through a package, its signature enforced."""

from __future__ import annotations

import json
import sys
from typing import Any

import click

from fitprint.cli import options
from fitprint.cli.failures import or_failure
from fitprint.cli.finding import found_package
from fitprint.cli.texts import as_json as json_text


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
