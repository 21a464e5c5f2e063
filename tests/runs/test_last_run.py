"""Which run was the last one where, and which run trained a model, also where Python cannot refer to it weakly."""

from __future__ import annotations

import contextvars
import gc
from concurrent.futures import ThreadPoolExecutor

import pytest

from fitprint._runs import index
from fitprint._runs.index import drop_run, last_run, register_model, run_of, set_last_run, set_latest
from fitprint._runs.open import begin_run
from fitprint._settings.layers import current
from fitprint.testing.reset import forget_everything


class Model:
    pass


class WithoutWeakReferences:
    __slots__ = ("value",)

    def __init__(self, value):
        self.value = value


def identity(model):
    if model.value == "broken":
        raise ValueError("no identity")
    return model.value


@pytest.fixture
def two_runs(store):
    return [begin_run(current().settings(), name) for name in ("first", "second")]


def last_runs():
    """The last run of this context, of this thread and of this process."""
    with ThreadPoolExecutor(1) as pool:
        return [last_run(), contextvars.Context().run(last_run), pool.submit(last_run).result()]


def test_a_run_that_is_dropped_is_not_the_last_one_and_trained_nothing(two_runs):
    first, second = two_runs
    models = [Model(), Model()]
    set_last_run(first, models[0])
    set_last_run(second, models[1])
    assert last_runs() == [second] * 3
    drop_run(first)
    assert last_runs() == [second] * 3
    assert [run_of(model) for model in models] == [None, second]
    drop_run(second)
    assert last_runs() == [None] * 3
    assert [run_of(model) for model in models] == [None, None]
    set_latest(first)
    assert last_runs() == [first] * 3


def test_the_last_run_is_that_of_the_context_else_of_the_thread_else_of_the_process(two_runs):
    first, second = two_runs
    context = contextvars.copy_context()
    with ThreadPoolExecutor(1) as pool:

        def of_the_thread():
            return pool.submit(contextvars.Context().run, last_run).result()

        assert of_the_thread() is None
        pool.submit(set_latest, first).result()
        context.run(set_latest, first)
        set_latest(second)
        assert (context.run(last_run), of_the_thread(), last_run()) == (first, first, second)
        context.run(drop_run, second)
        pool.submit(drop_run, second).result()
        assert (context.run(last_run), of_the_thread()) == (first, first)


def test_what_is_reset_is_forgotten(two_runs):
    model = Model()
    set_last_run(two_runs[0], model)
    forget_everything()
    assert last_runs() == [None] * 3
    assert run_of(model) is None


def test_a_model_that_is_gone_is_not_kept(two_runs):
    model = Model()
    register_model(two_runs[0], model)
    assert run_of(model) is two_runs[0]
    del model
    gc.collect()
    assert index._by_model == {}


def test_models_without_weak_references_are_told_apart_by_their_identity(two_runs):
    first, second = two_runs
    register_model(first, WithoutWeakReferences(1))
    assert run_of(WithoutWeakReferences(1)) is None, "nothing tells it from others"
    register_model(first, WithoutWeakReferences(1), identity)
    register_model(second, WithoutWeakReferences(2), identity)
    register_model(second, WithoutWeakReferences(None), identity)
    register_model(second, None, identity)
    values = (1, 2, 3, None, "broken")
    assert [run_of(WithoutWeakReferences(value)) for value in values] == [first, second, None, None, None]
    assert run_of(None) is None
    drop_run(second)
    assert [run_of(WithoutWeakReferences(value)) for value in values] == [first, None, None, None, None]
    forget_everything()
    assert run_of(WithoutWeakReferences(1)) is None


def test_a_bounded_number_of_identities_is_kept(two_runs, monkeypatch):
    monkeypatch.setattr(index, "MOST_IDENTITIES", 2)
    for value in (1, 2, 3):
        register_model(two_runs[0], WithoutWeakReferences(value), identity)
    assert [run_of(WithoutWeakReferences(value)) for value in (1, 2, 3)] == [None, two_runs[0], two_runs[0]]
