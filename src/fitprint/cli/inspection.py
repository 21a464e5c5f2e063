"""`fitprint inspect`: what a package says of itself, without unpickling it and without importing its code."""

from __future__ import annotations

from typing import Any

import click

from fitprint._runs.summary_line import size_text
from fitprint.cli import options, packages
from fitprint.cli.lookup import found_package
from fitprint.cli.packages import imports
from fitprint.cli.render import Columns, Page, signature_rows, size_or_missing, styled
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

    PACKAGE is the folder of a package, or the run that contains it (an id or the beginning of one, "last", or
    "runs:/ID/NAME"). Nothing is unpickled, and neither code of the package nor a framework is imported.
    """
    facts = packages.read_package(found_package(package, store))
    document = _document(facts)
    if as_json:
        click.echo(json_text(document))
    else:
        _page(document)


def _document(facts: packages.PackageFacts) -> dict[str, Any]:
    mlmodel = facts.document
    flavors = mlmodel["flavors"]
    generic = flavors.get(GENERIC)
    generic = generic if isinstance(generic, dict) else {}
    return {
        "path": str(facts.folder),
        "run_id": mlmodel.get("run_id"),
        "created": mlmodel.get("utc_time_created"),
        "size": mlmodel.get("model_size_bytes"),
        "loader_module": generic.get("loader_module"),
        "python_version": generic.get("python_version"),
        "flavors": flavors,
        "signature": facts.signature,
        "requirements": facts.requirements,
        "metadata": mlmodel.get("metadata"),
        "imports": imports(facts),
        "files": [_file(file) for file in checksums.checked_files(facts.folder)],
        "other": {name: value for name, value in mlmodel.items() if name not in _TOLD_APART},
    }


def _file(file: checksums.CheckedFile) -> dict[str, Any]:
    return {"name": file.name, "size": file.size, "check": file.check}


def _page(document: dict[str, Any]) -> None:
    page = Page()
    page.line((document["path"], "bold"))
    page.facts(_facts(document))
    for name, keys in document["flavors"].items():
        page.title(f"Flavor {name}")
        values = keys if isinstance(keys, dict) else {"": keys}
        page.table([(key, value_text(value)) for key, value in values.items() if value is not None])
    page.title("Signature")
    if document["signature"]:
        page.table(signature_rows(document["signature"]), Columns(styles=("dim",)))
    else:
        page.line(("  none", "dim"))
    metadata = document["metadata"]
    if metadata:
        page.mapping("Metadata", metadata if isinstance(metadata, dict) else {"": metadata})
    if document["requirements"]:
        page.title("Requirements")
        page.table([(line,) for line in document["requirements"]])
    for file in document["imports"]:
        _imports(page, file)
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


def _imports(page: Page, file: dict[str, Any]) -> None:
    """Add what unpickling a file would import; of a broken file, as far as it could be read."""
    page.title(f"Imports of {value_text(file['file'])}", value_text(file["problem"]) if file["problem"] else "")
    if not file["imports"]:
        page.line(("  none", "dim"))
    page.table([(value_text(name["name"]), _kind(name["kind"])) for name in file["imports"]])


def _kind(kind: str) -> Any:
    return styled(kind, _KIND_STYLES.get(kind, "dim"))


def _files(page: Page, files: list[dict[str, Any]]) -> None:
    checked = any(file["check"] for file in files)
    wrong = sum(file["check"] not in (None, checksums.MATCHES) for file in files)
    remark = f"{CHECKSUMS} says that {wrong} of them have changed" if wrong else "" if checked else f"no {CHECKSUMS}"
    page.title("Files", remark)
    rows = [(file["name"], size_or_missing(file["size"]), _check(file["check"])) for file in files]
    page.table(rows, Columns(right=(1,)))


def _check(check: str | None) -> Any:
    return styled(check, _CHECK_STYLES.get(check, "red")) if check else ""
