"""`fitprint new-flavor`: what it writes is installed by pip, and fails where something is to be filled in, alone."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
RECORDED = {
    "tinyboost": ["--patch", "Booster.fit"],
    "tinyonline": ["--step", "Learner.learn", "--begins", "Learner.reset", "--saves", "Learner.save"],
}
"""The frameworks of the examples, and what `fitprint new-flavor` is told of each."""


def called(*command, **options):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture
def python(tmp_path):
    """The interpreter of an environment of its own, with all that this one has."""
    called(sys.executable, "-m", "venv", "--without-pip", tmp_path / "environment")
    (packages,) = (tmp_path / "environment").glob("lib/python*/site-packages")
    here = [folder for folder in sys.path if os.path.isdir(folder) and not folder.startswith(sys.base_prefix + os.sep)]
    (packages / "everything.pth").write_text("".join(f"{os.path.abspath(folder)}\n" for folder in here if folder))
    return tmp_path / "environment" / "bin" / "python"


def install(python, project):
    called(python, "-m", "pip", "install", "--no-deps", "--no-build-isolation", "--no-index", "-q", project)


def outcomes(python, project):
    """From each test to what it says when it fails; None for one that passes or is skipped."""
    report = project / "report.xml"
    command = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", f"--junitxml={report}"]
    subprocess.run([str(word) for word in command], cwd=project, capture_output=True, check=False)
    found = {}
    for case in ElementTree.parse(report).getroot().iter("testcase"):
        wrong = [outcome for outcome in case if outcome.tag in ("failure", "error")]
        found[case.get("name")] = wrong[0].get("message") + (wrong[0].text or "") if wrong else None
    return found


@pytest.mark.slow
@pytest.mark.process
@pytest.mark.parametrize("name", RECORDED)
def test_a_new_project_fails_where_it_is_to_be_filled_in_and_passes_when_it_is(python, tmp_path, name):
    project = tmp_path / f"fitprint-{name}"
    shutil.copytree(EXAMPLES / name / "framework", tmp_path / "framework")
    install(python, tmp_path / "framework")
    called(python, "-m", "fitprint", "new-flavor", name, *RECORDED[name], "--to", project)
    assert f'instruments = ["{name}>=1.0.0,<2"]' in (project / "pyproject.toml").read_text()
    install(python, project)
    first = outcomes(python, project)
    failed = {name: told for name, told in first.items() if told is not None}
    assert len(failed) > 20
    assert not [f"{name}: {told}" for name, told in failed.items() if "FILL IN" not in told]
    assert {name for name in first if name.startswith(("test_discovery", "test_it_is_", "test_no_check"))} <= {
        name for name, told in first.items() if told is None
    }
    for part in ("src", "tests"):
        shutil.copytree(EXAMPLES / name / "plugin" / part, project / part, dirs_exist_ok=True)
    install(python, project)
    last = outcomes(python, project)
    assert {*first} & {*last} >= {name for name in first if "[" not in name}
    assert {name: told for name, told in last.items() if told is not None} == {}


@pytest.mark.parametrize("name", RECORDED)
def test_the_example_is_what_is_written_and_filled_in(tmp_path, run_cli, name):
    run_cli("new-flavor", name, *RECORDED[name], "--to", "new")
    plugin = EXAMPLES / name / "plugin"
    written = {path.relative_to("new").as_posix() for path in Path("new").rglob("*") if path.is_file()}
    example = {path.relative_to(plugin).as_posix() for path in plugin.rglob("*.*")}
    assert written - example == {".github/workflows/tests.yml"}
    for file in ("pyproject.toml", f"src/fitprint_{name}/flavor.py", "tests/test_conformance.py"):
        assert "FILL IN" in Path("new", file).read_text(), f"{file}: nothing is marked"
        assert "FILL IN" not in (plugin / file).read_text()


def test_calls_and_loops_in_one_project(run_cli):
    run_cli("new-flavor", "tiny", "--patch", "train", "--step", "Net.update", "--to", "new")
    flavor = Path("new/src/fitprint_tiny/flavor.py").read_text()
    assert 'Patch("tiny", "train"),' in flavor
    assert 'Patch("tiny", "Net.update", subclasses=True, role=Role.STEP),' in flavor
    assert [name for name in ("listen", "data", "stepped", "sample") if f"def {name}(" not in flavor] == []
    tests = Path("new/tests/test_conformance.py").read_text()
    assert "def train(data):" in tests
    assert "def steps(data):" in tests
    assert tests.count("loop=True") == 1
    compile(flavor, "flavor.py", "exec")
    compile(tests, "test_conformance.py", "exec")


def test_several_entry_points_of_a_module_below(run_cli):
    run_cli("new-flavor", "tiny_b", "--module", "tinyb.core", "--patch", "train", "--patch", "A.fit", "--to", "new")
    flavor = Path("new/src/fitprint_tiny_b/flavor.py").read_text()
    assert 'Patch("tinyb.core", "train"),' in flavor
    assert 'Patch("tinyb.core", "A.fit", subclasses=True),' in flavor
    assert "class TinyBFlavor(Flavor):" in flavor
    compile(flavor, "flavor.py", "exec")
    pyproject = Path("new/pyproject.toml").read_text()
    assert 'name = "fitprint-tiny-b"' in pyproject
    assert '[project.entry-points."fitprint.imports"]\ntinyb = "fitprint_tiny_b.flavor:TinyBFlavor"' in pyproject


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["models", "--patch", "train"], "'models' cannot be the name of a flavor"),
        (["no-name", "--patch", "train"], "'no-name' cannot be the name of a flavor"),
        (["sklearn", "--patch", "train"], "the flavor sklearn is registered already, by fitprint-sklearn"),
        (["new"], "name what is to be recorded: --patch Booster.fit"),
        (["new", "--patch", "train", "--saves", "Net.save"], "--begins and --saves belong to a loop"),
        (["new", "--step", "Net.update", "--saves", "save()"], "'save()' is not a dotted name"),
        (["new", "--patch", "train()"], "'train()' is not a dotted name"),
        (["new", "--module", "a/b", "--patch", "train"], "'a/b' is not a dotted name"),
        (["new", "--patch", "train", "--to", "."], ". exists already: name a new folder with --to"),
    ],
)
def test_what_cannot_be_written_is_told(run_cli, arguments, told):
    Path("there.txt").write_text("x")
    assert told in run_cli("new-flavor", *arguments, code=1)
