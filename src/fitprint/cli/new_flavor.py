"""`fitprint new-flavor`: a plugin project whose tests run at once and fail where something has to be filled in."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
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
_PARTS = {
    "listening": ("\n\n", {"TRAINS": "flavor_calls.txt", "STEP": "flavor_steps.txt"}),
    "trainings": ("\n\n\n", {"TRAINS": "test_calls.txt", "STEP": "test_steps.txt"}),
    "cases": ("\n", {"TRAINS": "case_calls.txt", "STEP": "case_steps.txt"}),
}
"""Placeholders, each with the templates of its text, for calls that are whole trainings and for steps of loops, and
with what separates the two."""

_DOTTED = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")


@click.command("new-flavor", short_help="Write a plugin project for a framework of yours.")
@click.argument("name")
@click.option(
    "--module",
    help="The framework's module that defines what is to be patched; by default NAME. Give one here, and name other "
    "modules in patches() of the flavor afterwards.",
)
@click.option(
    "--patch",
    "trains",
    multiple=True,
    help="A function or method to record, such as train or Booster.fit; can be repeated.",
)
@click.option("--step", "steps", multiple=True, help="A method that is one step of a user's loop, such as Net.update.")
@click.option("--begins", multiple=True, help="A method with which a loop begins again, such as Net.initialize.")
@click.option("--saves", multiple=True, help="A method with which the user saves the model of a loop.")
@click.option("--to", "folder", type=click.Path(path_type=Path), help="A new folder; by default ./fitprint-NAME.")
def new_flavor(
    name: str,
    module: str | None,
    trains: Sequence[str],
    steps: Sequence[str],
    begins: Sequence[str],
    saves: Sequence[str],
    folder: Path | None,
) -> None:
    """Write a plugin project for the flavor NAME: installable, with tests that use the conformance kit.

    Name what is recorded with --patch, for a call that is a whole training, or with --step, for one of the many calls
    in a loop that users write themselves. The tests run at once, and fail where something has to be filled in; each of
    these places is marked FILL IN.
    """
    module = module or name
    targets = {"TRAINS": trains, "STEP": steps, "BEGINS": begins, "SAVES": saves}
    _check(name, module, targets)
    folder = folder or Path(f"fitprint-{name.replace('_', '-')}")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ValueError(f"{folder} exists already: name a new folder with --to")
    words = _words(name, module, targets)
    for placeholder, (separator, parts) in _PARTS.items():
        words[placeholder] = separator.join(
            _filled_in(template, words) for role, template in parts.items() if targets[role]
        )
    for file, template in _FILES.items():
        path = folder / Template(file).substitute(words)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{_filled_in(template, words)}\n", "utf-8")
        click.echo(path)
    click.echo(f'next: cd {folder}, pip install -e ".[test]", pytest; then fill in what is marked FILL IN')


def _filled_in(template: str, words: Mapping[str, str]) -> str:
    """Return the text of a template with its placeholders filled in, without the last line's end."""
    text = (resources.files("fitprint.cli") / "templates" / template).read_text("utf-8")
    return Template(text).substitute(words).rstrip("\n")


def _check(name: str, module: str, targets: Mapping[str, Sequence[str]]) -> None:
    if not targets["TRAINS"] and not targets["STEP"]:
        raise ValueError(
            "name what is to be recorded: --patch Booster.fit for a call that is a whole training, or --step "
            "Net.update for one of the many calls in a loop"
        )
    if (targets["BEGINS"] or targets["SAVES"]) and not targets["STEP"]:
        raise ValueError("--begins and --saves belong to a loop: name the method that is its step with --step")
    if not name.isidentifier() or name != name.lower() or name in REFUSED:
        raise ValueError(
            f"{name!r} cannot be the name of a flavor: it is taken, or not a Python identifier in lower case"
        )
    taken = discover().get(name)
    if taken is not None:
        raise ValueError(f"the flavor {name} is registered already, by {taken.plugin_name}")
    for text in (module, *itertools.chain(*targets.values())):
        if not _DOTTED.fullmatch(text):
            raise ValueError(
                f"{text!r} is not a dotted name; examples: --module tinyboost.training --patch Booster.fit"
            )


def _words(name: str, module: str, targets: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Return what the templates have placeholders for."""
    top = module.partition(".")[0]
    requirement, version = _distribution(top)
    wakes = f'\n[project.entry-points."{IMPORTS}"]\n{top} = "fitprint_{name}.flavor:{_kind(name)}Flavor"\n'
    patches = [_patch(module, target, role) for role, names in targets.items() for target in names]
    recorded = [*targets["TRAINS"], *targets["STEP"]]
    return {
        "name": name,
        "dashed": name.replace("_", "-"),
        "kind": _kind(name),
        "module": module,
        "top": top,
        "first": recorded[0],
        "step": ", ".join(targets["STEP"]),
        "ends": _ends(targets["SAVES"]),
        "names": "Flavor, Patch, Role, member" if targets["STEP"] else "Flavor, Patch, member",
        "of_loops": "\n        # call.loop is the object that a loop trains" if targets["STEP"] else "",
        "targets": ", ".join(f"`{module}.{target}`" for target in recorded),
        "patches": "\n".join(f"            {patch}," for patch in patches),
        "imports": wakes if top != name else "",
        "instruments": f"{requirement}{version}",
        "requirements": f'"{requirement}"',
        "api": str(API_VERSION),
        "core": ".".join(__version__.split(".")[:2]) + ".0",
    }


def _kind(name: str) -> str:
    return "".join(part.title() for part in name.split("_"))


def _patch(module: str, target: str, role: str) -> str:
    below = ", subclasses=True" if "." in target else ""
    means = f", role=Role.{role}" if role != "TRAINS" else ""
    return f'Patch("{module}", "{target}"{below}{means})'


def _ends(saves: Sequence[str]) -> str:
    """Return how the case of a loop ends it, for a reader who fills in the rest."""
    if not saves:
        return "None,  # nothing: it ends with its block, its object or its process"
    return f'lambda model: model.{saves[0].rpartition(".")[2]}("saved"),  # FILL IN: as a user calls {saves[0]}'


def _distribution(top: str) -> tuple[str, str]:
    """Return the framework's distribution, and the range from its installed version to the next major one."""
    distribution = metadata.packages_distributions().get(top, [top])[0]
    try:
        version = metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return distribution, ""
    major = re.match(r"\d+", version)
    return distribution, f">={version},<{int(major[0]) + 1}" if major else ""
