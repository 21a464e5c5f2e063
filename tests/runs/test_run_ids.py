"""Run ids: UUIDs of version 7, which sort by time and are never the same twice."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
import time
import uuid

import pytest

from fitprint._core.ids import new_run_id


def test_a_run_id_is_a_uuid_of_version_7_with_the_time_in_it():
    before = time.time_ns() // 1_000_000
    found = new_run_id()
    after = time.time_ns() // 1_000_000
    assert len(found) == 32
    assert uuid.UUID(found).hex == found
    assert (uuid.UUID(found).version, uuid.UUID(found).variant) == (7, uuid.RFC_4122)
    assert before <= int(found[:12], 16) <= after + 1000


def test_ids_of_one_process_strictly_increase_in_every_thread():
    made: list[list[str]] = [[] for _ in range(4)]

    def make(mine):
        for _ in range(5_000):
            mine.append(new_run_id())

    threads = [threading.Thread(target=make, args=(ids,)) for ids in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(ids == sorted(ids) for ids in made)
    assert len({one for ids in made for one in ids}) == 20_000


def test_ids_increase_when_the_clock_stands_still_or_goes_back(monkeypatch):
    later = new_run_id()
    for moment in (time.time_ns(), time.time_ns() - 10**12):
        monkeypatch.setattr(time, "time_ns", lambda moment=moment: moment)
        earlier, later = later, new_run_id()
        assert earlier < later
        assert later < new_run_id()


@pytest.mark.process
def test_ids_of_many_processes_are_all_different():
    script = "from fitprint._core.ids import new_run_id\nfor _ in range(2000): print(new_run_id())"
    running = [subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) for _ in range(4)]
    made = [process.communicate()[0].split() for process in running]
    assert len({one for ids in made for one in ids}) == 8_000


@pytest.mark.process
def test_a_forked_child_makes_other_ids():
    new_run_id()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writer, new_run_id().encode())
        os._exit(0)
    mine = new_run_id()
    os.waitpid(child, 0)
    assert os.read(reader, 32).decode() != mine
    os.close(reader)
    os.close(writer)


def test_a_child_forked_while_another_thread_makes_an_id_makes_its_own(run_python):
    run_python(
        """
        import os, signal, threading
        from fitprint._core import ids
        from fitprint._core import provenance
        from fitprint._core import guard as _guard

        held, go = threading.Event(), threading.Event()

        def hold():
            with ids._lock, _guard._warned_lock:
                held.set()
                go.wait()

        threading.Thread(target=hold, daemon=True).start()
        held.wait()
        child = os.fork()
        if child == 0:
            signal.alarm(20)
            ids.new_run_id()
            _guard.warn_once(("a", "b"), "a line")
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0, "the child hung"
        """
    )


def test_making_ids_draws_no_random_numbers_of_the_user_s():
    random.seed(7)
    state = random.getstate()
    new_run_id()
    assert random.getstate() == state


def test_what_a_run_says_of_its_process_is_left_out_where_the_system_does_not_tell(run_python, tmp_path):
    script = """
        import os
        from fitprint._core import ids
        from fitprint._core import provenance
        assert provenance.user() is None
        tags = provenance.run_tags()
        assert "user" not in tags and "git_commit" not in tags, tags
        assert tags["pid"] == str(os.getpid()) and tags["source"].endswith("plain.py")
        """
    (tmp_path / "sitecustomize.py").write_text(
        "import pwd\ndef unknown(uid): raise KeyError(uid)\npwd.getpwuid = unknown\n"
    )
    path = os.pathsep.join(filter(None, (str(tmp_path), os.environ.get("PYTHONPATH"))))
    nobody = dict.fromkeys(("LOGNAME", "USER", "LNAME", "USERNAME"))
    run_python(script, env={**nobody, "PYTHONPATH": path}, name="plain.py")
