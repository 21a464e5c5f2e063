"""Changes a file of the core in one small way at a time, and reports the changes that no test notices.

    python tests/mutation/run.py _core/guard.py _runs --sample 40 --jobs 2

Each change (a mutant) is made in a copy of the tree, where the tests that concern the file run until one fails. A
mutant that survives is printed as a diff: a test is missing, or the line that was changed is not needed, or the change
makes no difference, which only a reader can tell. The exit status is 1 if any mutant survives.
`README.md` says what the last run found.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import os
import queue
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = Path("src", "fitprint")
COPIED = ("src", "tests", "docs", "conftest.py", "pyproject.toml", "README.md")

QUICK = "not process and not slow and not series and not mlflow"
"""The tests that run for each mutant, by default: those that start no process."""

_RUN_TESTS = ("tests/runs", "tests/testing/test_store_conformance.py", "tests/faults/test_resting_store.py")
TESTS = {
    "guard": ("tests/core/test_guard.py", "tests/core/test_state.py", "tests/faults/test_steps_fail_alone.py"),
    "locks": ("tests/core/test_locks.py", "tests/deaths/test_fork_after_threads.py"),
    "isolation": ("tests/core/test_quiet.py",),
    "call_scope": ("tests/core/test_session.py", "tests/runs/test_logging_to_runs.py", "tests/nesting"),
    "gc": ("tests/deaths/test_cleaning_at_once.py", *_RUN_TESTS, "tests/cli/test_gc_thinning.py"),
    "params": ("tests/privacy", *_RUN_TESTS),
    "_runs": _RUN_TESTS,
    "stores": ("tests/testing/test_store_conformance.py", "tests/runs", "tests/faults"),
}
"""The tests that concern a file or a folder, the likeliest to fail first; see tests/README.md."""

SWAPPED = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.And: ast.Or, ast.Or: ast.And,
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """A file with one node of it in another form."""

    file: Path
    line: int
    before: str
    after: str

    def diff(self) -> str:
        lines = difflib.unified_diff(
            self.before.splitlines(), self.after.splitlines(), str(self.file), lineterm="", n=1
        )
        return "\n".join(list(lines)[2:])


def mutants(file: Path) -> Iterator[Mutant]:
    text = (ROOT / file).read_text("utf-8")
    tree = ast.parse(text)
    for node in changeable(tree):
        for form in forms(node):
            changed = spliced(text, node, form)
            try:
                compile(changed, str(file), "exec")
            except SyntaxError:
                continue
            yield Mutant(file, node.lineno, text, changed)


def changeable(tree: ast.AST) -> Iterator[ast.AST]:
    """The nodes that do something: no annotations, no docstrings, nothing for type checkers alone."""
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        if isinstance(child, ast.AnnAssign):
            if child.value is not None:
                yield from changeable(ast.Expression(child.value))
            continue
        if isinstance(child, ast.arg) or (isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant)):
            continue
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            child.returns = None
        yield child
        yield from changeable(child)


def forms(node: ast.AST) -> Iterator[str]:  # noqa: C901  a table, in the form of a match statement
    """What a node is changed to."""
    match node:
        case ast.If(test=ast.Compare(ops=[ast.Is() | ast.IsNot() | ast.Eq() | ast.NotEq() | ast.In() | ast.NotIn()])):
            return  # the change of the comparison itself is the same
        case ast.If(test=ast.UnaryOp(op=ast.Not())):
            return
        case ast.If(test=test) | ast.While(test=test):
            yield f"not ({ast.unparse(test)})"
        case ast.Compare(ops=[ast.Lt() | ast.LtE() | ast.Gt() | ast.GtE()]) if "monotonic()" in ast.unparse(node):
            return  # no two moments are the same one
        case ast.IfExp():
            yield ast.unparse(ast.IfExp(node.test, node.orelse, node.body))
        case ast.Compare(ops=[operator]) if type(operator) in SWAPPED:
            yield ast.unparse(ast.Compare(node.left, [SWAPPED[type(operator)]()], node.comparators))
        case ast.BoolOp():
            yield f"({ast.unparse(ast.BoolOp(SWAPPED[type(node.op)](), node.values))})"
        case ast.UnaryOp(op=ast.Not()):
            yield f"({ast.unparse(node.operand)})"
        case ast.Constant(value=bool()):
            yield str(not node.value)
        case ast.Constant(value=int() | float()):
            yield str(node.value + 1)
        case ast.Return(value=value) if value is not None and not isinstance(value, ast.Constant):
            yield "return None"
        case ast.Break():
            yield "continue"
        case ast.Continue():
            yield "break"
        case ast.Expr() | ast.AugAssign() | ast.Raise() | ast.Delete():
            yield "pass"
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
            yield "pass"


def spliced(text: str, node: ast.AST, form: str) -> str:
    """The text with a node in another form; everything else stays as it is, comments too."""
    place = node.test if isinstance(node, ast.If | ast.While) else node
    starts = [0]
    for line in text.encode().splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    begin = starts[place.lineno - 1] + place.col_offset
    end = starts[place.end_lineno - 1] + place.end_col_offset
    return (text.encode()[:begin] + form.encode() + text.encode()[end:]).decode()


def tests_for(file: Path) -> tuple[str, ...]:
    for part in reversed(file.with_suffix("").parts):
        if part in TESTS:
            return TESTS[part]
    raise SystemExit(f"which tests concern {file}? Say so with --tests, or in TESTS of {Path(__file__).name}")


def run_tests(copy: Path, tests: tuple[str, ...], markers: str, seconds: float | None = None) -> tuple[bool, str]:
    """Whether all tests pass in a copy of the tree, and what pytest said."""
    environment = {**os.environ, "PYTHONPATH": str(copy / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-n", "0", "-p", "no:cacheprovider", "-m", markers, *tests]
    try:
        done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, timeout=seconds)
    except subprocess.TimeoutExpired:
        return False, "the tests hang"
    return done.returncode == 0, done.stdout[-3000:]


def copy_tree(place: str) -> Path:
    copy = Path(tempfile.mkdtemp(dir=place))
    for name in COPIED:
        (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, copy / name)
    return copy


def python_files(names: list[str]) -> Iterator[Path]:
    """The files below `src/fitprint` that the command line names, itself or by their folder."""
    for name in names:
        place = ROOT / SOURCE / name
        yield from (file.relative_to(ROOT) for file in (sorted(place.rglob("*.py")) if place.is_dir() else [place]))


def try_file(file: Path, options: argparse.Namespace, copies: list[Path]) -> str:
    """Try the mutants of one file. Returns how many of them were noticed, survived, and were not tried."""
    tests = tuple(options.tests or ()) or tests_for(file)
    everything = [mutant for mutant in mutants(file) if not options.lines or mutant.line in options.lines]
    chosen = everything
    if options.sample is not None and options.sample < len(everything):
        chosen = random.Random(options.seed).sample(everything, options.sample)
    free: queue.Queue[Path] = queue.Queue()
    for copy in copies:
        free.put(copy)
    began = time.monotonic()
    passed, said = run_tests(copies[0], tests, options.markers)
    if not passed:
        raise SystemExit(f"the tests fail without any change:\n{said}")
    limit = 30 + 5 * (time.monotonic() - began)

    def try_out(mutant: Mutant) -> str:
        if time.monotonic() > options.stop:
            return "not tried"
        copy = free.get()
        (copy / mutant.file).write_text(mutant.after, "utf-8")
        try:
            passed, _ = run_tests(copy, tests, options.markers, limit)
        finally:
            (copy / mutant.file).write_text(mutant.before, "utf-8")
            free.put(copy)
        if passed:
            print(f"\nsurvived: {mutant.file}:{mutant.line}\n{mutant.diff()}", flush=True)
        return "survived" if passed else "noticed"

    with ThreadPoolExecutor(options.jobs) as pool:
        results = list(pool.map(try_out, chosen))
    counts = ", ".join(f"{results.count(kind)} {kind}" for kind in ("noticed", "survived", "not tried"))
    return f"{file}: {len(chosen)} of {len(everything)} mutants: {counts}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", help="files below src/fitprint, or folders there")
    parser.add_argument("--tests", nargs="+", help="files or folders of tests, in place of those that TESTS names")
    parser.add_argument("--markers", default=QUICK, help="which of these tests, as for pytest's option -m")
    parser.add_argument("--lines", nargs="+", type=int, help="only mutants of these lines")
    parser.add_argument("--jobs", type=int, default=1, help="how many mutants are tested at once")
    parser.add_argument("--sample", type=int, help="how many mutants of a file, drawn at random; otherwise all")
    parser.add_argument("--seed", type=int, default=0, help="of the sample")
    parser.add_argument("--minutes", type=float, default=60.0, help="after these no further mutant is begun")
    options = parser.parse_args()
    options.stop = time.monotonic() + 60 * options.minutes
    results = []
    with tempfile.TemporaryDirectory() as folder:
        copies = [copy_tree(folder) for _ in range(options.jobs)]
        for file in python_files(options.files):
            results.append(try_file(file, options, copies))
            print(f"\n{results[-1]}", flush=True)
    return 0 if all(" 0 survived" in result for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
