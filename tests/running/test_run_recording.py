"""What is recorded under `fitprint run`: the program, every Python that it starts, and nothing twice."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import fitprint

PYTHON = sys.executable
TRAINS = """
import sys
import toylearn

class Named(toylearn.Base):
    pass

def train(name):
    type(name, (toylearn.Base,), {}).__call__().fit([1], [2])
    return name

if __name__ == "__main__":
    train(sys.argv[1] if sys.argv[1:] else "Own")
"""

pytestmark = pytest.mark.usefixtures("toy")


@pytest.fixture
def program(write):
    return write("program.py", TRAINS)


# ---- where, and how


def test_a_script_a_module_and_a_command_are_recorded(program, launched, recorded):
    launched("program.py", "Script")
    launched("-m", "program", "Module")
    launched(PYTHON, "program.py", "Command")
    launched("bash", "-c", f"{PYTHON} program.py InAShell && {PYTHON} program.py Second")
    assert recorded() == ["Command", "InAShell", "Module", "Script", "Second"]


def test_runs_say_what_was_run(program, launched, tmp_path):
    launched("program.py")
    (run,) = fitprint.runs(str(tmp_path / "fitprint-runs"))
    assert Path(run.tags["source"]).name == "program.py"
    assert run.models


def test_options_become_settings(program, launched, recorded, tmp_path):
    done = launched("--store", "mine", "--quiet", "--no-log-models", "--tags", "a=1", "--tags", "b=2", "program.py")
    assert done.stderr == ""
    (run,) = fitprint.runs(str(tmp_path / "mine"))
    assert (run.tags["a"], run.tags["b"], run.models) == ("1", "2", {})
    launched("--exclude-flavors", "toy", "--store", "none", "program.py")
    assert recorded(tmp_path / "none") == []


def test_an_option_wins_over_a_variable(program, launched, recorded, tmp_path):
    launched("--store", "given", "program.py", env={"FITPRINT_STORE": "variable"})
    assert recorded(tmp_path / "given") == ["Own"]
    assert not (tmp_path / "variable").exists()


@pytest.mark.parametrize(
    ("options", "variables", "place"),
    [((), {}, "fitprint-runs"), (("--store", "a/b"), {}, "a/b"), ((), {"FITPRINT_STORE": "c"}, "c")],
)
def test_the_store_is_that_of_the_launching_folder(write, launched, recorded, tmp_path, options, variables, place):
    write("program.py", f"import os\nos.mkdir('else')\nos.chdir('else')\n{TRAINS}")
    launched(*options, "program.py", env=variables)
    assert recorded(tmp_path / place) == ["Own"]
    assert not any((tmp_path / "else").iterdir())


def test_the_kill_switch(program, launched, compared, recorded):
    compared(PYTHON, "program.py", env={"FITPRINT_DISABLED": "1"})
    launched("--disabled", "program.py")
    assert recorded() == []


def test_what_the_environment_lacks_is_told_once_by_the_launcher(program, launched):
    done = launched("--flavors", "toy,nosuch", "bash", "-c", f"{PYTHON} program.py")
    assert "nosuch" not in done.stderr  # whose Python a command will use is not known
    done = launched("--flavors", "toy,nosuch", "program.py")
    assert done.stderr.count("no flavor is called 'nosuch'") == 1


# ---- the program's own word


@pytest.mark.parametrize(
    ("said", "place"),
    [
        ("fitprint.autolog(store='own')", "own"),
        ("fitprint.disable()", None),
        ("fitprint.autolog(disable=True)", None),
        ("fitprint.set_tracking_uri('own')", "own"),
        ("fitprint.toy.autolog(store='own')", "own"),
        ("fitprint.status()", "fitprint-runs"),
    ],
)
@pytest.mark.parametrize("first", [True, False])
def test_what_the_program_says_holds(write, launched, recorded, tmp_path, said, place, first):
    lines = [f"import fitprint\n{said}", "import toylearn"]
    write("program.py", "\n".join(lines if first else lines[::-1]) + "\ntoylearn.Mean().fit([1], [2])\n")
    launched("program.py")
    for name in ("own", "fitprint-runs"):
        assert recorded(tmp_path / name) == (["Mean"] if name == place else [])


def test_a_program_that_turned_recording_off_has_children_that_do_not_record(write, launched, recorded):
    write("program.py", TRAINS)
    write(
        "off.py",
        """
        import fitprint, multiprocessing, program, subprocess, sys

        if __name__ == "__main__":
            for method in ("spawn", "fork", "forkserver"):
                fitprint.disable()
                with multiprocessing.get_context(method).Pool(1) as pool:
                    pool.map(program.train, ["Off" + method])
            subprocess.run([sys.executable, "program.py", "Off"], check=True)
            fitprint.autolog()
            subprocess.run([sys.executable, "program.py", "OnAgain"], check=True)
        """,
    )
    launched("off.py")
    assert recorded() == ["OnAgain"]


def test_what_was_said_first_stays(toy, store):
    from fitprint._api.autolog import autolog_below_run

    fitprint.autolog(store="own")
    autolog_below_run()
    assert Path(fitprint.get_tracking_uri()).name == "own"
    fitprint.disable()
    autolog_below_run()
    toy.imported().Mean().fit([1], [2])
    assert not Path("own").exists()


def test_a_program_that_imports_fitprint_gets_it_as_ever(compared):
    script = (
        "import fitprint, sys; "
        "print(fitprint._core.lazy is sys.modules['fitprint._core.lazy'], fitprint.__loader__.__dict__)"
    )
    assert compared(PYTHON, "-c", script).stdout.startswith("True")


# ---- children


CHILDREN = """
import multiprocessing, subprocess, sys
from concurrent.futures import ProcessPoolExecutor

import program

def in_a_process(method):
    process = multiprocessing.get_context(method).Process(target=program.train, args=("Process_" + method,))
    process.start()
    process.join()
    assert process.exitcode == 0

if __name__ == "__main__":
    for method in ("spawn", "fork", "forkserver"):
        in_a_process(method)
        with multiprocessing.get_context(method).Pool(2) as pool:
            pool.map(program.train, ["Pool_" + method] * 2)
        with ProcessPoolExecutor(2, multiprocessing.get_context(method)) as pool:
            list(pool.map(program.train, ["Executor_" + method] * 2))
    subprocess.run([sys.executable, "program.py", "Subprocess"], check=True, cwd=sys.argv[1])
"""


def test_processes_of_the_standard_library_record(program, write, launched, recorded, tmp_path):
    (tmp_path / "else").mkdir()
    shutil.copy(program, tmp_path / "else")
    write("children.py", CHILDREN)
    launched("children.py", "else")
    expected = ["Subprocess"]
    for method in ("spawn", "fork", "forkserver"):
        expected += [f"Process_{method}", *[f"Pool_{method}"] * 2, *[f"Executor_{method}"] * 2]
    assert recorded() == sorted(expected)


def test_pytest_records_what_tests_train(write, launched, recorded):
    write("test_own.py", "import toylearn\n\ndef test_it():\n    assert toylearn.Mean().fit([1], [2]).mean_ == 2\n")
    write("bin/pytest", f"#!{PYTHON}\nimport sys, pytest\nsys.exit(pytest.main())\n").chmod(0o755)
    assert "1 passed" in launched("bin/pytest", "-q", "-p", "no:cacheprovider", "test_own.py").stdout
    launched("-m", "pytest", "-q", "-p", "no:cacheprovider", "test_own.py")
    assert recorded() == ["Mean", "Mean"]


def test_joblib_records_in_its_workers_once_each(program, write, launched, recorded):
    write(
        "parallel.py",
        """
        import joblib, program

        class Search(program.toylearn.Base):
            def fit(self, rows, labels=None):
                joblib.Parallel(2)(joblib.delayed(program.train)("Inside") for _ in range(4))
                self.mean_ = 0.0
                return self

        if __name__ == "__main__":
            joblib.Parallel(2)(joblib.delayed(program.train)("Task") for _ in range(3))
            Search().fit([1], [2])
        """,
    )
    launched("parallel.py")
    assert recorded() == ["Search", "Task", "Task", "Task"]


def test_a_child_whose_program_imports_no_framework_imports_nothing_of_ours(launched):
    script = "import sys; print([name for name in sys.modules if 'fitprint' in name or name == 'wrapt'])"
    assert launched("bash", "-c", f'{PYTHON} -c "{script}"').stdout == "[]\n"


def test_a_framework_that_is_not_there_is_looked_for_as_ever(launched):
    script = "import importlib.util as u, sys; print(u.find_spec('toylearn') is None, 'fitprint' in sys.modules)"
    assert launched(PYTHON, "-c", "import sys; sys.path.pop(1)\n" + script).stdout == "True False\n"


def test_nested_launchers_record_once(program, write, launched, recorded, tmp_path):
    run = f"{PYTHON} -m fitprint run"
    launched("bash", "-c", f"{run} program.py Inner; {run} {run} program.py Innermost")
    launched("--store", "outer", PYTHON, "-m", "fitprint", "run", "--store", "inner", "program.py", "Chosen")
    assert recorded() == ["Inner", "Innermost"]
    assert recorded(tmp_path / "inner") == ["Chosen"]
    assert recorded(tmp_path / "outer") == []
    script = "import os; print(os.environ['PYTHONPATH'].count('_bootstrap'))"
    assert launched(*f"{run} {run}".split(), PYTHON, "-c", script).stdout == "1\n"


# ---- the environment, and other interpreters


def test_the_variables_that_differ_are_those_that_are_said_to(launched, start):
    script = "import json, os; print(json.dumps(dict(os.environ)))"
    bare, ours = (json.loads(run(PYTHON, "-c", script).stdout) for run in (start, launched))
    assert {*ours} - {*bare} == {"FITPRINT_STORE", "_FITPRINT_RUN"}
    assert {name for name in bare if bare[name] != ours[name]} == {"PYTHONPATH"}
    assert ours["PYTHONPATH"].partition(os.pathsep)[2] == bare["PYTHONPATH"]


LAUNCHER_ASIDE = "import sys\nif 'fitprint' not in sys.orig_argv:  # which is a Python of its own\n    "


def test_the_user_s_own_sitecustomize_runs_once_and_as_ever(write, launched, compared, recorded, program, toy):
    told = "print('site', __name__, sys.path[0] != __file__, 'fitprint' in sys.modules)\nvalue = 1\n"
    write("first/sitecustomize.py", LAUNCHER_ASIDE + told)
    write("second/sitecustomize.py", "print('never')\n")
    path = os.pathsep.join(["first", "second", str(toy.site)])
    script = (
        "import sitecustomize, sys; print(sitecustomize.value, sitecustomize.__file__, sitecustomize.__spec__.origin)"
    )
    said = compared(PYTHON, "-c", script, env={"PYTHONPATH": path}).stdout
    assert said.startswith("site sitecustomize True False\n1 ")
    assert launched("program.py", env={"PYTHONPATH": path}).stdout.count("site sitecustomize") == 1
    assert recorded() == ["Own"]


@pytest.mark.parametrize("text", ["raise ValueError('theirs')", "import nosuch", "import toylearn.x", "exec('1 +')"])
def test_an_error_of_the_user_s_own_sitecustomize_is_reported_as_ever(write, compared, text):
    write("own/sitecustomize.py", LAUNCHER_ASIDE + text)
    said = compared(PYTHON, "-c", "print(1)", env={"PYTHONPATH": f"own{os.pathsep}{os.environ['PYTHONPATH']}"})
    assert "Error in sitecustomize" in said.stderr
    assert said.stdout == "1\n"


def test_a_sitecustomize_that_trains_is_recorded(write, launched, recorded, toy):
    write("own/sitecustomize.py", TRAINS.replace('"__main__"', '"sitecustomize"'))
    launched(PYTHON, "-c", "", env={"PYTHONPATH": f"own{os.pathsep}{toy.site}"})
    assert recorded() == ["Own"]


def test_usercustomize_runs_too(write, compared, tmp_path):
    (version,) = {f"python{sys.version_info[0]}.{sys.version_info[1]}"}
    write(f"base/lib/{version}/site-packages/usercustomize.py", "print('user')")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", "--system-site-packages", "env"], check=True)
    said = compared(
        tmp_path / "env/bin/python",
        "-c",
        "print(1)",
        env={"PYTHONUSERBASE": str(tmp_path / "base")},
        under=("bash", "-c", 'env/bin/python -c "print(1)"; true'),
    )
    assert said.stdout == "user\n1\n"


@pytest.fixture
def foreign(tmp_path):
    """An interpreter of an environment without fitprint."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "foreign")], check=True)
    return tmp_path / "foreign" / "bin" / "python"


def test_an_interpreter_without_fitprint_runs_unharmed(program, compared, launched, recorded, foreign):
    words = ("bash", "-c", f"{foreign} program.py; {foreign} -c 'import sys; print(sys.path)'; exit 3")
    assert compared(*words).returncode == 3
    told = launched(foreign, "program.py").stderr
    assert told == f"fitprint: nothing is recorded: fitprint is not installed for {foreign}\n"
    assert recorded() == []


def test_an_interpreter_of_another_environment_records_if_it_can(program, launched, recorded, foreign):
    site = next(foreign.parents[1].glob("lib/python*/site-packages"))
    (site / "all.pth").write_text("\n".join(folder for folder in sys.path if folder.endswith(("site-packages", "src"))))
    launched("bash", "-c", f"{foreign} program.py Another; true")
    assert recorded() == ["Another"]


@pytest.mark.parametrize("options", ["-I", "-E", "-S", "-s", "-P", "-IS", "-Iu -X dev", "-O"])
def test_interpreters_under_other_options_run_unharmed(program, compared, recorded, options):
    words = ("bash", "-c", f"{PYTHON} {options} -c 'import sys; print(sys.argv, sys.flags)' a; exit 3")
    assert compared(*words).returncode == 3


def test_a_broken_fitprint_leaves_the_program_unharmed(program, launched, recorded, write, foreign):
    site = next(foreign.parents[1].glob("lib/python*/site-packages"))
    (site / "toy.pth").write_text(os.environ["PYTHONPATH"])
    for text, said in (("1 +", "SyntaxError"), ("raise ValueError('x')", "ValueError: x"), ("import nosuch", "nosuch")):
        (site / "fitprint.py").write_text(text)
        done = launched(foreign, "program.py")
        assert done.stderr.startswith("fitprint: nothing is recorded: ")
        assert said in done.stderr


def test_modules_of_the_user_s_with_the_names_of_python_s_own(write, start):
    names = ("calendar", "queue", "token", "secrets", "csv", "statistics", "email", "wrapt", "packaging", "click")
    for name in names:
        write(f"{name}.py", f"who = 'the user, {name}'")
    write("program.py", "".join(f"import {name}\nprint({name}.who)\n" for name in names))
    script = Path(PYTHON).with_name("fitprint")  # `python -m fitprint` looks in the folder first
    bare = start(PYTHON, "program.py").stdout
    assert bare.count("the user") == len(names)
    assert start(script, "run", "program.py").stdout == bare


def test_the_bootstrap_can_be_read_by_other_versions_of_python():
    import ast

    from fitprint._core import launch as _launched

    (file,) = Path(_launched.BOOTSTRAP).glob("*.py")  # with nothing beside it: under -S the folder stays on the path
    text = file.read_text("ascii")
    ast.parse(text, feature_version=(3, 4))
    assert f'VARIABLE = "{_launched.VARIABLE}"' in text
