"""Calls that train nothing: their package goes where the model came from."""

from __future__ import annotations

import weakref

import pytest

import fitprint
from fitprint._instrumentation import registry


def seen():
    """(name, status, packages) of the runs, oldest first."""
    return [(run.name, run.status, sorted(run.models)) for run in fitprint.runs()][::-1]


@pytest.fixture
def mean(toylearn, converting):
    """A model that was trained."""
    return toylearn.Mean().fit([1], [2.0])


def test_the_package_goes_into_the_run_of_the_source(mean, converting):
    run = fitprint.last_run()
    proto = converting.convert(mean)
    assert seen() == [("Mean", "FINISHED", ["model", "toy"])]
    assert fitprint.run_of(proto).run_id == run.run_id
    assert fitprint.get_run(run.run_id).models.keys() == {"model", "toy"}
    assert fitprint.load_model(f"runs:/{run.run_id}/toy").unwrap().level == 2.0
    assert fitprint.load_model(run.model_path).unwrap().mean_ == 2.0
    assert fitprint.last_run() is run


@pytest.mark.parametrize("kind", ["Proto", "Referable"])
def test_what_was_converted_is_not_recorded_again_when_it_is_saved(mean, converting, tmp_path, kind):
    proto = converting.convert(mean, getattr(converting, kind))
    converting.save(proto, tmp_path / "proto")
    assert seen() == [("Mean", "FINISHED", ["model", "toy"])]
    assert (tmp_path / "proto").read_text() == "2.0"


def test_a_conversion_inside_another_is_part_of_it(mean, converting, tmp_path):
    converting.convert_and_save(mean, tmp_path / "proto")
    assert seen() == [("Mean", "FINISHED", ["model", "toy"])]


def test_a_second_conversion_gets_a_name_of_its_own(mean, converting):
    converting.convert(mean, converting.Referable)
    converting.convert(mean, converting.Referable)
    assert seen() == [("Mean", "FINISHED", ["model", "toy", "toy-2"])]


def test_without_a_source_it_goes_into_the_active_run(converting, tmp_path):
    with fitprint.start_run("mine") as run:
        converting.save(converting.Proto(3.0), tmp_path / "proto")
        assert not run._writer.claimed
    assert seen() == [("mine", "FINISHED", ["toy"])]


def test_without_both_it_gets_a_run_of_its_own(converting, tmp_path):
    proto = converting.Proto(3.0)
    converting.save(proto, tmp_path / "proto")
    assert seen() == [("Proto", "FINISHED", ["model"])]
    run = fitprint.last_run()
    assert fitprint.run_of(proto) is run
    assert run.flavor == "toy"
    assert fitprint.load_model(run.model_path).unwrap().level == 3.0


def test_one_that_fails_leaves_nothing(converting):
    with pytest.raises(ValueError, match="no model"):
        converting.convert(None)
    assert seen() == []


def test_conversions_inside_a_training_or_a_step_are_part_of_it(toylearn, converting):
    class Outer(toylearn.Base):
        def fit(self, rows, labels=None):
            self.mean_ = 1.0
            self.proto_ = converting.convert(self)
            return self

    Outer().fit([1], [2])
    assert seen() == [("Outer", "FINISHED", ["model"])]


def test_rules_and_settings_apply(mean, converting):
    fitprint.autolog("toy", quiet=True, exclude_estimators="*.convert")
    converting.convert(mean, converting.Referable)
    fitprint.autolog("toy", quiet=True, log_models=False)
    converting.convert(mean, converting.Referable)
    fitprint.autolog("toy", quiet=True, max_model_size=1)
    converting.convert(mean, converting.Referable)
    assert seen() == [("Mean", "FINISHED", ["model"])]
    assert [skip.rule for skip in fitprint.last_run().skipped] == ["max_model_size"]
    assert [row.skips for row in fitprint.status() if row.name == "toy"] == [{"exclude_estimators": 1}]


def test_min_fit_seconds_is_about_training_alone(converting, tmp_path):
    fitprint.autolog("toy", quiet=True, min_fit_seconds=60)
    converting.save(converting.Proto(3.0), tmp_path / "proto")
    assert seen() == [("Proto", "FINISHED", ["model"])]


def test_suppressed(mean, converting):
    with fitprint.suppress():
        converting.convert(mean)
    assert seen() == [("Mean", "FINISHED", ["model"])]


def test_into_the_run_of_a_loop_that_is_open(converting, looping):
    net = looping.Net()
    net.update([1.0])
    converting.convert(net)
    assert seen() == [("Net", "RUNNING", ["toy"])]
    fitprint.disable()
    assert seen() == [("Net", "FINISHED", ["model", "toy"])]


def test_the_result_is_the_very_object_and_is_not_kept(mean, converting):
    proto = converting.convert(mean, converting.Referable)
    gone = weakref.ref(proto)
    del proto
    assert gone() is None


def test_an_interruption_while_it_is_recorded_leaves_no_half_package(mean, converting, monkeypatch):
    flavor = type(registry.entries()["toy"].flavor())

    def save(self, model, package, context):
        raise KeyboardInterrupt

    monkeypatch.setattr(flavor, "save", save)
    with pytest.raises(KeyboardInterrupt):
        converting.convert(mean)
    with pytest.raises(KeyboardInterrupt):
        converting.save(converting.Proto(9.0), "proto")
    assert seen() == [("Mean", "FINISHED", ["model"]), ("Proto", "FINISHED", [])]
    assert [skip.rule for skip in fitprint.runs()[0].skipped] == ["interrupted"]
    run = fitprint.get_run(fitprint.run_of(mean).run_id)
    assert {path.name for path in run.path.iterdir()} <= {"artifacts", "metrics.jsonl", "model", "run.json"}


def test_a_failing_source_costs_its_own_step_alone(mean, converting, monkeypatch, caplog):
    flavor = type(registry.entries()["toy"].flavor())
    monkeypatch.setattr(flavor, "source", lambda self, call: 1 / 0)
    converting.convert(mean)
    assert seen() == [("Mean", "FINISHED", ["model"]), ("Proto", "FINISHED", ["model"])]
    assert any("ZeroDivisionError" in message for message in caplog.messages)


def test_a_store_that_is_gone_is_no_error_of_the_users(mean, converting, store, tmp_path):
    import shutil

    shutil.rmtree(store)
    store.write_text("no folder")
    assert converting.convert(mean).level == 2.0
    converting.save(converting.Proto(9.0), tmp_path / "proto")
