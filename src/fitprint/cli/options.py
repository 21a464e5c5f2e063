"""Options that several commands have."""

from __future__ import annotations

import click

store = click.option(
    "--store",
    metavar="FOLDER",
    help="Where the runs are. Default: FITPRINT_STORE, else ./fitprint-runs.",
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document, with all there is.")
