"""Trainings that fail or are interrupted: their package, marked as incomplete, where setting and flavor want one."""

from __future__ import annotations

import pytest

import fitprint


@pytest.fixture
def keeping(flavor, monkeypatch):
    """Lets the flavor keep what has a mean, and notes the errors that it is asked about."""
    errors = []

    def keeps_on_failure(self, call, error):
        errors.append(type(error))
        return hasattr(call.instance, "mean_") or call.loop is not None

    monkeypatch.setattr(flavor, "keeps_on_failure", keeps_on_failure)
    return errors


@pytest.fixture
def failing(toylearn):
    """Makes a model that raises an error in the middle of its training."""

    def make(error, mean=4.0):
        class Failing(toylearn.Mean):
            def fit(self, rows, labels=None):
                if mean is not None:
                    self.mean_ = mean
                raise error

            def __reduce__(self):
                return rebuilt, (toylearn.Mean, mean)

        return Failing()

    return make


def rebuilt(cls, mean):
    model = cls()
    model.mean_ = mean
    return model


def test_a_failed_training_leaves_no_package_unless_asked_to(failing, keeping):
    with pytest.raises(ValueError, match="no"):
        failing(ValueError("no")).fit([1], [2])
    assert (fitprint.runs()[0].models, keeping) == ({}, [])


@pytest.mark.parametrize(("error", "status"), [(ValueError("no"), "FAILED"), (KeyboardInterrupt(), "KILLED")])
def test_what_a_failed_training_has_learned_is_kept_and_marked(failing, keeping, error, status):
    fitprint.autolog("toy", quiet=True, keep_incomplete=True)
    with pytest.raises(type(error)) as raised:
        failing(error).fit([1], [2])
    assert raised.value is error
    run = fitprint.runs()[0]
    assert keeping == [type(error)]
    assert (run.status, list(run.models), run.tags["incomplete"]) == (status, ["model"], "true")
    assert fitprint.load_model(run.model_path).unwrap().mean_ == 4.0


def test_the_flavor_decides_what_is_worth_keeping(failing, keeping, monkeypatch, flavor):
    fitprint.autolog("toy", quiet=True, keep_incomplete=True)
    with pytest.raises(ValueError, match="no"):
        failing(ValueError("no"), mean=None).fit([1], [2])
    run = fitprint.runs()[0]
    assert (run.models, "incomplete" in run.tags) == ({}, False)
    reason = "toy finds no model to keep of this failed training"
    assert run.skipped == [fitprint.Skip("model", "flavor", reason)]
    monkeypatch.setattr(flavor, "keeps_on_failure", lambda self, call, error: 1 / 0)
    with pytest.raises(ValueError, match="no"):
        failing(ValueError("no")).fit([1], [2])
    run = fitprint.runs()[0]
    assert (run.models, [skip.rule for skip in run.skipped]) == ({}, ["error"])


def test_a_training_that_succeeds_is_not_incomplete(toylearn, keeping):
    fitprint.autolog("toy", quiet=True, keep_incomplete=True)
    toylearn.Mean().fit([1], [2])
    assert keeping == []
    assert "incomplete" not in fitprint.runs()[0].tags


def test_a_loop_whose_last_step_was_interrupted(toylearn, keeping):
    from toylearn.looping import Net

    def interrupt():
        raise KeyboardInterrupt

    fitprint.autolog("toy", quiet=True, keep_incomplete=True)
    net = Net()
    net.update([4.0])
    with pytest.raises(KeyboardInterrupt):
        net.update([interrupt])
    fitprint.disable()
    run = fitprint.runs()[0]
    assert (run.status, run.tags["incomplete"]) == ("KILLED", "true")
    assert fitprint.load_model(run.model_path).unwrap().level == 2.0


def test_a_loop_that_goes_on_after_a_failed_step_is_complete(toylearn, keeping):
    from toylearn.looping import Net

    fitprint.autolog("toy", quiet=True, keep_incomplete=True)
    net = Net()
    with pytest.raises(TypeError):
        net.update(None)
    net.update([4.0])
    fitprint.disable()
    run = fitprint.runs()[0]
    assert (run.status, list(run.models), "incomplete" in run.tags) == ("FINISHED", ["model"], False)


def test_by_default_a_flavor_keeps_what_a_loop_has_learned(toylearn):
    from toylearn.looping import Net

    fitprint.autolog("toy", quiet=True, keep_incomplete=True)
    for batches in ([None], [[4.0], None]):
        net = Net()
        for batch in batches[:-1]:
            net.update(batch)
        with pytest.raises(TypeError):
            net.update(batches[-1])
        fitprint.disable()
        fitprint.autolog("toy", quiet=True, keep_incomplete=True)
    kept, refused = fitprint.runs()
    assert (list(kept.models), kept.tags["incomplete"]) == (["model"], "true")
    reason = "toy finds no model to keep of this failed training"
    assert (refused.models, refused.skipped) == ({}, [fitprint.Skip("model", "flavor", reason)])


def test_the_model_that_a_listener_sees_is_not_kept_alive(toylearn):
    import copy
    import pickle

    from fitprint.plugin import ModelInTraining

    holder = ModelInTraining()
    assert holder.get() is None
    model = toylearn.Booster(1.0)
    for _ in range(2):
        holder.see(model)
    holder.see(3.0)  # takes no weak reference
    assert holder.get() is model
    assert copy.deepcopy(holder).get() is pickle.loads(pickle.dumps(holder)).get() is None
    del model
    assert holder.get() is None
