"""`fitprint verify`: whether a package is what it was when it was written."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import click

from fitprint.cli import options
from fitprint.cli.lookup import found_package
from fitprint.cli.render import FOLDED, Columns, Page, size_or_missing, styled
from fitprint.cli.texts import as_json as json_text
from fitprint.cli.texts import value_text
from fitprint.models import mlmodel
from fitprint.models.checksums import MATCHES, Verification, read_digest
from fitprint.models.checksums import verify as verified
from fitprint.models.package import CHECKSUMS


@click.command(short_help="Check the files of a package by their checksums.")
@click.argument("package")
@click.option(
    "--digest",
    metavar="SHA256",
    help="The SHA-256 that checksums.json must have, as an earlier `fitprint verify` printed it.",
)
@options.store
@options.as_json
@click.pass_context
def verify(context: click.Context, package: str, digest: str | None, store: str | None, as_json: bool) -> None:
    """Check that a model package is what it was when it was written.

    Every file is compared with checksums.json, and that file itself with --digest. Without a digest, which you have to
    keep elsewhere, this finds damage, but not changes by somebody who has also changed the checksums. PACKAGE is named
    as for `fitprint inspect`, and is not loaded. The exit status is 1 if anything differs.
    """
    if digest is not None:
        read_digest(digest)
    folder = found_package(package, store)
    verification = verified(folder, mlmodel.read(folder), digest)
    if as_json:
        click.echo(json_text(_document(str(folder), verification)))
    else:
        _page(str(folder), verification)
    context.exit(1 if verification.problems else 0)


def _document(path: str, verification: Verification) -> dict[str, Any]:
    return {
        "path": path,
        "verified": not verification.problems,
        "digest": verification.digest,
        "problems": verification.problems,
        "files": [asdict(file) for file in verification.files],
    }


def _page(path: str, verification: Verification) -> None:
    page = Page()
    page.line((path, "bold"))
    page.facts([("digest", verification.digest)])
    suspect = [file for file in verification.files if file.check not in (None, MATCHES)]
    if suspect:
        page.title("Files")
        rows = [
            (value_text(file.name), size_or_missing(file.size), styled(file.check, "red" if file.problem else "yellow"))
            for file in suspect
        ]
        page.table(rows, Columns(right=(1,)))
    page.line()
    if verification.problems:
        page.line(("does not verify", "bold red"))
        page.table([(value_text(problem),) for problem in verification.problems], FOLDED)
    else:
        count = sum(file.check == MATCHES for file in verification.files)
        page.line(("verified", "bold green"), (f": {count} files are as {CHECKSUMS} lists them", ""))
    page.print()
