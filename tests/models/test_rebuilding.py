"""The command that rebuilds the environment of a package: a shell takes it, and it does what it says."""

import io
import os
import shlex
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from fitprint.models.differences import ENVIRONMENT, rebuild_command

ODD = 'it\'s a $(touch canary) "model"; touch canary'
MINOR = f"{sys.version_info[0]}.{sys.version_info[1]}"
THIS_PYTHON = {"flavors": {"python_function": {"python_version": f"{MINOR}.1"}}}


def package(folder: Path, requirements: str) -> Path:
    folder.mkdir()
    (folder / "requirements.txt").write_text(requirements)
    return folder


def wheel(place: Path, name: str) -> Path:
    """A distribution of one module, as pip installs it without an index."""
    content = io.BytesIO()
    info = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(content, "w") as file:
        file.writestr(f"{name}.py", "VALUE = 42\n")
        file.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        file.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        file.writestr(f"{info}/RECORD", f"{name}.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n")
    path = place / f"{name}-1.0-py3-none-any.whl"
    path.write_bytes(content.getvalue())
    return path


def words(command: str) -> list[list[str]]:
    """The commands between `&&`, as a shell splits them."""
    lexer = shlex.shlex(command, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    found: list[list[str]] = [[]]
    for word in lexer:
        if word == "&&":
            found.append([])
        else:
            found[-1].append(word)
    return found


def test_the_words_that_a_shell_sees(tmp_path):
    folder = package(tmp_path / ODD, "numpy==1.26.0\n")
    command = rebuild_command(folder, THIS_PYTHON, ["fitprint[toy]>=1"])
    pip = [f"{ENVIRONMENT}/bin/python", "-m", "pip", "install"]
    assert words(command) == [
        [f"python{MINOR}", "-m", "venv", ENVIRONMENT],
        [*pip, "-r", str(folder / "requirements.txt"), "fitprint[toy]>=1"],
    ]
    assert "\n" not in command


def test_a_package_does_not_choose_where_pip_installs_from(tmp_path):
    lines = "numpy==1.26.0\n--index-url https://example.com/simple\nscipy>=1,<2\n$(touch canary)\n"
    command = rebuild_command(package(tmp_path / "model", lines), {})
    (_, install) = words(command)
    assert install[4:] == ["numpy==1.26.0", "scipy>=1,<2"]


@pytest.mark.parametrize("python", ["3.11.7; touch canary", "$(touch canary)", "../bin/evil", 3, None])
def test_a_package_does_not_choose_what_is_run(tmp_path, python):
    folder = package(tmp_path / "model", "numpy\n")
    document = {"flavors": {"python_function": {"python_version": python}}}
    assert rebuild_command(folder, document).startswith(f"python3 -m venv {ENVIRONMENT} && ")


def test_without_requirements_the_environment_alone_is_made(tmp_path):
    (tmp_path / "model").mkdir()
    assert rebuild_command(tmp_path / "model", THIS_PYTHON) == f"python{MINOR} -m venv {ENVIRONMENT}"


@pytest.mark.process
@pytest.mark.slow  # it makes an environment
def test_the_command_rebuilds_the_environment(tmp_path):
    toy = wheel(tmp_path, "fitprint_rebuilt_toy")
    folder = package(tmp_path / ODD, f"fitprint_rebuilt_toy @ {toy.as_uri()}  # local\n-c constraints.txt\n")
    (folder / "constraints.txt").write_text("fitprint_rebuilt_toy==1.0\n")
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    (bin_folder / f"python{MINOR}").symlink_to(Path(sys.base_prefix, "bin", f"python{MINOR}"))
    environment = {**os.environ, "PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}", "PIP_NO_INDEX": "1"}
    command = rebuild_command(folder, THIS_PYTHON)
    subprocess.run(["sh", "-c", command], check=True, env=environment, capture_output=True, timeout=300)
    code = "import fitprint_rebuilt_toy; print(fitprint_rebuilt_toy.VALUE)"
    done = subprocess.run([f"{ENVIRONMENT}/bin/python", "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "42\n"
    assert not Path("canary").exists()
