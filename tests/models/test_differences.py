"""What a package says of its environment, beside this one: the rows, the table, and the line for the log."""

import platform
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from fitprint.models import differences as module
from fitprint.models.differences import differences, report, summary, table

MODELS = Path(__file__).parents[1] / "fixtures/mlflow/models"
NUMPY, PYTHON = metadata.version("numpy"), platform.python_version()


def package(folder: Path, requirements: str | None, **files: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in {"requirements.txt": requirements, **files}.items():
        if text is not None:
            (folder / name).write_text(text, "utf-8")
    return folder


def rows(folder: Path, document: dict | None = None) -> dict[str, tuple[str, str | None, str]]:
    return {
        difference.name: (difference.required, difference.installed, difference.meaning)
        for difference in differences(folder, document or {})
    }


def python(version: object) -> dict:
    return {"flavors": {"python_function": {"python_version": version}}}


def another(version: str, part: int) -> str:
    """A version with one part raised by 20."""
    parts = version.split(".")
    return ".".join([*parts[:part], str(int(parts[part]) + 20), *parts[part + 1 :]])


@pytest.mark.parametrize(
    ("line", "meaning"),
    [
        (f"numpy=={NUMPY}", "same"),
        ("numpy", "same"),
        ("NumPy>=1.20", "same"),
        (f"numpy=={another(NUMPY, 2)}", "another patch release"),
        (f"numpy=={another(NUMPY, 1)}", "another minor version"),
        (f"numpy == {another(NUMPY, 0)}", "another major version"),
        (f"numpy>={another(NUMPY, 0)}", "another version"),
        (f"numpy!={NUMPY}", "another version"),
        (f"numpy=={another(NUMPY, 0)}.*", "another version"),
        (f"numpy==={NUMPY}", "same"),
        ("no-such-distribution==1.0", "missing"),
        ("no-such-distribution>=1.0,!=2; python_version>'3'", "missing"),
        ("mlflow>=2.8,<4", "not needed to load it here"),
        ("numpy @ https://example.com/numpy.whl", "perhaps installed from elsewhere"),
    ],
)
def test_what_a_row_means(tmp_path, line, meaning):
    ((_, _, found),) = rows(package(tmp_path / "model", line)).values()
    assert found == meaning


def test_the_minor_version_of_python_is_a_row(tmp_path):
    folder = package(tmp_path / "model", None)
    assert rows(folder, python(PYTHON)) == {"Python": (f"=={PYTHON}", PYTHON, "same")}
    assert rows(folder, python(another(PYTHON, 1)))["Python"][2] == "another minor version"
    assert rows(folder, python(another(PYTHON, 2)))["Python"][2] == "another patch release"
    for odd in (3.11, None, "$(curl x)", ["3.11.7"]):
        assert rows(folder, python(odd)) == {}
    assert rows(folder, {"flavors": None}) == {}


def test_markers_are_evaluated(tmp_path):
    lines = "numpy; python_version < '3'\nno-such-thing; sys_platform == 'nowhere'\nscipy; python_version >= '3'"
    assert list(rows(package(tmp_path / "model", lines))) == ["scipy"]


def test_constraints_inside_the_package_are_followed(tmp_path):
    lines = "numpy\nno-such-thing\n-c constraints.txt"
    limits = f"numpy<{NUMPY}\npandas>9000\nno-such-thing<2\nanother-such-thing==1\n"
    found = rows(package(tmp_path / "model", lines, **{"constraints.txt": limits}))
    assert found["numpy"] == (f"<{NUMPY}", NUMPY, "another version")
    assert found["no-such-thing"] == ("<2", None, "missing")
    assert found["pandas"][2] == "another version"  # it is here, and the package was made with a limit on it
    assert "another-such-thing" not in found  # a constraint asks for nothing


def test_nothing_outside_the_package_is_read(tmp_path):
    (tmp_path / "secret.txt").write_text("numpy==1.0\n")
    (tmp_path / "link-target.txt").write_text("pandas==1.0\n")
    lines = f"-c ../secret.txt\n-r {tmp_path}/secret.txt\n-c link.txt\n-c gone.txt\n-c https://example.com/c.txt"
    folder = package(tmp_path / "model", lines)
    (folder / "link.txt").symlink_to(tmp_path / "link-target.txt")
    assert {meaning for _, _, meaning in rows(folder).values()} == {"not read: it is not a requirement"}
    assert len(rows(folder)) == 5


NOT_READ = "not read: it is not a requirement"


@pytest.mark.parametrize(
    "text",
    ["--index-url https://example.com", "numpy; curl x | sh", "-e .", "$(touch canary)", "import os", "\x00"],
)
def test_lines_that_are_none_are_listed_and_never_used(tmp_path, text):
    folder = package(tmp_path / "model", f"numpy\n{text}\n")
    option = text.startswith("-")
    meaning = "not compared: an option of pip, or a requirement without a name" if option else NOT_READ
    assert rows(folder)[text] == ("", None, meaning)
    assert text.partition(" ")[0].replace("\x00", "?") in table(differences(folder, {}))
    assert not Path("canary").exists()


def test_files_that_cannot_be_read_are_listed(tmp_path):
    for number, content in enumerate((b"\xff\xfe\x00", b"#" * 1_000_001)):
        folder = tmp_path / f"model{number}"
        folder.mkdir()
        (folder / "requirements.txt").write_bytes(content)
        assert rows(folder) == {"requirements.txt": ("", None, "not read: it is not a requirement")}
    (tmp_path / "model2/requirements.txt").mkdir(parents=True)
    assert list(rows(tmp_path / "model2")) == ["requirements.txt"]
    round_about = package(tmp_path / "model3", "-r requirements.txt\n")
    assert len(differences(round_about, {})) == 1


def test_older_packages_have_their_list_in_conda_yaml(tmp_path):
    conda = "dependencies:\n- python=3.6.9\n- pip\n- numpy=0.16.4=py36h1\n- libgcc\n- pip:\n  - no-such-thing==1.0\n"
    found = rows(package(tmp_path / "model", None, **{"conda.yaml": conda}))
    assert found == {
        "numpy": ("==0.16.4", NUMPY, "another major version"),
        "no-such-thing": ("==1.0", None, "missing"),
    }
    for number, broken in enumerate(("- just\n- a list", "dependencies: 3", "a: [", "")):
        folder = package(tmp_path / f"broken{number}", None, **{"conda.yaml": broken})
        assert list(rows(folder)) == ["conda.yaml"]


def test_a_distribution_of_another_name_may_hold_the_module(tmp_path, monkeypatch):
    site = tmp_path / "site"
    package(site, None, **{"heldelsewhere.py": ""})
    info = package(
        site / "held_cpu-2.5.dist-info", None, METADATA="Metadata-Version: 2.1\nName: held-cpu\nVersion: 2.5\n"
    )
    (info / "top_level.txt").write_text("heldelsewhere\n")
    monkeypatch.syspath_prepend(str(site))
    found = rows(package(tmp_path / "model", "heldelsewhere==2.5\n"))
    assert found["heldelsewhere"] == ("==2.5", "2.5 (of held-cpu)", "same")


def test_the_table_is_aligned_and_cannot_steer_a_terminal(tmp_path):
    folder = package(tmp_path / "model", f"numpy=={NUMPY}\nno-such-distribution\n\x1b[2J{'x' * 200}\n")
    lines = table(differences(folder, python(PYTHON))).splitlines()
    assert lines[0].split() == ["package", "here"]
    assert lines[2].split() == ["numpy", NUMPY, NUMPY, "same"]
    assert lines[3].split() == ["no-such-distribution", "any", "not", "installed", "missing"]
    column = lines[0].index("here")
    assert [line[column - 1] for line in lines] == [" "] * 5
    assert len({line.find(NUMPY, column) for line in lines[2:3]} | {column}) == 1
    assert all(line.isprintable() and len(line) < 160 for line in lines)
    assert table([]) == ""


def test_the_line_for_the_log_names_what_differs_by_more_than_a_patch(tmp_path):
    lines = f"numpy=={another(NUMPY, 0)}\npandas=={metadata.version('pandas')}\nmlflow\nno-such-thing==1\n--pre\n"
    found = differences(package(tmp_path / "model", lines), python(another(PYTHON, 1)))
    assert summary(found) == (
        f"made with Python {another(PYTHON, 1)} (here {PYTHON}), numpy {another(NUMPY, 0)} (here {NUMPY})"
    )
    same = package(tmp_path / "same", f"numpy=={another(NUMPY, 2)}\nno-such-thing\n")
    assert summary(differences(same, python(PYTHON))) is None


def test_the_report_has_the_table_and_the_command(tmp_path):
    folder = package(tmp_path / "model", "numpy==1.0\n")
    text = report(folder, python("3.9.1"), differences(folder, python("3.9.1")), also=["fitprint[toy]"])
    assert table(differences(folder, python("3.9.1"))) in text
    assert text.endswith("pip install -r " + str(folder / "requirements.txt") + " 'fitprint[toy]'")
    empty = package(tmp_path / "empty", None)
    assert report(empty, {}, differences(empty, {})) == ""


@pytest.mark.parametrize("name", sorted(path.name for path in MODELS.iterdir()))
def test_every_package_of_mlflow_says_what_it_was_made_with(name):
    from fitprint.models import mlmodel

    found = differences(MODELS / name, mlmodel.read(MODELS / name))
    assert found[0].name == "Python"
    assert {difference.meaning for difference in found} & {module.UNREADABLE} == set()


@pytest.mark.process
def test_the_same_environment_is_told_without_the_parser(tmp_path):
    folder = package(tmp_path / "model", f"mlflow>=2.8,<4\nnumpy=={NUMPY}\n")
    code = (
        "import sys, pathlib\nfrom fitprint.models.differences import differences, summary\n"
        f"assert summary(differences(pathlib.Path({str(folder)!r}), {{}})) is None\n"
        "loaded = {'packaging', 'numpy', 'yaml'} & set(sys.modules)\nassert not loaded, loaded"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
