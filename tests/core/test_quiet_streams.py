"""What a framework prints while fitprint works is dropped; what anybody else prints, at any moment, comes through."""

from __future__ import annotations

import contextlib
import contextvars
import io
import os
import sys
import threading

import pytest

from fitprint._core.isolation import side_effect_free
from fitprint.plugin import quietly


def on_own_streams(test):
    """Runs a test with replacements of the two streams, as a user may have; they are the same objects afterwards."""

    def run():
        before, streams = (sys.stdout, sys.stderr), (io.StringIO(), io.StringIO())
        try:
            sys.stdout, sys.stderr = streams
            test(*streams)
            assert (sys.stdout, sys.stderr) == streams
        finally:
            sys.stdout, sys.stderr = before

    return run


@contextlib.contextmanager
def working():
    with side_effect_free(), quietly():
        yield


@on_own_streams
def test_what_is_printed_inside_is_dropped_and_the_rest_is_not(out, err):
    print("before")
    with working():
        print("inside")
        print("inside", file=sys.stderr)
        sys.stdout.writelines(["inside"])
        sys.stderr.flush()
    print("after")
    print("after", file=sys.stderr)
    assert (out.getvalue(), err.getvalue()) == ("before\nafter\n", "after\n")


@on_own_streams
def test_nothing_is_dropped_where_a_user_asked_for_it(out, err):
    with quietly():
        assert sys.stdout is out
        print("of log_model")
    assert out.getvalue() == "of log_model\n"


@on_own_streams
def test_what_other_threads_print_comes_through(out, err):
    printed = threading.Event()

    def user():
        print("of the user", flush=True)
        sys.stdout.writelines(["two", "\n"])
        printed.set()

    with working():
        thread = threading.Thread(target=user)
        thread.start()
        assert printed.wait(30)
        print("of the framework")
    thread.join()
    assert out.getvalue() == "of the user\ntwo\n"


@on_own_streams
def test_other_contexts_of_this_thread_come_through(out, err):
    user = contextvars.copy_context()
    with working():
        user.run(print, "of another task")
        print("of the framework")
    assert out.getvalue() == "of another task\n"


@on_own_streams
def test_threads_that_work_at_the_same_time_end_in_any_order(out, err):
    first_left, second_entered = threading.Event(), threading.Event()

    def second():
        with working():
            second_entered.set()
            assert first_left.wait(30)
            print("of the second")

    thread = threading.Thread(target=second)
    with working():
        thread.start()
        assert second_entered.wait(30)
        print("of the first")
    print("of the user")
    assert sys.stdout is not out, "the second still works"
    first_left.set()
    thread.join()
    assert out.getvalue() == "of the user\n"


@on_own_streams
def test_one_inside_another(out, err):
    with working():
        with quietly():
            print("inner")
        print("outer")
    assert out.getvalue() == ""


@on_own_streams
def test_an_error_or_an_interruption_puts_the_streams_back(out, err):
    for error in (ValueError, KeyboardInterrupt):
        with pytest.raises(error), working():
            raise error


@on_own_streams
def test_a_stream_that_somebody_puts_in_place_meanwhile_stays(out, err):
    theirs = io.StringIO()
    with working():
        sys.stdout = theirs
    assert sys.stdout is theirs
    sys.stdout = out


@on_own_streams
def test_a_filter_that_somebody_put_back_later_passes_on_and_goes_with_the_next_work(out, err):
    redirected = contextlib.redirect_stdout(io.StringIO())
    with working():
        redirected.__enter__()  # of another thread, that leaves it later
    redirected.__exit__(None, None, None)
    assert sys.stdout is not out
    print("still heard")
    with working():
        pass
    assert sys.stdout is out
    assert out.getvalue() == "still heard\n"


@on_own_streams
def test_the_filter_has_what_the_stream_has(out, err):
    with working():
        assert sys.stdout.getvalue() == ""
        assert not sys.stdout.isatty()
        assert not hasattr(sys.stdout, "buffer")


@on_own_streams
def test_there_may_be_no_streams(out, err):
    sys.stdout = None
    with working():
        assert sys.stdout is None
    assert sys.stdout is None
    sys.stdout = out


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_a_forked_child_has_the_streams_of_the_user(run_python):
    done = run_python("""
        import os, sys
        from fitprint._core.isolation import side_effect_free
        from fitprint.plugin import quietly

        before = sys.stdout
        with side_effect_free(), quietly():
            if not (child := os.fork()):
                assert sys.stdout is before
            else:
                assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert sys.stdout is before
        print("heard", flush=True)
        os._exit(0)
    """)
    assert done.stdout == "heard\nheard\n"


def test_a_flavor_that_prints_is_heard_only_when_the_user_asks_for_the_package(toy, store, run_python):
    file = toy.site / "fitprint_toy.py"
    text = file.read_text().replace("import Flavor", "import quietly, Flavor")
    saves = "    def save(self, model, package, context):\n"
    file.write_text(text.replace(saves, f"{saves}        with quietly():\n            print('100%')\n"))
    done = run_python("""
        import fitprint
        from toylearn.base import Base
        fitprint.autolog("toy", strict=True, quiet=True)
        model = Base().fit([1.0], [2.0])
        assert fitprint.last_run().model_path is not None
        print("recorded")
        fitprint.toy.save_model(model, "package")
    """)
    assert done.stdout == "recorded\n100%\n"
