"""`fitprint new-flavor`: a plugin project whose tests run at once and fail where something has to be filled in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib import metadata, resources
from pathlib import Path
from string import Template

import click

from fitprint._instrumentation.entries import IMPORTS, REFUSED, discover
from fitprint._version import __version__
from fitprint.plugin import API_VERSION

_FILES = {
    "pyproject.toml": "pyproject.toml.txt",
    "README.md": "README.md.txt",
    ".github/workflows/tests.yml": "ci.yml.txt",
    "src/fitprint_$name/__init__.py": "init.py.txt",
    "src/fitprint_$name/flavor.py": "flavor.py.txt",
    "src/fitprint_$name/loader.py": "loader.py.txt",
    "tests/test_conformance.py": "test_conformance.py.txt",
}
"""The files of the project and their templates."""

_DOTTED = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")


@click.command("new-flavor", short_help="Write a plugin project for a framework of yours.")
@click.argument("name")
@click.option("--module", help="The framework's module that defines what is to be patched; by default NAME.")
@click.option(
    "--patch",
    "targets",
    multiple=True,
    required=True,
    help="A function or method to record, such as train or Booster.fit; can be repeated.",
)
@click.option("--to", "folder", type=click.Path(path_type=Path), help="A new folder; by default ./fitprint-NAME.")
def new_flavor(name: str, module: str | None, targets: Sequence[str], folder: Path | None) -> None:
    """Write a plugin project for the flavor NAME: installable, with tests that use the conformance kit.

    The tests run at once, and fail where something has to be filled in; each of these places is marked FILL IN.
    """
    module = module or name
    _check(name, module, targets)
    folder = folder or Path(f"fitprint-{name.replace('_', '-')}")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ValueError(f"{folder} exists already: name a new folder with --to")
    words = _words(name, module, targets)
    templates = resources.files("fitprint.cli") / "templates"
    for file, template in _FILES.items():
        path = folder / Template(file).substitute(words)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(Template((templates / template).read_text("utf-8")).substitute(words), "utf-8")
        click.echo(path)
    click.echo(f'next: cd {folder}, pip install -e ".[test]", pytest; then fill in what is marked FILL IN')


def _check(name: str, module: str, targets: Sequence[str]) -> None:
    if not name.isidentifier() or name != name.lower() or name in REFUSED:
        raise ValueError(
            f"{name!r} cannot be the name of a flavor: it is taken, or not a Python identifier in lower case"
        )
    taken = discover().get(name)
    if taken is not None:
        raise ValueError(f"the flavor {name} is registered already, by {taken.plugin_name}")
    for text in (module, *targets):
        if not _DOTTED.fullmatch(text):
            raise ValueError(
                f"{text!r} is not a dotted name; examples: --module tinyboost.training --patch Booster.fit"
            )


def _words(name: str, module: str, targets: Sequence[str]) -> dict[str, str]:
    """Return what the templates have placeholders for."""
    top = module.partition(".")[0]
    requirement, version = _distribution(top)
    wakes = f'\n[project.entry-points."{IMPORTS}"]\n{top} = "fitprint_{name}.flavor:{_kind(name)}Flavor"\n'
    return {
        "name": name,
        "dashed": name.replace("_", "-"),
        "kind": _kind(name),
        "module": module,
        "top": top,
        "first": targets[0],
        "targets": ", ".join(f"`{module}.{target}`" for target in targets),
        "patches": "\n".join(f"            {_patch(module, target)}," for target in targets),
        "imports": wakes if top != name else "",
        "instruments": f"{requirement}{version}",
        "requirements": f'"{requirement}"',
        "api": str(API_VERSION),
        "core": ".".join(__version__.split(".")[:2]) + ".0",
    }


def _kind(name: str) -> str:
    return "".join(part.title() for part in name.split("_"))


def _patch(module: str, target: str) -> str:
    below = ", subclasses=True" if "." in target else ""
    return f'Patch("{module}", "{target}"{below})'


def _distribution(top: str) -> tuple[str, str]:
    """Return the framework's distribution, and the range from its installed version to the next major one."""
    distribution = metadata.packages_distributions().get(top, [top])[0]
    try:
        version = metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return distribution, ""
    major = re.match(r"\d+", version)
    return distribution, f">={version},<{int(major[0]) + 1}" if major else ""
