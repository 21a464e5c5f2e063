"""What a repository says of a script: compared with git itself, which makes every repository here."""

from __future__ import annotations

import os
import random
import shutil
import signal
import struct
import subprocess
import zlib
from pathlib import Path

import hypothesis
import hypothesis.strategies as st
import pytest

from fitprint._core.git import index as git_index
from fitprint._core.git import state as git_state
from fitprint._core.git.state import CodeState, PatchScope, code_state

pytestmark = pytest.mark.process

ALL = PatchScope(10_000_000)
WHO = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b"}
APART = {**WHO, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, "GIT_CEILING_DIRECTORIES": "/"}


class Tree:
    """A working tree, and git in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def git(self, *arguments: str, text: str | None = None) -> str:
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.folder,
            env={**os.environ, **APART},
            input=text,
            capture_output=True,
            text=True,
            encoding="utf-8",
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def write(self, name: str, text: str | bytes = "x = 1\n") -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
        return path

    def commit(self, message: str = "a commit") -> str:
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")

    def state(self, name: str = "train.py", scope: PatchScope = ALL) -> CodeState | None:
        return code_state(str(self.folder / name), scope)


@pytest.fixture
def tree(tmp_path):
    folder = tmp_path / "project"
    folder.mkdir()
    made = Tree(folder)
    made.git("init", "-q", "-b", "main")
    made.write("train.py")
    made.write("package/module.py")
    made.write("package/table.csv", "a,b\n1,2\n")
    made.commit()
    return made


def test_the_commit(tree):
    commit = tree.git("rev-parse", "HEAD")
    for name in ("train.py", "package/module.py", "package/new.py"):
        assert tree.state(name).commit == commit
    tree.git("pack-refs", "--all")
    assert tree.state().commit == commit
    tree.git("checkout", "-q", "--detach")
    assert tree.state().commit == commit
    assert tree.state().dirty is False


def test_a_repository_without_a_commit(tmp_path):
    tree = Tree(tmp_path)
    tree.git("init", "-q")
    tree.write("train.py")
    tree.git("add", "-A")
    assert tree.state() is None


def test_a_worktree_has_a_commit_and_changes_of_its_own(tree, tmp_path):
    outer = tree.git("rev-parse", "HEAD")
    tree.git("worktree", "add", "-q", "-b", "other", str(tmp_path / "other"))
    other = Tree(tmp_path / "other")
    assert (other.folder / ".git").is_file()
    other.write("train.py", "x = 2\n")
    inner = other.commit()
    other.write("train.py", "x = 3\n")
    assert (tree.state().commit, tree.state().dirty) == (outer, False)
    assert (other.state().commit, other.state().dirty) == (inner, True)
    assert "-x = 2\n+x = 3\n" in other.state().patch
    other.git("pack-refs", "--all")
    assert other.state().commit == inner


def test_a_submodule_has_the_commit_of_its_own(tree, tmp_path):
    part = Tree(tmp_path / "part")
    part.folder.mkdir()
    part.git("init", "-q")
    part.write("train.py")
    commit = part.commit()
    tree.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(part.folder), "part")
    tree.commit()
    assert tree.state("part/train.py").commit == commit
    assert tree.state().dirty is False


def test_a_repository_outside_that_does_not_track_the_project_is_not_meant(tree):
    tree.write(".gitignore", "runs/\n")
    commit = tree.commit()
    tree.write("runs/train.py")
    tree.write("another/project/train.py")
    assert tree.state("runs/train.py") is None
    assert tree.state("another/project/train.py") is None
    tree.git("add", "another")
    assert tree.state("another/project/train.py").commit == commit


def test_a_home_folder_under_git_is_not_the_repository_of_a_script_in_it(tmp_path):
    home = Tree(tmp_path)
    home.git("init", "-q")
    home.write(".bashrc")
    home.commit()
    home.write("train.py")
    assert home.state() is None


def test_no_repository(tmp_path):
    (tmp_path / ".git").mkdir()
    assert code_state(str(tmp_path / "train.py"), ALL) is None
    shutil.rmtree(tmp_path / ".git")
    (tmp_path / ".git").write_text("gitdir: nowhere")
    assert code_state(str(tmp_path / "train.py"), ALL) is None


def changed(tree):
    (tree.folder / "package/module.py").write_text("x = 2\n")


def of_one_size_and_second(tree):
    path = tree.folder / "package/module.py"
    about = path.stat()
    path.write_text("x = 3\n")
    os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns // 10**9 * 10**9 + 1))


def staged(tree):
    changed(tree)
    tree.git("add", "-A")


def staged_and_taken_back(tree):
    staged(tree)
    (tree.folder / "package/module.py").write_text("x = 1\n")


def added(tree):
    tree.write("package/deep/new.py")
    tree.git("add", "-A")


def deleted(tree):
    (tree.folder / "package/module.py").unlink()


def removed(tree):
    tree.git("rm", "-q", "-r", "package")


def untracked_script(tree):
    tree.git("rm", "-q", "--cached", "train.py")


@pytest.mark.parametrize(
    "change",
    [changed, of_one_size_and_second, staged, staged_and_taken_back, added, deleted, removed, untracked_script],
)
def test_what_differs_from_the_commit(tree, change):
    assert tree.state().dirty is False
    assert tree.state().changed == ()
    change(tree)
    assert tree.state().dirty is True
    expected = tree.git("diff", "--name-only", "HEAD").split() or ["package/module.py"]
    assert set(tree.state().changed) >= set(expected)


def test_a_script_that_is_not_tracked_is_a_difference(tree):
    tree.write("new.py")
    assert (tree.state().dirty, tree.state("new.py").dirty) == (False, True)


def touched(tree):
    os.utime(tree.folder / "package/module.py", (0, 0))


def windows_line_ends(tree):
    tree.git("config", "core.autocrlf", "true")
    (tree.folder / "package/module.py").write_bytes(b"x = 1\r\n")


def a_file_beside(tree):
    tree.write("notes.txt")


def executable(tree):
    (tree.folder / "train.py").chmod(0o755)
    tree.git("add", "-A")
    tree.git("commit", "-q", "-m", "executable")


@pytest.mark.parametrize("change", [touched, windows_line_ends, a_file_beside, executable])
def test_what_does_not_differ_from_the_commit(tree, change):
    change(tree)
    assert (tree.state().dirty, tree.state().changed, tree.state().reason) == (False, (), "")


def test_git_applies_the_patch(tree, tmp_path):
    """Of a repository with a history in a pack, in each version of the index."""
    pick = random.Random(7)
    names = [f"package/part{n % 5}/module{n}.py" for n in range(40)]
    for _ in range(4):
        for name in names:
            tree.write(name, "\n".join(f"x{n} = {pick.randrange(4)}" for n in range(60)))
        tree.commit()
    tree.write("package/with a name, ä.py", "ö = 1\n")
    (tree.folder / "link.py").symlink_to("train.py")
    commit = tree.commit()
    tree.git("gc", "-q")
    for version in (2, 3, 4):
        tree.git("update-index", "--index-version", str(version))
        for name in names[:10]:
            lines = (tree.folder / name).read_text().split("\n")
            for _ in range(5):
                lines[pick.randrange(len(lines))] = f"changed = {pick.random()}"
            tree.write(name, "\n".join(lines))
        tree.write("package/with a name, ä.py", "ö = 2")
        tree.write("package/module.py", "")
        (tree.folder / names[11]).unlink(missing_ok=True)
        tree.write("package/added.py", "a\nb\n")
        tree.git("add", "package/added.py")
        tree.write(names[12], f"staged{version}\n")
        tree.git("add", names[12])
        tree.write(names[12], f"and then{version}\n")
        state = tree.state()
        assert state.left_out == ()
        assert set(state.changed) == set(
            tree.git("-c", "core.quotepath=off", "diff", "--name-only", "HEAD").split("\n")
        )
        copy = Tree(tmp_path / f"copy{version}")
        tree.git("worktree", "add", "-q", "--detach", str(copy.folder), commit)
        copy.git("apply", "--index", text=state.patch)
        for name in state.changed:
            ours, theirs = copy.folder / name, tree.folder / name
            assert ours.exists() == theirs.exists(), name
            assert not ours.exists() or ours.read_bytes() == theirs.read_bytes(), name


def test_a_patch_shows_what_is_wanted(tree):
    tree.write("package/table.csv", "a,b\n1,2\n3,4\n")
    tree.write("package/module.py", "x = 2\n")
    tree.write("train.py", b"\0\1")
    state = tree.state(scope=PatchScope(1000, (".py",)))
    assert "package/module.py" in state.patch
    assert "3,4" not in state.patch
    assert state.left_out == ("package/table.csv", "train.py"), "data, and what is no text"
    assert "3,4" in tree.state().patch
    state = tree.state(scope=PatchScope(100))
    assert state.left_out == ("package/module.py", "package/table.csv", "train.py")
    assert state.patch == ""
    assert tree.state(scope=PatchScope()).patch == ""


def test_long_files_are_replaced_as_a_whole(tree, tmp_path):
    tree.write("package/module.py", "".join(f"x{n}\n" for n in range(3000)))
    commit = tree.commit()
    tree.write("package/module.py", "".join(f"x{n}\n" for n in range(1, 3000)))
    state = tree.state()
    copy = Tree(tmp_path / "copy")
    tree.git("worktree", "add", "-q", "--detach", str(copy.folder), commit)
    copy.git("apply", text=state.patch)
    assert (copy.folder / "package/module.py").read_text() == (tree.folder / "package/module.py").read_text()


def test_what_cannot_be_compared_is_told(tree, monkeypatch):
    commit = tree.git("rev-parse", "HEAD")
    with monkeypatch.context() as patched:
        patched.setattr(git_state, "MOST_SECONDS", -1)
        assert tree.state() == CodeState(commit, reason="comparing all of its files would take too long")
    with monkeypatch.context() as patched:
        patched.setattr(git_state, "LARGEST_INDEX", 10)
        assert tree.state() == CodeState(commit, reason="it tracks too many files to look at")
    tree.git("update-index", "--split-index")
    assert tree.state() == CodeState(
        commit, reason="its index is split into several files, which fitprint does not read"
    )
    tree.git("update-index", "--no-split-index")
    shutil.rmtree(tree.folder / ".git" / "objects")
    assert tree.state().commit == commit
    assert "it has no object" in tree.state().reason


@hypothesis.given(st.binary(max_size=200))
@hypothesis.settings(suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture])
def test_a_broken_index_is_told(tmp_path, content):
    (tmp_path / "index").write_bytes(b"DIRC\0\0\0\2\0\0\0\3" + content)
    with pytest.raises(git_index.Unreadable):
        git_index.read(tmp_path / "index")


def pack(tree, *entries):
    """Write a pack file with objects of chosen ids, and check out the first of them."""
    content, places = b"PACK\0\0\0\2" + struct.pack(">I", len(entries)), {}
    for id, entry in entries:
        places[id] = len(content)
        content += entry
    ids = sorted(places)
    fan = struct.pack(">256I", *(sum(id[0] <= first for id in ids) for first in range(256)))
    offsets = b"".join(struct.pack(">I", places[id]) for id in ids)
    folder = tree.folder / ".git/objects/pack"
    (folder / "pack-1.pack").write_bytes(content)
    (folder / "pack-1.idx").write_bytes(b"\xfftOc\0\0\0\2" + fan + b"".join(ids) + bytes(4 * len(ids)) + offsets)
    tree.write(".git/HEAD", entries[0][0].hex())


A, B = b"\xaa" * 20, b"\xbb" * 20


def deltas_without_a_base(tree):
    delta = zlib.compress(b"\1\1\1a")
    pack(tree, (A, b"\x74" + B + delta), (B, b"\x74" + A + delta))


def a_number_without_an_end(tree):
    pack(tree, (A, b"\x74" + B + zlib.compress(b"\xff" * 3_000_000)), (B, b"\x31" + zlib.compress(b"a")))


def a_delta_that_makes_more_than_it_says(tree):
    copies = b"\1\1" + b"\x80" * 200_000
    pack(tree, (A, b"\x74" + B + zlib.compress(copies)), (B, b"\x31" + zlib.compress(b"a" * 0x10000)))


def an_index_of_pipes(tree):
    tree.write(".git/HEAD", A.hex())
    os.mkfifo(tree.folder / ".git/objects/pack/pack-1.idx")


def a_large_object(tree):
    tree.write(".git/HEAD", A.hex())
    with open(tree.write(f".git/objects/aa/{A.hex()[2:]}"), "wb") as file:
        file.truncate(2**40)


def places_of_objects_that_lead_in_a_circle(tree):
    tree.write(".git/HEAD", A.hex())
    (tree.folder / ".git/a").symlink_to("b")
    (tree.folder / ".git/b").symlink_to("a")
    tree.write(".git/objects/info/alternates", "../a\n")


def paths_that_grow(tree):
    tree.write(".git/index", b"DIRC\0\0\0\2" + bytes(4) + b"TREE\0\x0f\0\0" + b"b\0-1 1\n" * 150_000)


def paths_that_begin_like_a_long_one(tree):
    head = bytes(40) + A + struct.pack(">H", 0xFFF)
    more = (head + b"\0" + b"\0") * 2_000
    tree.write(".git/index", b"DIRC\0\0\0\4" + struct.pack(">I", 2_001) + head + b"\0" + b"a" * 10**6 + b"\0" + more)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pipes among files, and links are for administrators")
@pytest.mark.parametrize(
    "spoil",
    [
        deltas_without_a_base,
        a_number_without_an_end,
        a_delta_that_makes_more_than_it_says,
        an_index_of_pipes,
        a_large_object,
        places_of_objects_that_lead_in_a_circle,
        paths_that_grow,
        paths_that_begin_like_a_long_one,
    ],
)
def test_a_hostile_repository_costs_little(tree, spoil, run_python):
    """In a process with little memory, in which nothing may wait."""
    spoil(tree)
    state = run_python(
        "import resource, signal, sys\n"
        "resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))\n"
        "signal.alarm(20)\n"
        "from fitprint._core.git.state import PatchScope, code_state\n"
        "state = code_state(sys.argv[1], PatchScope(1000))\n"
        "print(state.dirty, state.reason)",
        str(tree.folder / "train.py"),
    )
    assert state.stdout.startswith("None ")


@pytest.mark.parametrize(
    "text", ["ref: ../../secret", "ref: /etc/hostname", "ref: refs/../../../secret", "password\n", "a" * 10_000]
)
def test_no_file_is_taken_for_a_commit(tree, text):
    (tree.folder.parent / "secret").write_text("password")
    tree.write(".git/HEAD", text)
    assert tree.state() is None


@pytest.mark.parametrize("path", ["../secret.py", "package/../../secret.py", "{}/secret.py"])
def test_no_file_outside_is_shown(tree, path):
    outside = tree.folder.parent / "secret.py"
    outside.write_text("password\n")
    name = path.format(outside.parent).encode()
    entries = b""
    for entry in (name, b"train.py"):
        start = bytes(40) + A + struct.pack(">H", len(entry)) + entry
        entries += start + bytes(8 - len(start) % 8)
    tree.write(".git/index", b"DIRC\0\0\0\2\0\0\0\2" + entries + bytes(20))
    state = tree.state()
    assert "password" not in state.patch
    assert state.reason == "its index names a file outside of it"


def test_no_file_of_a_folder_that_is_a_link_now_is_shown(tree):
    outside = tree.folder.parent / "outside"
    outside.mkdir()
    (outside / "module.py").write_text("password\n")
    shutil.rmtree(tree.folder / "package")
    (tree.folder / "package").symlink_to(outside)
    state = tree.state()
    assert "package/module.py" in state.left_out
    assert "password" not in state.patch


def test_what_a_signal_handler_raises_meanwhile_is_the_program_s(tree, monkeypatch):
    def interrupt(number, frame):
        raise TimeoutError("too late")

    def is_changed(*arguments):
        signal.raise_signal(signal.SIGINT)

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        monkeypatch.setattr("fitprint._core.git.changes._is_changed", is_changed)
        with pytest.raises(TimeoutError, match="too late"):
            tree.state()
    finally:
        signal.signal(signal.SIGINT, before)
