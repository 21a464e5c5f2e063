"""What is installed to rebuild the environment of a package: what its files say, but not where it comes from."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from fitprint._packages.environment_plan import plan_of
from fitprint._packages.interpreters import interpreter_of
from fitprint.models.errors import PackageError
from fitprint.models.package_requirements import recorded_environment
from fitprint.serving.dockerfile import dockerfile

DOCUMENT = {"flavors": {"python_function": {"loader_module": "mlflow.pyfunc.model", "python_version": "3.12.4"}}}
VIRTUALENV = "python: 3.11.7\nbuild_dependencies:\n- pip==23\ndependencies:\n- -r requirements.txt\n"
CONDA = """\
channels: [conda-forge]
dependencies:
- python=3.11.9
- pip<=24.0
- cudatoolkit=11.8
- numpy=1.26.4
- pip:
  - mlflow==2.22.0
  - cloudpickle==3.1.0
name: mlflow-env
"""


NAMES = {
    "python_env": "python_env.yaml",
    "requirements": "requirements.txt",
    "constraints": "constraints.txt",
    "conda": "conda.yaml",
    "code": "code/mine.py",
}


def _package(**files: str) -> Path:
    folder = Path("package")
    (folder / "code").mkdir(parents=True)
    for name, text in files.items():
        (folder / NAMES[name]).write_text(text)
    return folder


def test_python_env_and_requirements_come_before_conda():
    folder = _package(python_env=VIRTUALENV, requirements="numpy==2.1.0\n# a remark\n\nscipy>=1\n", conda=CONDA)
    plan = plan_of(folder, DOCUMENT)
    assert (plan.python, plan.requirements, plan.left_out) == ("3.11.7", ("numpy==2.1.0", "scipy>=1"), ())


def test_requirements_alone_are_enough_and_the_python_is_that_of_mlmodel():
    plan = plan_of(_package(requirements="-c constraints.txt\nnumpy\n", constraints="scipy<2\n"), DOCUMENT)
    assert (plan.python, plan.requirements, plan.constraints) == ("3.12.4", ("numpy",), ("scipy<2",))


def test_of_conda_the_lines_for_python_and_pip_count_and_the_others_are_told():
    plan = plan_of(_package(conda=CONDA), DOCUMENT)
    assert (plan.python, plan.requirements) == ("3.11.9", ("cloudpickle==3.1.0",))
    assert plan.left_out == (
        ("cudatoolkit=11.8", "only conda installs it"),
        ("numpy=1.26.4", "only conda installs it"),
        ("mlflow==2.22.0", "fitprint serves without it"),
    )


def test_mlflow_is_left_out_unless_the_code_of_the_package_imports_it():
    folder = _package(requirements="mlflow>=2.8,<4\nnumpy\n", code="import os\nfrom mlflow import log_metric\n")
    assert plan_of(folder, DOCUMENT).requirements == ("mlflow>=2.8,<4", "numpy")
    (folder / "code/mine.py").write_text("import os\n")
    plan = plan_of(folder, DOCUMENT)
    assert (plan.requirements, plan.left_out) == (("numpy",), (("mlflow>=2.8,<4", "fitprint serves without it"),))


@pytest.mark.parametrize(
    "line",
    [
        "--index-url https://evil.example/simple",
        "--extra-index-url=https://evil.example/simple",
        "-i https://evil.example/simple",
        "--find-links /tmp",
        "--trusted-host evil.example",
        "--pre",
        "-e .",
        "./wheels/mine.whl",
        "/tmp/mine",
        "https://evil.example/mine.whl",
        "git+https://evil.example/mine",
        "mine @ https://evil.example/mine.whl",
        "mine @ file:///tmp/mine.whl",
        "numpy; rm -rf /",
        "numpy --global-option=x",
        "-r ../outside.txt",
        "-r nowhere.txt",
        "-r https://evil.example/lines.txt",
    ],
)
@pytest.mark.parametrize("file", ["requirements.txt", "python_env.yaml", "conda.yaml", "constraints.txt"])
def test_lines_that_say_where_from_are_refused(line, file):
    Path("outside.txt").write_text("numpy\n")
    quoted = line.replace("'", "''")
    texts = {
        "requirements.txt": {"requirements": f"numpy\n{line}\n"},
        "python_env.yaml": {"python_env": f"python: 3.11.7\ndependencies:\n- '{quoted}'\n"},
        "conda.yaml": {"conda": f"dependencies:\n- python=3.11\n- pip:\n  - '{quoted}'\n"},
        "constraints.txt": {"requirements": "-c constraints.txt\nnumpy\n", "constraints": f"{line}\n"},
    }
    with pytest.raises(PackageError, match="its environment is not rebuilt") as raised:
        plan_of(_package(**texts[file]), DOCUMENT)
    assert "--env PYTHON" in str(raised.value)
    assert line[3:20] in str(raised.value)  # below a file of constraints, -r means -c
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "texts",
    [
        {"python_env": "- no mapping\n"},
        {"python_env": "dependencies: text\n"},
        {"python_env": "a: &a [*a]\n"},
        {"conda": "dependencies: 3\n"},
        {"requirements": "numpy\n-r requirements.txt\n"},
    ],
)
def test_broken_files_are_refused(texts):
    with pytest.raises(PackageError, match="its environment is not rebuilt"):
        plan_of(_package(**texts), DOCUMENT)


def test_a_package_that_says_nothing_is_told_the_way_out():
    with pytest.raises(PackageError, match=r"has no file that says what its environment was.*--env PYTHON"):
        plan_of(_package(), DOCUMENT)


def test_fitprint_its_serving_and_the_plugins_are_added():
    flavors = {"flavors": {**DOCUMENT["flavors"], "sklearn": {}, "lightning": {}, "unheard_of": {}}}
    own = plan_of(_package(requirements="numpy\n"), flavors).own
    copied = {part.distribution.name: part.source.name for part in own.copied}
    assert copied["fitprint"] == "fitprint"
    assert copied["fitprint-sklearn"] == "fitprint_sklearn"
    names = {line.replace("<", ">").replace("~", ">").partition(">")[0] for line in own.requirements}
    assert names >= {"starlette", "uvicorn", "prometheus-client", "pandas", "numpy", "cloudpickle"}
    assert "fitprint" not in names
    # a plugin that is not installed here is left to the index, under the name that fitprint's extra has for it
    assert ("fitprint-lightning" in copied) != ("fitprint-lightning" in names)
    assert not any("unheard" in name for name in names | {*copied})


def test_versions_of_python_are_read_as_text():
    folder = _package(python_env="python: 3.10\ndependencies: [numpy]\n")  # YAML reads the number 3.1
    assert recorded_environment(folder, DOCUMENT).python == "3.12.4"
    folder.joinpath("python_env.yaml").write_text("python: '3.10'\ndependencies: [numpy]\n")
    assert recorded_environment(folder, DOCUMENT).python == "3.10"


@pytest.mark.parametrize("end", ["\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029"])
def test_no_line_is_two_lines_for_pip(end):
    """Within the quotes of a marker any character may stand, and pip breaks the lines of a file at these ones too."""
    folder = _package(requirements=f'numpy; extra == "{end}--index-url=https://example.org"\n')
    with pytest.raises(PackageError, match="is not a requirement by name"):
        plan_of(folder, DOCUMENT)


def test_digits_of_other_scripts_are_no_version_of_python():
    folder = _package(python_env="python: '\u0663.\u0661\u0661'\ndependencies: [numpy]\n")
    assert plan_of(folder, DOCUMENT).python == "3.12.4"


@pytest.mark.process
def test_a_python_before_its_release_has_an_interpreter_and_an_image():
    version = "{}.{}rc1".format(*sys.version_info)
    assert interpreter_of(version) == sys.executable
    folder = _package(python_env=f"python: {version}\ndependencies: [numpy]\n")
    assert "\nFROM python:{}.{}-slim\n".format(*sys.version_info) in dockerfile(folder, DOCUMENT)
