"""While fitprint calls a model by itself: no warnings, no random numbers used, and nobody else's touched."""

from __future__ import annotations

import asyncio
import random
import threading
import warnings

import numpy as np
import pytest

from fitprint._core.isolation import side_effect_free


def caught(call):
    """The texts of the warnings of a call, as the filters let them through."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        call()
    return [str(warning.message) for warning in found]


def test_warnings_inside_are_dropped_even_where_they_are_errors():
    with side_effect_free():
        warnings.warn("dropped", UserWarning, stacklevel=1)
        warnings.warn("dropped", DeprecationWarning, stacklevel=1)
    with pytest.raises(UserWarning, match="seen"):
        warnings.warn("seen", UserWarning, stacklevel=1)


def test_the_filters_are_afterwards_as_they_were():
    before, listed = warnings.filters, list(warnings.filters)
    with side_effect_free(), side_effect_free():
        assert len(warnings.filters) > len(listed)
    assert warnings.filters is before
    assert list(warnings.filters) == listed
    with pytest.raises(KeyError), side_effect_free():
        raise KeyError
    assert list(warnings.filters) == listed


def test_filters_that_somebody_sets_inside_stay():
    before = list(warnings.filters)
    with side_effect_free():
        warnings.filterwarnings("ignore", "theirs")
    after = list(warnings.filters)
    assert after[1:] == before
    assert after[0][1].pattern == "theirs"


def test_catch_warnings_entered_or_left_meanwhile_keeps_no_filter_of_ours():
    before = list(warnings.filters)
    with side_effect_free():
        inner = warnings.catch_warnings()
        inner.__enter__()
    assert list(warnings.filters) == before
    inner.__exit__(None, None, None)
    assert list(warnings.filters) == before
    outer = warnings.catch_warnings()
    outer.__enter__()
    with side_effect_free():
        outer.__exit__(None, None, None)
    assert list(warnings.filters) == before


def test_other_threads_warnings_are_seen_meanwhile():
    inside, done = threading.Event(), threading.Event()

    def quiet():
        with side_effect_free():
            inside.set()
            done.wait()
            warnings.warn("ours", UserWarning, stacklevel=1)

    def call():
        thread = threading.Thread(target=quiet)
        thread.start()
        inside.wait()
        warnings.warn("theirs", UserWarning, stacklevel=1)
        done.set()
        thread.join()

    assert caught(call) == ["theirs"]


def test_other_tasks_warnings_are_seen_meanwhile():
    async def quiet():
        with side_effect_free():
            await asyncio.sleep(0)
            warnings.warn("ours", UserWarning, stacklevel=1)

    async def loud():
        warnings.warn("theirs", UserWarning, stacklevel=1)

    async def both():
        await asyncio.gather(quiet(), loud())

    assert caught(lambda: asyncio.run(both())) == ["theirs"]


def test_what_was_shown_once_is_not_shown_again():
    """The registries of warnings shown must not be told that the filters changed."""

    def warn():
        warnings.warn("once per place", UserWarning, stacklevel=1)

    def call():
        warnings.simplefilter("default")
        warn()
        with side_effect_free():
            warn()
        warn()

    assert caught(call) == ["once per place"]


def test_what_is_dropped_inside_is_still_shown_later():
    def warn():
        warnings.warn("mine", UserWarning, stacklevel=1)

    def call():
        warnings.simplefilter("default")
        with side_effect_free():
            warn()
        warn()

    assert caught(call) == ["mine"]


def test_random_states_are_afterwards_as_they_were():
    random.seed(1)
    np.random.seed(1)
    expected = random.random(), np.random.rand()
    random.seed(1)
    np.random.seed(1)
    with side_effect_free():
        random.random()
        np.random.rand(100)
        with side_effect_free():
            random.seed(5)
    assert (random.random(), np.random.rand()) == expected


def test_random_states_are_put_back_after_an_error_too():
    random.seed(1)
    state = random.getstate()
    with pytest.raises(TypeError), side_effect_free():
        random.randint("no", "numbers") if random.random() else None
    assert random.getstate() == state


def test_with_other_threads_the_random_states_are_left_alone():
    """Put back, those threads would draw the same numbers twice."""
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait)
    thread.start()
    try:
        random.seed(1)
        with side_effect_free():
            inside = random.random()
        assert random.random() != inside
    finally:
        stop.set()
        thread.join()


def test_a_library_that_carries_filters_to_workers_as_text_can(run_python):
    done = run_python(
        """
        import pickle, re, warnings
        from fitprint._core.isolation import side_effect_free
        with side_effect_free():
            texts = [(action, getattr(message, "pattern", message)) for action, message, *_ in warnings.filters]
            pickle.dumps(texts)
            for _, pattern in texts:
                re.compile(pattern or "")
            print(texts[0])
        """
    )
    assert done.stdout.strip() == "('ignore', '')"


def test_a_thread_that_a_recorded_framework_keeps_for_itself_does_not_count(run_python):
    """In a process of its own: what runs the tests may keep threads too."""
    done = run_python(
        """
        import random, threading
        from fitprint._core import isolation

        done = threading.Event()

        def wait():
            done.wait()

        wait.__module__ = "toylearn.listener"
        threading.Thread(target=wait).start()
        for known in (False, True):
            if known:
                isolation.register_housekeeping_threads(["toylearn"])
            state = random.getstate()
            with isolation.side_effect_free():
                random.random()
            print("put back" if random.getstate() == state else "left alone")
        done.set()
        """
    )
    assert done.stdout.split("\n")[:2] == ["left alone", "put back"]
