"""A program under `fitprint run` behaves as it does without: what it sees, what it prints, how it ends."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time

import pytest

RUN = (sys.executable, "-m", "fitprint", "run")
PYTHON = sys.executable

STATE = """
import os, sys, warnings
print(sys.argv, sys.orig_argv, sys.executable, os.path.basename(__file__))
print(__name__, __package__, __spec__ and __spec__.name)
print(sys.path, sorted(sys.path_importer_cache), sys.flags, sys.warnoptions, sys._xoptions)
print(warnings.filters, os.getcwd(), sys.stdin.read(), sys.stdin.isatty(), os.getppid() == int(os.environ["PARENT"]))
print(sorted(sys.modules), [type(finder).__name__ for finder in sys.meta_path if type(finder).__name__ != "_Waiting"])
ours = ("PYTHONPATH", "_FITPRINT_RUN", "FITPRINT_STORE")
print({name: value for name, value in os.environ.items() if name not in ours})
import signal
print([(number, signal.getsignal(number)) for number in sorted(signal.valid_signals()) if number not in (9, 19)][:31])
print(sorted(os.listdir("/proc/self/fd")), sys.getrecursionlimit(), os.umask(0o22))
"""


@pytest.fixture
def parent():
    return {"PARENT": str(os.getpid())}


def test_what_a_script_sees(write, compared, parent):
    write("program.py", STATE)
    bare = compared(
        PYTHON,
        "program.py",
        "-x",
        "--store",
        "y",
        "--",
        "-m",
        "a b",
        under=("program.py", "-x", "--store", "y", "--", "-m", "a b"),
        env=parent,
        stdin="its input",
    )
    assert "['program.py', '-x', '--store', 'y', '--', '-m', 'a b']" in bare.stdout
    assert "its input" in bare.stdout


def test_what_a_script_sees_under_its_own_interpreter_and_variables(write, compared, parent):
    write("program.py", STATE)
    write("lib/own.py", "")
    more = {**parent, "PYTHONPATH": "lib", "PYTHONWARNINGS": "error", "PYTHONDONTWRITEBYTECODE": "1"}
    for path in ("lib", "", f"{os.pathsep}lib", f"lib{os.pathsep}"):
        words = (PYTHON, "-X", "dev", "-W", "default", "-bu", "program.py", "x")
        bare = compared(*words, env={**more, "PYTHONPATH": path})
        assert "dev_mode=True" in bare.stdout


@pytest.mark.parametrize("options", [("-u",), ("-X", "dev", "-W", "error"), ("-OO", "-Bu", "-Wdefault")])
def test_the_options_of_the_interpreter_are_the_script_s(write, start, compared, parent, options):
    write("program.py", STATE + "\nprint(type(sys.stdout.buffer))")
    bare = start(PYTHON, *options, "program.py", "x", env=parent)
    ours = start(PYTHON, *options, "-m", "fitprint", "run", "program.py", "x", env=parent)
    assert (ours.stdout, ours.stderr, ours.returncode) == (bare.stdout, bare.stderr, 0)


def test_what_a_module_and_a_package_see(write, compared, parent):
    write("program.py", STATE)
    write("package/__init__.py", "")
    write("package/__main__.py", STATE)
    write("package/inner/run.py", STATE)
    for name in ("program", "package", "package.inner.run"):
        bare = compared(PYTHON, "-m", name, "-x", "--store", "y", under=("-m", name, "-x", "--store", "y"), env=parent)
        assert "'-x', '--store', 'y'" in bare.stdout
        assert bare.returncode == 0


def test_a_folder_with_a_main_is_a_script(write, compared, parent):
    write("program/__main__.py", STATE)
    compared(PYTHON, "program", "x", under=("program", "x"), env=parent)


def test_the_console_script(write, start, parent):
    write("program.py", STATE)
    bare = start(PYTHON, "program.py", "-v", env=parent)
    ours = start(os.path.join(os.path.dirname(PYTHON), "fitprint"), "run", "program.py", "-v", env=parent)
    assert (ours.stdout, ours.stderr, ours.returncode) == (bare.stdout, bare.stderr, 0)


@pytest.mark.parametrize(
    ("ending", "status"),
    [
        ("sys.exit(3)", 3),
        ("sys.exit('a word')", 1),
        ("raise ValueError('its own')", 1),
        ("import nosuchmodule", 1),
        ("os._exit(77)", 77),
        ("import atexit; atexit.register(print, 'the end'); open('nosuch')", 1),
        ("os.kill(os.getpid(), signal.SIGKILL)", -9),
        ("os.kill(os.getpid(), signal.SIGSEGV)", -11),
        ("signal.raise_signal(signal.SIGINT)", -2),
        ("this is no Python", 1),
    ],
)
def test_how_a_program_ends(write, compared, ending, status):
    write("program.py", f"import os, signal, sys\nprint('began')\nsys.stdout.flush()\n{ending}\n")
    assert compared(PYTHON, "program.py", under=("program.py",)).returncode == status


def test_what_a_shell_says_of_a_program_that_was_killed(write, start):
    write("program.py", "import os, signal\nos.kill(os.getpid(), signal.SIGTERM)\n")
    done = start("bash", "-c", f"{PYTHON} -m fitprint run program.py; echo $?")
    assert done.stdout == "143\n"


def test_errors_of_a_recorded_program_have_their_own_tracebacks(write, start, toy, recorded):
    text = "import toylearn\nif __name__ == '__main__':\n    toylearn.Mean().fit([1])\n    import nosuch_sub\n"
    write("program.py", text)
    bare = start(PYTHON, "program.py")
    ours = start(*RUN, "--quiet", "program.py")
    assert (ours.stdout, ours.stderr, ours.returncode) == (bare.stdout, bare.stderr, 1)
    assert recorded() == ["Mean"]


def test_the_process_is_the_program_s_own(write, start):
    """Signals reach it, nothing stands between it and whoever started it."""
    write("program.py", "import os; print(os.getpid(), os.getppid())")
    with subprocess.Popen([*RUN, "program.py"], stdout=subprocess.PIPE, text=True) as process:
        said = process.stdout.read().split()
    assert said == [str(process.pid), str(os.getpid())]


HANDLERS = """
import signal, sys, time

def handle(number, frame):
    print("got", number, flush=True)
    sys.exit(5)

if "handles" in sys.argv:
    signal.signal(signal.SIGTERM, handle)
try:
    print("ready", flush=True)
    time.sleep(300)
except KeyboardInterrupt:
    print("interrupted", flush=True)
    sys.exit(6)
"""


@pytest.mark.process
@pytest.mark.parametrize(
    ("sent", "word", "said", "status"),
    [
        (signal.SIGTERM, "handles", "got 15\n", 5),
        (signal.SIGTERM, "plain", "", -15),
        (signal.SIGINT, "plain", "interrupted\n", 6),
        (signal.SIGHUP, "plain", "", -1),
    ],
)
def test_signals_are_the_program_s(write, sent, word, said, status):
    write("program.py", HANDLERS)
    with subprocess.Popen([*RUN, "program.py", word], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(sent)
        assert process.stdout.read() == said
    assert process.returncode == status


def test_ctrl_c_and_the_terminal_are_the_program_s(write):
    write("program.py", HANDLERS.replace('print("ready"', 'print("ready", sys.stdin.isatty(), sys.stdout.isatty()'))
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(PYTHON, [*RUN, "program.py"])
    shown, until = b"", time.monotonic() + 120
    typed = False
    while time.monotonic() < until:
        if select.select([terminal], [], [], 1)[0]:
            try:
                read = os.read(terminal, 1000)
            except OSError:
                break
            shown += read
            if b"True\r\n" in shown and not typed:
                os.write(terminal, b"\x03")
                typed = True
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 6
    os.close(terminal)
    assert b"ready True True" in shown
    assert b"interrupted" in shown


def test_signals_that_python_ignores_are_not_ignored_in_other_commands(compared):
    ignored = compared("bash", "-c", "grep ^SigIgn /proc/$$/status; yes | head -1; echo ${PIPESTATUS[@]}")
    assert "141 0" in ignored.stdout


def test_a_signal_that_was_ignored_stays_so(compared):
    command = "import signal; print(*(int(signal.getsignal(number)) for number in (2, 1)))"

    def ignore():
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    bare = compared(PYTHON, "-c", command, preexec_fn=ignore)
    assert bare.stdout == "1 1\n"


def test_input_is_the_program_s_from_its_first_byte(write, compared):
    write("program.py", "import sys\nfor line in sys.stdin: print(line.upper(), end='')\n")
    assert compared(PYTHON, "program.py", under=("program.py",), stdin="a\nb\n").stdout == "A\nB\n"
    assert compared("cat", stdin="a\nb\n").stdout == "a\nb\n"


def test_other_commands_and_their_variables(compared):
    bash = "echo $0 $1 $LC_CTYPE $LANG; env | grep -v -e PYTHONPATH -e FITPRINT | sort; exit 4"
    c_locale = {"LC_ALL": None, "LANG": None, "LC_CTYPE": None}
    assert compared("bash", "-c", bash, "zero", "--store").returncode == 4
    assert "LC_CTYPE" not in compared("bash", "-c", bash, env=c_locale).stdout
    assert "LC_CTYPE=C" in compared("bash", "-c", bash, env={**c_locale, "LC_CTYPE": "C"}).stdout


def test_a_script_that_is_executable(write, compared, launched):
    write("work.sh", "#!/bin/bash\necho $0 $@; exit 2\n").chmod(0o755)
    write("plain.sh", "echo $0 $@; exit 2\n").chmod(0o755)
    assert compared("./work.sh", "a").stdout == "./work.sh a\n"
    assert launched("./plain.sh", "a", status=2).stdout == "./plain.sh a\n"


def test_commands_that_cannot_be_run(write, launched):
    write("file.txt", "").chmod(0o644)
    assert launched("nosuch-command", status=127).stderr == "fitprint: nosuch-command: command not found\n"
    assert launched("./file.txt", status=126).stderr == "fitprint: ./file.txt: Permission denied\n"
    assert re.search("No such option:? '?--stor", launched("--stor", "x", "train.py", status=2).stderr)
    assert "Missing argument 'COMMAND [ARGUMENT]...'" in launched(status=2).stderr
    assert "can't open file" in launched("nosuch.py", status=2).stderr
    assert "cannot be read" in launched("--max-model-size", "much", "train.py", status=2).stderr


def test_a_python_that_ignores_variables_is_refused(start):
    for option in ("-I", "-E", "-S"):
        done = start(
            PYTHON,
            option,
            "-c",
            f"import sys; sys.path[:] = {sys.path!r}; import fitprint.cli as c; c.main()",
            "run",
            "true",
        )
        assert done.returncode == 2
        assert "run `fitprint run` without these options" in done.stderr


def test_a_script_found_on_the_path_alone_is_a_command(write, launched, tmp_path):
    write("bin/tool.py", "#!/bin/sh\necho by the shell\n").chmod(0o755)
    path = f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"
    assert launched("tool.py", env={"PATH": path}).stdout == "by the shell\n"
    write("tool.py", "print('by Python')")
    assert launched("tool.py", env={"PATH": path}).stdout == "by Python\n"


@pytest.mark.parametrize(
    ("words", "options"),
    [
        (["-m", "fitprint", "run", "x.py"], []),
        (["-u", "-Werror", "-X", "dev", "-m", "fitprint", "run"], ["-u", "-Werror", "-X", "dev"]),
        (["-Bum", "fitprint", "run", "-m", "x"], ["-Bu"]),
        (["-mfitprint", "run"], []),
        (["-uW", "ignore", "-Xm", "/bin/fitprint", "run", "-u"], ["-uW", "ignore", "-Xm"]),
        (["--check-hash-based-pycs", "never", "fitprint"], ["--check-hash-based-pycs", "never"]),
        (["-c", "main()", "run"], []),
        ([], []),
    ],
)
def test_which_options_the_interpreter_was_given(monkeypatch, words, options):
    from fitprint.cli.run import _interpreter_options

    monkeypatch.setattr(sys, "orig_argv", ["python", *words])
    assert _interpreter_options() == options
