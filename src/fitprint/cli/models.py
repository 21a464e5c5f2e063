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
from fitprint.cli.lookup import found_package, found_path, found_run
from fitprint.cli.texts import as_json as json_text
from fitprint.cli.texts import clean
from fitprint.models.errors import PackageError

Result = TypeVar("Result")
EXPECTED_ERRORS = (PackageError, OSError, ValueError, click.ClickException)
"""Errors that the group of commands reports on one line as they are."""


@click.command(short_help="Predict the rows of a file, or of a folder of files, with a package.")
@click.argument("package")
@click.argument("data")
@click.option(
    "--param", "param_texts", metavar="NAME=VALUE", multiple=True, help="A param of the model; can be repeated."
)
@click.option("--to", "target", metavar="FILE", help="Write to this file instead of standard output.")
@click.option(
    "--trust",
    type=click.Choice(["all", "verified", "no-pickle"]),
    help="What may be loaded. Default: FITPRINT_TRUST, else all.",
)
@click.option("--digest", metavar="SHA256", help="The SHA-256 that checksums.json must have.")
@click.option(
    "--chunk-rows",
    type=click.IntRange(min=1),
    default=10_000,
    show_default=True,
    help="How many rows of a folder's files are in memory at a time.",
)
@options.store
@options.as_json
@click.pass_context
def predict(
    context: click.Context,
    /,
    package: str,
    data: str,
    param_texts: tuple[str, ...],
    target: str | None,
    trust: str | None,
    digest: str | None,
    chunk_rows: int,
    store: str | None,
    as_json: bool,
) -> None:
    """Predict the rows of a file, or of a folder of files, with a package.

    PACKAGE is named as for `fitprint inspect`. Loading it runs code of its author, unless --trust forbids that.
    DATA is a CSV file with a header, - for CSV from standard input, or a file that ends in .json: a list of rows, or
    what MLflow's scoring server takes. Columns are read with the types of the package's signature. The predictions are
    printed as CSV, a line for each row of the data and in its order.

    DATA may also be a folder: its CSV and Parquet files, and those in the folders below, are read --chunk-rows at a
    time, so that they need not fit into memory. The predictions are one CSV with the columns row (the number of the row
    in its file, from 0), file and prediction. If a file cannot be read or does not fit, it is named on standard error,
    the other files are predicted nevertheless, and the exit status is 1.
    """
    from fitprint.pyfunc import load_model

    params = dict(map(_param, param_texts))
    folder = found_package(package, store)
    model = or_failure(f"{folder} cannot be loaded", load_model, folder, trust=trust, digest=digest)
    if Path(data).is_dir():
        if as_json:
            raise click.UsageError("--json is for a file: the predictions of a folder are a CSV")
        from fitprint.cli.folder_predictions import predict_folder

        outcome = predict_folder(model, Path(data), params or None, target, chunk_rows)
        whole = outcome.files - len(outcome.broken)
        click.echo(
            f"fitprint: predicted {outcome.rows:,} rows; {whole:,} of {outcome.files:,} files completely", err=True
        )
        context.exit(1 if outcome.broken else 0)
    rows = model.read_rows(sys.stdin if data == "-" else data)
    predictions = or_failure(f"{folder} cannot predict {data}", model.predict, rows, params or None)
    text = _json(predictions) if as_json else _csv(predictions, rows)
    with click.open_file(target or "-", "w", encoding="utf-8") as file:
        file.write(text)


def _param(text: str) -> tuple[str, Any]:
    """Read `top=3`: the value is JSON if it can be read as such, else text."""
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise click.BadParameter(f"{text!r} is not a param: give a name and a value, as in top=3", param_hint="--param")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def _csv(predictions: Any, rows: Any) -> str:
    from fitprint.models.csv_data import table
    from fitprint.models.enforcement import check_row_count

    check_row_count(predictions, rows)
    return str(table(predictions).to_csv(index=False))


def _json(predictions: Any) -> str:
    """Return the predictions as MLflow's scoring server answers, in strict JSON."""
    from fitprint.models.csv_data import table
    from fitprint.models.example import plain_data

    is_table = hasattr(predictions, "iloc")
    rows = table(predictions).to_dict(orient="records") if is_table else predictions
    return json_text({"predictions": plain_data(rows)}) + "\n"


@click.command(short_help="Make a package of a file that holds a model, or of a checkpoint of a run.")
@click.argument("source")
@click.option(
    "--flavor",
    metavar="NAME",
    help="The flavor of the framework that wrote SOURCE. The class in a pickle tells it too.",
)
@click.option("--data", metavar="CSV", help="Rows for the model to predict: its signature is inferred from them.")
@click.option("--checkpoint", metavar="NUMBER", type=int, help="SOURCE is a run: package this one of its checkpoints.")
@click.option("--step", type=int, help="SOURCE is a run: package its checkpoint of this step.")
@click.option(
    "--model",
    metavar="PACKAGE",
    help="A package of a model of the same architecture: a checkpoint that has only weights is loaded into it.",
)
@click.option(
    "--to",
    "folder",
    metavar="FOLDER",
    help="Where to write the package: a new or an empty folder. Of a checkpoint by default into its run.",
)
@click.option("--trust", is_flag=True, help="Unpickle SOURCE, which runs any code that its author put into it.")
@click.option(
    "--code",
    metavar="PATH",
    multiple=True,
    help="A module, or folder of modules, of yours that the pickle names: copied into the package. Can be repeated.",
)
@options.store
def package(
    source: str,
    flavor: str | None,
    data: str | None,
    checkpoint: int | None,
    step: int | None,
    model: str | None,
    folder: str | None,
    trust: bool,
    code: tuple[str, ...],
    store: str | None,
) -> None:
    """Make a package of a file that holds a model, or of a checkpoint of a run.

    SOURCE is a pickle (also one of joblib's), or a file in a format of the framework, such as a .ubj file of XGBoost,
    which does not need --trust. The rows in --data are not kept. The package is the one that `fitprint.save_model`
    writes.

    With --checkpoint or --step SOURCE is a run, named as for `fitprint show`, which lists its checkpoints. The
    signature is that of the run's own package, unless --data is given.
    """
    for path in code if trust else ():
        sys.path.insert(0, str(Path(path).resolve().parent))
    what, options = f"{source}: no package can be made of its model", {"trust": trust, "code_paths": list(code)}
    if checkpoint is not None and step is not None:
        raise click.UsageError("--checkpoint and --step name the same thing: give one of them")
    if checkpoint is not None or step is not None:
        from fitprint._api.checkpoints import package_checkpoint
        from fitprint.models.csv_data import read_csv

        run, _ = found_run(source, store)
        options["model"] = found_package(model, store) if model is not None else None
        options["data"] = read_csv(data) if data is not None else None
        folder = str(or_failure(what, package_checkpoint, run, checkpoint, folder, step=step, **options))
    elif folder is None:
        raise click.UsageError("--to FOLDER is missing: it says where the package of a file is to be written")
    else:
        from fitprint._api.models import package_model

        or_failure(what, package_model, found_path(source, store), folder, flavor, data=data, **options)
    click.echo(f"{clean(folder)} is a package now: `fitprint inspect` shows what is in it")


def or_failure(what: str, function: Callable[..., Result], *args: Any, **named: Any) -> Result:
    """Call a function that runs a user's code, and return its result.

    Args:
        what: What went wrong if it raises, as the beginning of a message.
        function: The function.
        args: Its arguments.
        named: Its keyword arguments.

    Raises:
        PackageError: The function raised an error that no command expects; the message names it.
    """
    done, result = attempt(partial(function, *args, **named))
    if done:
        return result  # type: ignore[no-any-return]
    if isinstance(result, EXPECTED_ERRORS):
        raise result
    raise PackageError(f"{what}: {clean(describe(result))}") from result
