"""The class `Run`: what users find on it, and where its parts say that they come from."""

from __future__ import annotations

import copy
import pickle
import pickletools
import sys

import pytest

import fitprint

PUBLIC = [
    "artifacts",
    "checkpoints",
    "children",
    "data",
    "default_params",
    "end",
    "end_time",
    "error",
    "evaluations",
    "experiment",
    "flavor",
    "info",
    "log_artifact",
    "log_artifacts",
    "log_dict",
    "log_figure",
    "log_metric",
    "log_metrics",
    "log_param",
    "log_params",
    "log_text",
    "metric_history",
    "metrics",
    "model_path",
    "models",
    "name",
    "params",
    "parent_id",
    "path",
    "run_id",
    "seconds",
    "set_tag",
    "set_tags",
    "skipped",
    "start_time",
    "status",
    "tags",
]


@pytest.fixture
def run(store):
    with fitprint.start_run("mine") as run:
        run.log_param("a", 1)
        run._writer.skip("model", "a rule", "a reason")
    return run


def test_a_run_shows_what_users_may_do_and_nothing_else(run):
    assert dir(run) == PUBLIC
    names = {name for owner in (*fitprint.Run.__mro__, run) for name in getattr(owner, "__dict__", {})}
    assert [name for name in sorted(names) if not name.startswith("_")] == PUBLIC
    assert dir(fitprint.get_run(run.run_id)) == PUBLIC


def test_everything_public_has_a_docstring():
    assert [name for name in PUBLIC if not getattr(fitprint.Run, name).__doc__] == []


@pytest.mark.parametrize("name", ["Run", "RunList", "Skip"])
def test_public_classes_come_from_fitprint(name):
    public = getattr(fitprint, name)
    assert (public.__module__, public.__qualname__) == ("fitprint", name)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickled_run_names_public_classes_and_is_read_again(run, protocol):
    value = [run, fitprint.runs(), run.skipped]
    data = pickle.dumps(value, protocol)
    again, runs, skipped = pickle.loads(data)
    assert (again.run_id, again.params, skipped) == (run.run_id, {"a": 1}, run.skipped)
    assert repr(runs) == repr(fitprint.runs())
    with pytest.raises(RuntimeError, match="was read back"):
        runs[0].log_param("b", 2)
    texts = [str(argument) for _, argument, _ in pickletools.genops(data)]
    assert not [text for text in texts if text.startswith("fitprint.")], "a private module"


def test_a_run_is_unpickled_where_nothing_of_it_is_imported_yet(run, run_python, tmp_path):
    (tmp_path / "run.pickle").write_bytes(pickle.dumps(run))
    script = "import pickle, sys; print(pickle.load(open(sys.argv[1], 'rb')).params)"
    assert run_python(script, str(tmp_path / "run.pickle")).stdout.strip() == "{'a': 1}"
    assert sys.modules["fitprint"].Run is type(run)


def test_a_copy_of_a_run_can_be_read(run):
    assert copy.copy(run).params == copy.deepcopy(run).params == run.params


def test_a_run_ends_with_a_status_that_there_is(store):
    with fitprint.start_run() as run:
        with pytest.raises(ValueError, match="not as 'done'"):
            run.end("done")
        assert run.status == "RUNNING"
        run.end("KILLED")
    assert fitprint.get_run(run.run_id).status == "KILLED"
