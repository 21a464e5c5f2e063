"""Loops that are open when their process ends, in children, and in forks."""

from __future__ import annotations

import pytest

import fitprint

START = """
    import fitprint
    fitprint.autolog()
    import toylearn
    from toylearn.looping import Net
"""


def seen():
    """(name, status, packages) of the runs, oldest first."""
    return [(run.name, run.status, sorted(run.models)) for run in fitprint.runs()][::-1]


def test_the_end_of_the_program_ends_a_loop(toy, store, run_python):
    done = run_python(f"""{START}
    net = Net()
    for step in range(3):
        net.update([step])
    """)
    assert seen() == [("Net", "FINISHED", ["model"])]
    assert fitprint.runs()[0].params["steps"] == 3
    assert done.stderr.startswith("fitprint: Net → ")


def test_the_exit_status_and_an_error_between_steps_are_the_programs(toy, store, run_python):
    done = run_python(
        f"""{START}
    net = Net()
    net.update([1.0])
    raise SystemExit(7)
    """,
        check=False,
    )
    assert done.returncode == 7
    assert seen() == [("Net", "FINISHED", ["model"])]


@pytest.mark.parametrize(("error", "status"), [("RuntimeError('apart')", "FAILED"), ("KeyboardInterrupt()", "KILLED")])
def test_an_error_outside_of_the_steps_that_ends_the_program(toy, store, run_python, error, status):
    """It is the loop of the latest step that it has ended, and the model is kept as the user held it."""
    run_python(
        f"""{START}
    first, second = Net(), Net()
    first.update([1.0])
    second.update([1.0])
    second.update([1.0])
    raise {error}
    """,
        check=False,
    )
    assert seen() == [("Net", "FINISHED", ["model"]), ("Net", status, ["model"])]
    cut, whole = fitprint.runs()
    assert cut.error["type"] == error.partition("(")[0]
    assert (cut.tags["incomplete"], cut.params["steps"]) == ("true", 2)
    assert "incomplete" not in whole.tags


def test_an_error_in_the_last_step(toy, store, run_python):
    done = run_python(
        f"""{START}
    net = Net()
    net.update([1.0])
    net.update(None)
    """,
        check=False,
    )
    assert done.returncode == 1
    assert seen() == [("Net", "FAILED", [])]


def test_several_loops_at_the_end(toy, store, run_python):
    run_python(f"""{START}
    nets = [Net(), Net(), Net()]
    for net in nets:
        net.update([1.0])
    """)
    assert seen() == [("Net", "FINISHED", ["model"])] * 3


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_a_loop_in_a_process_of_multiprocessing(toy, store, run_python, method):
    run_python(f"""{START}
    import multiprocessing

    def work():
        global net
        net = Net()
        net.update([1.0])

    if __name__ == "__main__":
        process = multiprocessing.get_context("{method}").Process(target=work)
        process.start()
        process.join()
        assert process.exitcode == 0
    """)
    assert seen() == [("Net", "FINISHED", ["model"])]


def test_a_loop_in_a_worker_of_a_pool_that_is_closed(toy, store, run_python):
    run_python(f"""{START}
    import multiprocessing

    nets = []

    def work(rate):
        nets.append(Net(rate))
        nets[-1].update([1.0])

    if __name__ == "__main__":
        pool = multiprocessing.get_context("fork").Pool(1)
        pool.map(work, [0.1, 0.2])
        pool.close()
        pool.join()
    """)
    assert seen() == [("Net", "FINISHED", ["model"])] * 2


def test_an_object_that_a_worker_leaves_behind_is_gone_with_its_task(toy, store, run_python):
    run_python(f"""{START}
    import multiprocessing

    def work(rate):
        Net(rate).update([1.0])
        return [run.status for run in fitprint.runs()]

    if __name__ == "__main__":
        with multiprocessing.get_context("fork").Pool(1) as pool:
            assert pool.map(work, [0.1]) == [["FINISHED"]]
    """)
    assert seen() == [("Net", "FINISHED", [])]


def test_a_forked_child_forgets_the_loops_of_its_parent(toy, store, run_python):
    run_python(f"""{START}
    import os, sys
    net = Net(0.25)
    net.update([1.0])
    child = os.fork()
    if child == 0:
        net.rate = 0.5
        net.update([1.0])
        net.update([1.0])
        sys.exit(0)
    assert os.waitpid(child, 0)[1] == 0
    net.update([1.0])
    """)
    found = {run.params["rate"]: run for run in fitprint.runs()}
    assert {rate: run.status for rate, run in found.items()} == {0.25: "FINISHED", 0.5: "FINISHED"}
    assert {rate: run.params["steps"] for rate, run in found.items()} == {0.25: 2, 0.5: 3}
    assert {rate: len(run.metric_history("loss")) for rate, run in found.items()} == {0.25: 2, 0.5: 2}


def test_a_fork_inside_a_step(toy, store, run_python):
    run_python(f"""{START}
    import os, sys
    net = Net()

    def fork():
        child = os.fork()
        if child != 0:
            os.waitpid(child, 0)
        else:
            os.environ["CHILD"] = "1"

    net.update([1.0, fork])
    if "CHILD" in os.environ:
        sys.exit(0)
    net.update([1.0])
    """)
    assert seen() == [("Net", "FINISHED", ["model"])]
    assert len(fitprint.runs()[0].metric_history("loss")) == 2


def test_threads_that_step_while_the_program_ends(toy, store, run_python):
    run_python(f"""{START}
    import threading
    net = Net()

    def work():
        for _ in range(200):
            net.update([1.0])

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    """)
    assert seen() == [("Net", "FINISHED", ["model"])]
    assert len(fitprint.runs()[0].metric_history("loss")) == 800


def test_a_store_that_cannot_be_written_costs_the_loop_nothing(toy, run_python, tmp_path):
    (tmp_path / "file").write_text("")
    done = run_python(
        f"""{START}
    net = Net()
    for step in range(3):
        net.update([step])
    net.to_disk("net")
    """,
        env={"FITPRINT_STORE": str(tmp_path / "file")},
    )
    assert done.stderr.count("fitprint: ") == 1
    assert "cannot be written" in done.stderr


def test_a_store_that_goes_while_a_loop_is_open(toy, store, run_python):
    done = run_python(f"""{START}
    import shutil, os
    net = Net()
    net.update([1.0])
    shutil.rmtree(os.environ["FITPRINT_STORE"])
    open(os.environ["FITPRINT_STORE"], "w").close()
    for step in range(3):
        net.update([step])
    net.to_disk("net")
    """)
    assert "Traceback" not in done.stderr
