"""`fitprint inspect`: what a package says of itself, without unpickling it and without importing its code."""

from __future__ import annotations

from typing import Any

import click

from fitprint._runs.summary_line import size_text
from fitprint.cli import options, packages
from fitprint.cli.finding import found_package
from fitprint.cli.imports import imports
from fitprint.cli.screen import Screen
from fitprint.cli.tables import Page, signature_rows, size_or_missing, styled
from fitprint.cli.texts import as_json as json_text
from fitprint.cli.texts import value_text
from fitprint.models import checksums
from fitprint.models.package import CHECKSUMS
from fitprint.models.streams.origins import BY_VALUE, DANGEROUS, USER

GENERIC = "python_function"
_CHECK_STYLES = {checksums.MATCHES: "green", checksums.UNLISTED: "yellow"}
_KIND_STYLES = {DANGEROUS: "bold red", BY_VALUE: "yellow", USER: "yellow"}
_TOLD_APART = ("flavors", "signature", "metadata", "run_id", "utc_time_created", "model_size_bytes")


@click.command()
@click.argument("package")
@options.store
@options.as_json
def inspect(package: str, store: str | None, as_json: bool) -> None:
    """Describe a model package without loading it.

    PACKAGE is the folder of a package, or a run (an id or the beginning of one, "last", or "runs:/ID/NAME") whose
    model it is. Nothing is unpickled, no code of the package and no framework is imported.
    """
    found = packages.read_package(found_package(package, store))
    document = _document(found)
    if as_json:
        click.echo(json_text(document))
    else:
        _page(document)


def _document(found: packages.PackageFacts) -> dict[str, Any]:
    about = found.document
    flavors = about["flavors"]
    generic = flavors.get(GENERIC)
    generic = generic if isinstance(generic, dict) else {}
    return {
        "path": str(found.folder),
        "run_id": about.get("run_id"),
        "created": about.get("utc_time_created"),
        "size": about.get("model_size_bytes"),
        "loader_module": generic.get("loader_module"),
        "python_version": generic.get("python_version"),
        "flavors": flavors,
        "signature": found.signature,
        "requirements": found.requirements,
        "metadata": about.get("metadata"),
        "imports": imports(found),
        "files": [_file(each) for each in checksums.checked_files(found.folder)],
        "other": {name: value for name, value in about.items() if name not in _TOLD_APART},
    }


def _file(file: checksums.CheckedFile) -> dict[str, Any]:
    return {"name": file.name, "size": file.size, "check": file.check}


def _page(document: dict[str, Any]) -> None:
    page = Page(Screen.of_stdout())
    page.line((document["path"], "bold"))
    page.facts(_facts(document))
    for name, keys in document["flavors"].items():
        page.title(f"Flavor {name}")
        values = keys if isinstance(keys, dict) else {"": keys}
        page.rows([(key, value_text(value)) for key, value in values.items() if value is not None])
    page.title("Signature")
    if document["signature"]:
        page.rows(signature_rows(document["signature"]), styles=("dim",))
    else:
        page.line(("  none", "dim"))
    metadata = document["metadata"]
    if metadata:
        page.mapping("Metadata", metadata if isinstance(metadata, dict) else {"": metadata})
    if document["requirements"]:
        page.title("Requirements")
        page.rows([(each,) for each in document["requirements"]])
    for each in document["imports"]:
        _imports(page, each)
    _files(page, document["files"])
    page.print()


def _facts(document: dict[str, Any]) -> list[tuple[str, Any]]:
    size, other = document["size"], document["other"]
    written = [f"{name} {other[key]}" for name in ("fitprint", "mlflow") if other.get(key := f"{name}_version")]
    facts = [
        ("run", document["run_id"]),
        ("created", f"{document['created']} UTC" if document["created"] else None),
        ("written by", ", ".join(written)),
        ("loader", document["loader_module"]),
        ("python", document["python_version"]),
        ("model size", size_text(size) if isinstance(size, int) else None),
    ]
    return [(name, value_text(value)) for name, value in facts if value]


def _imports(page: Page, found: dict[str, Any]) -> None:
    """What unpickling a file would import; of a broken one, how far it could be read."""
    page.title(f"Imports of {value_text(found['file'])}", value_text(found["problem"]) if found["problem"] else "")
    if not found["imports"]:
        page.line(("  none", "dim"))
    page.rows([(value_text(each["name"]), _kind(each["kind"])) for each in found["imports"]])


def _kind(kind: str) -> Any:
    return styled(kind, _KIND_STYLES.get(kind, "dim"))


def _files(page: Page, files: list[dict[str, Any]]) -> None:
    checked = any(each["check"] for each in files)
    wrong = sum(each["check"] not in (None, checksums.MATCHES) for each in files)
    remark = f"{CHECKSUMS} does not vouch for {wrong} of them" if wrong else "" if checked else f"no {CHECKSUMS}"
    page.title("Files", remark)
    rows = [(each["name"], size_or_missing(each["size"]), _check(each["check"])) for each in files]
    page.rows(rows, right=(1,))


def _check(check: str | None) -> Any:
    return styled(check, _CHECK_STYLES.get(check, "red")) if check else ""
