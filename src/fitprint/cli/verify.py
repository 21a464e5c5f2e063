"""`fitprint verify`: whether a package is what it was when it was written."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import click

from fitprint.cli import options
from fitprint.cli.lookup import found_package
from fitprint.cli.render import Page, size_or_missing, styled
from fitprint.cli.texts import as_json as json_text
from fitprint.cli.texts import value_text
from fitprint.models import mlmodel
from fitprint.models.checksums import MATCHES, Verification, read_digest
from fitprint.models.checksums import verify as verified
from fitprint.models.package import CHECKSUMS


@click.command(short_help="Check a package's files by their checksums.")
@click.argument("package")
@click.option("--digest", metavar="SHA256", help="What the SHA-256 of checksums.json has to be, as printed before.")
@options.store
@options.as_json
@click.pass_context
def verify(context: click.Context, package: str, digest: str | None, store: str | None, as_json: bool) -> None:
    """Check that a model package is what it was when it was written.

    Every file is held against checksums.json, and that file against --digest. Without a digest kept elsewhere this
    finds damage, but nobody who changed the checksums too. PACKAGE is named as for `fitprint inspect`; nothing of it
    is loaded. Exit status 1: it does not verify.
    """
    if digest is not None:
        read_digest(digest)
    folder = found_package(package, store)
    found = verified(folder, mlmodel.read(folder), digest)
    if as_json:
        click.echo(json_text(_document(str(folder), found)))
    else:
        _page(str(folder), found)
    context.exit(1 if found.problems else 0)


def _document(path: str, found: Verification) -> dict[str, Any]:
    return {
        "path": path,
        "verified": not found.problems,
        "digest": found.digest,
        "problems": found.problems,
        "files": [asdict(each) for each in found.files],
    }


def _page(path: str, found: Verification) -> None:
    page = Page()
    page.line((path, "bold"))
    page.facts([("digest", found.digest)])
    told = [each for each in found.files if each.check not in (None, MATCHES)]
    if told:
        page.title("Files")
        rows = [
            (value_text(each.name), size_or_missing(each.size), styled(each.check, "red" if each.problem else "yellow"))
            for each in told
        ]
        page.table(rows, right=(1,))
    page.line()
    if found.problems:
        page.line(("does not verify", "bold red"))
        page.table([(value_text(each),) for each in found.problems], folds=True)
    else:
        count = sum(each.check == MATCHES for each in found.files)
        page.line(("verified", "bold green"), (f": {count} files are as {CHECKSUMS} lists them", ""))
    page.print()
