"""Checks the wheels in a folder, before any of them is installed: `make test-wheels` runs it.

    python tests/wheels/contents.py dist

There has to be one wheel for the core and one for each plugin. Each holds its package with `py.typed` and nothing else,
its metadata is valid and says what its `pyproject.toml` says, and its entry points name modules that it holds.
"""

from __future__ import annotations

import configparser
import sys
import tomllib
import zipfile
from pathlib import Path, PurePosixPath
from typing import Any

from packaging.markers import Marker
from packaging.metadata import Metadata
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]


def main(folder: Path) -> int:
    """Checks all wheels, prints what is wrong, and returns the exit status."""
    projects = [ROOT, *(path.parent for path in sorted(ROOT.glob("plugins/*/pyproject.toml")))]
    problems: list[str] = []
    expected = set()
    for project in projects:
        declared = tomllib.loads((project / "pyproject.toml").read_text("utf-8"))
        package = PurePosixPath(declared["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"][0]).name
        wheel = folder / f"{package}-{declared['project']['version']}-py3-none-any.whl"
        expected.add(wheel.name)
        if wheel.exists():
            problems += [f"{wheel.name}: {problem}" for problem in wrong(wheel, project, package, declared["project"])]
        else:
            problems.append(f"{wheel.name} was not built")
    problems += [f"{path.name} is of no project here" for path in folder.glob("*.whl") if path.name not in expected]
    print(*problems, f"{len(expected)} wheels checked, {len(problems)} problems", sep="\n")
    return 1 if problems else 0


def wrong(wheel: Path, project: Path, package: str, declared: dict[str, Any]) -> list[str]:
    """What is wrong with one wheel.

    Args:
        wheel: The wheel.
        project: The folder of its `pyproject.toml`.
        package: The import package that it has to hold.
        declared: The table `project` of its `pyproject.toml`.
    """
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if not name.endswith("/")}
        about = f"{package}-{declared['version']}.dist-info"
        metadata = Metadata.from_email(archive.read(f"{about}/METADATA"), validate=True)
        entry_points = configparser.ConfigParser(delimiters=["="])
        if f"{about}/entry_points.txt" in names:
            entry_points.read_string(archive.read(f"{about}/entry_points.txt").decode("utf-8"))
    source = project / "src"
    wanted = {
        path.relative_to(source).as_posix()
        for path in (source / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    held = {name for name in names if not name.startswith(f"{about}/")}
    return [
        *(f"lacks {name}" for name in sorted(wanted - held)),
        *(f"holds {name}, which is no part of its package" for name in sorted(held - wanted)),
        *(f"holds the test file {name}" for name in sorted(held) if is_test(name)),
        *([] if f"{package}/py.typed" in held else ["has no py.typed"]),
        *metadata_problems(metadata, declared),
        *(
            f"its entry point {name} names {target}, which it does not hold"
            for section in entry_points.sections()
            for name, target in entry_points[section].items()
            if not held.intersection(files_of(target))
        ),
    ]


def is_test(name: str) -> bool:
    """Whether a file of a wheel is a test, which stays in the repository."""
    path = PurePosixPath(name)
    is_named_so = path.name.startswith("test_") or path.name == "conftest.py"
    return "tests" in path.parts or (path.suffix == ".py" and is_named_so)


def of_extra(requirement: str, extra: str) -> Requirement:
    """A requirement that holds for an extra alone, beside what it says itself of systems and Pythons."""
    parsed = Requirement(requirement)
    own = f"({parsed.marker}) and " if parsed.marker else ""
    parsed.marker = Marker(f"{own}extra == '{extra}'")
    return parsed


def metadata_problems(metadata: Metadata, declared: dict[str, Any]) -> list[str]:
    """Where a wheel's metadata is not what its project declares."""
    optional = {
        of_extra(requirement, extra)
        for extra, requirements in declared.get("optional-dependencies", {}).items()
        for requirement in requirements
    }
    required = {*map(Requirement, declared["dependencies"]), *optional}
    pairs = {
        "name": (metadata.name, declared["name"]),
        "version": (str(metadata.version), declared["version"]),
        "summary": (metadata.summary, declared["description"]),
        "license": (metadata.license_expression, declared["license"]),
        "Python versions": (str(metadata.requires_python), declared["requires-python"]),
        "README's type": (metadata.description_content_type, "text/markdown"),
        "requirements": (set(metadata.requires_dist or ()), required),
    }
    problems = [f"its {what} is {is_!r}, not {should!r}" for what, (is_, should) in pairs.items() if is_ != should]
    return problems if metadata.description else [*problems, "its README is empty"]


def files_of(target: str) -> set[str]:
    """The files that can hold the module of an entry point such as `package.module:name`."""
    path = target.partition(":")[0].strip().replace(".", "/")
    return {f"{path}.py", f"{path}/__init__.py"}


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
