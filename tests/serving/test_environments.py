"""`--env`: this environment, the package's own, which is rebuilt, or the one of an interpreter that the user names."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
import threading
from pathlib import Path

import pytest

import fitprint
from fitprint.models import mlmodel
from fitprint.models.errors import PackageError
from fitprint.serving.differing import differences_told
from fitprint.serving.environments import interpreter_for, variables_for

BASE = Path(sys.base_prefix) / ("python.exe" if os.name == "nt" else "bin/python3")
"""An interpreter without fitprint."""
LEAST = ["cloudpickle", "numpy"]


MAKE = """
    import sys
    import fitprint
    sys.modules["mlflow"] = None

    class Sums(fitprint.pyfunc.PythonModel):
        def predict(self, context, model_input, params=None):
            return model_input.sum(axis=1).to_numpy()

    fitprint.pyfunc.save_model("package", python_model=Sums(), pip_requirements=sys.argv[1:])
"""


@pytest.fixture
def package(run_python):
    """Makes a package with requirements."""

    def make(requirements: list[str] = LEAST) -> Path:
        run_python(MAKE, *requirements)
        return Path("package")

    return make


def _asked(env: str, folder: Path, told: list[str], **options):
    return interpreter_for(
        env, folder, mlmodel.read(folder), tell=told.append, cache=Path("environments").absolute(), **options
    )


# ---- this environment


def test_the_differences_of_this_environment_are_told(package):
    folder = package(["numpy==0.9.0", "cloudpickle", "not-a-distribution-of-anybody"])
    lines = differences_told(folder, mlmodel.read(folder)).splitlines()
    assert lines[0] == "This environment differs from the one that the package was made in:"
    named = {line.split()[0]: line for line in lines[2:]}
    assert set(named) == {"numpy", "not-a-distribution-of-anybody"}
    assert "another major version" in named["numpy"]
    assert "missing" in named["not-a-distribution-of-anybody"]


def test_where_nothing_differs_nothing_is_told(package):
    folder = package()
    assert differences_told(folder, mlmodel.read(folder)) == ""


# ---- the interpreter that the user names


def test_an_interpreter_is_used_as_it_is(package):
    told: list[str] = []
    assert _asked(sys.executable, package(), told) == os.path.abspath(sys.executable)
    assert told == []
    assert not Path("environments").exists()
    assert variables_for(sys.executable) == dict(os.environ)


@pytest.mark.parametrize(
    ("env", "said"),
    [
        ("nowhere/python", "there is no such interpreter; give current, package"),
        ("conda", "there is no such interpreter"),
        (shutil.which("true"), "it does not run Python code"),
        (str(BASE), "cannot import fitprint with what serving needs"),
    ],
)
def test_what_is_no_interpreter_with_fitprint_is_refused(env, said, package):
    with pytest.raises(PackageError, match=said) as raised:
        _asked(env, package(), [])
    assert str(raised.value).startswith(f"--env {env}: ")
    if env == str(BASE):
        assert f"-m pip install 'fitprint[serve]=={fitprint.__version__}'" in str(raised.value)


# ---- the package's own environment: what is decided before anything is installed


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"digest": "0" * 64}, "not the digest given"),
        ({"trust": "no-pickle"}, "is not loaded with trust=no-pickle"),
        ({"trust": "verified"}, "does not verify"),
    ],
)
def test_trust_and_digest_are_checked_first(options, said, package):
    folder = package()
    if options.get("trust") == "verified":
        (folder / "requirements.txt").write_text("numpy\n")
    with pytest.raises(PackageError, match=said):
        _asked("package", folder, [], **options)
    assert not Path("environments").exists()


@pytest.mark.parametrize(
    ("python", "said"),
    [
        ("3.99.1", r"no Python 3\.99 was found on this machine.*--env PYTHON"),
        ("3.9.18", r"needs Python 3\.11 or newer"),
    ],
)
def test_a_python_that_is_not_here_is_an_error_with_the_way_out(python, said, package):
    folder = package()
    folder.joinpath("python_env.yaml").write_text(f"python: {python}\ndependencies: [-r requirements.txt]\n")
    with pytest.raises(PackageError, match=said) as raised:
        _asked("package", folder, [])
    assert "--env PYTHON" in str(raised.value)
    assert os.listdir("environments") == [] if Path("environments").exists() else True


def test_variables_of_this_process_do_not_reach_a_rebuilt_environment(monkeypatch):
    for name in ("PYTHONPATH", "PYTHONHOME", "PIP_TARGET"):
        monkeypatch.setenv(name, "elsewhere")
    variables = variables_for("package")
    assert not {"PYTHONPATH", "PYTHONHOME", "PIP_TARGET"} & set(variables)
    assert variables["PATH"] == os.environ["PATH"]


# ---- making one


@pytest.mark.slow
@pytest.mark.parametrize("trust", ["verified", "all"])
def test_nothing_is_built_unless_everything_is_trusted(monkeypatch, trust, package):
    """A distribution that has sources alone runs code of its author when it is installed."""
    Path("fitprint_has_no_such_wheel-1.0").mkdir()
    Path("fitprint_has_no_such_wheel-1.0/PKG-INFO").write_text(
        "Metadata-Version: 2.1\nName: fitprint_has_no_such_wheel\nVersion: 1.0\n"
    )
    ran = Path("ran").absolute()
    Path("fitprint_has_no_such_wheel-1.0/setup.py").write_text(
        f"open({str(ran)!r}, 'w').close()\nraise SystemExit(3)\n"
    )
    with tarfile.open("fitprint_has_no_such_wheel-1.0.tar.gz", "w:gz") as file:
        file.add("fitprint_has_no_such_wheel-1.0")
    for name in ("PIP_CONFIG_FILE", "PIP_NO_INDEX", "PIP_FIND_LINKS", "PIP_NO_BUILD_ISOLATION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("fitprint._packages.rebuild.uv_command", lambda: None)  # what follows is for pip
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(Path.cwd()))
    monkeypatch.setenv("PIP_NO_BUILD_ISOLATION", "0")  # in a variable this means: without isolation
    with pytest.raises(PackageError, match="The installer says"):
        _asked("package", package(["fitprint_has_no_such_wheel"]), [], trust=trust)
    assert ran.exists() == (trust == "all")
    assert os.listdir("environments") == [], "a half-made environment stays"


INSTALLERS = ("pip", "uv")


@pytest.fixture(params=INSTALLERS)
def installer(request, monkeypatch):
    """The tool that makes the environment: uv is used wherever it is found."""
    uv = shutil.which("uv") or shutil.which("uv", path=os.path.dirname(sys.executable))
    if request.param == "uv":
        if uv is None:
            pytest.skip("needs uv")
        monkeypatch.setenv("PATH", f"{os.path.dirname(uv)}{os.pathsep}{os.environ['PATH']}")
    else:
        folders = os.environ["PATH"].split(os.pathsep)
        monkeypatch.setenv("PATH", os.pathsep.join(folder for folder in folders if not os.path.exists(f"{folder}/uv")))
        monkeypatch.setattr("fitprint._packages.rebuild.uv_command", lambda: None)
    return request.param


@pytest.mark.slow
def test_an_environment_is_made_once_by_two_at_once_and_serves(installer, package, serve, monkeypatch):
    folder = package()
    conda = folder.joinpath("conda.yaml").read_text().replace("dependencies:\n", "dependencies:\n- cudatoolkit=11.8\n")
    for name in ("python_env.yaml", "requirements.txt"):
        folder.joinpath(name).unlink()
    folder.joinpath("conda.yaml").write_text(conda)
    told: list[list[str]] = [[], [], []]
    shown: list[str] = []
    found: list[str | None] = [None, None]

    def make(number: int) -> None:
        found[number] = interpreter_for(
            "package",
            folder,
            mlmodel.read(folder),
            tell=told[number].append,
            progress=shown.append,
            cache=Path("environments").absolute(),
        )

    at_once = 2 if installer == "uv" else 1  # pip takes minutes for what takes uv seconds
    threads = [threading.Thread(target=make, args=(number,)) for number in range(at_once)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    interpreter = found[0]
    assert interpreter is not None
    assert found[:at_once] == [interpreter] * at_once
    assert told[0][0] == "not installed: cudatoolkit=11.8 (only conda installs it)"
    assert any(line.startswith("making the environment: Python 3.") and line.endswith(installer) for line in told[0])
    assert any("kept for the next time" in line for line in told[0])
    assert any("numpy" in line for line in shown), "what the installer prints is handed on"
    assert _asked("package", folder, told[2]) == interpreter
    assert told[2][-1].endswith("made earlier")
    made = [name for name in os.listdir("environments") if "-" in name]
    assert len(made) == 1, "the environment of the second to finish is removed"

    code = (
        "import fitprint, json, sys; from importlib import metadata\n"
        "model = fitprint.load_model(sys.argv[1])\n"
        "import pandas; sums = model.predict(pandas.DataFrame({'a': [1, 2], 'b': [3, 4]}))\n"
        "names = sorted(d.name.lower() for d in metadata.distributions())\n"
        "print(json.dumps([fitprint.__version__, fitprint.__file__, list(map(int, sums)), names]))\n"
    )
    done = subprocess.run(
        [interpreter, "-P", "-c", code, str(folder)],
        capture_output=True,
        text=True,
        env=variables_for("package"),
        check=False,
    )
    assert done.returncode == 0, done.stderr
    version, place, sums, names = json.loads(done.stdout)
    assert (version, sums) == (fitprint.__version__, [4, 6])
    assert Path(place).is_relative_to(Path("environments").absolute())
    assert {"fitprint", "starlette", "uvicorn", "cloudpickle"} <= set(names)
    assert "mlflow" not in names
    assert "scikit-learn" not in names

    if installer == "uv":
        shutil.rmtree(Path("environments") / made[0])  # the user cleans the folder of caches
        Path("environments", f"{made[0].rpartition('-')[0]}-half").mkdir()
        again = _asked("package", folder, [])
        assert again is not None
        assert again != interpreter
        assert os.path.exists(again)

    if sys.platform == "linux":  # where a variable says where caches are
        monkeypatch.setenv("XDG_CACHE_HOME", str(Path.cwd()))
        Path("fitprint").mkdir()
        Path("fitprint/environments").symlink_to(Path("environments").absolute())
        server = serve(str(folder), "--env", "package")
        rows = {"dataframe_records": [{"a": 1, "b": 3}, {"a": 2, "b": 4}]}
        assert server.post("/invocations", rows).json() == {"predictions": [4, 6]}
        assert server.stop() == 0
        assert "made earlier" in server.told()
