"""`package_checkpoint` and `fitprint package RUN --checkpoint`: a package of a checkpoint of a run."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

import fitprint
from fitprint._instrumentation import registry
from fitprint._runs import checkpoints
from fitprint.models import PackageError


@pytest.fixture
def toylearn(toy, store):
    module = toy.imported()
    fitprint.autolog("toy", quiet=True)
    return module


@pytest.fixture
def flavor(toylearn, monkeypatch):
    """The toy's flavor: each round of `train` writes a checkpoint that holds a level alone."""

    def listen(self, call, emit):
        def after_round(step, level):
            path = Path(f"{step}.ckpt").absolute()
            path.write_text(str(level))
            emit.checkpoint(path, step=10 * step, score=1 / level, monitor="loss")

        call.replace_argument("callback", after_round)

    def load_checkpoint(self, path, model=None):
        if model is None:
            raise PackageError(f"{path} holds a level alone: name a model")
        model.level = float(path.read_text())
        return model

    kind = type(registry.entries()["toy"].flavor())
    monkeypatch.setattr(kind, "listen", listen)
    monkeypatch.setattr(kind, "load_checkpoint", load_checkpoint)
    monkeypatch.setattr(kind, "checkpoint_needs_trust", lambda self, path: None)
    return kind


@pytest.fixture
def run(toylearn, flavor, tmp_path, monkeypatch):
    """A run with three checkpoints."""
    monkeypatch.chdir(tmp_path)
    toylearn.train({}, [1])
    return fitprint.last_run()


def level_in(package):
    return fitprint.load_model(package).unwrap().level


def test_a_package_of_a_checkpoint_is_in_its_run(run, toylearn):
    package = fitprint.package_checkpoint(run, 2)
    assert package == run.path / "checkpoint-2"
    assert (level_in(package), level_in(run)) == (2.0, 3.0)
    again = fitprint.get_run(run.run_id)
    assert sorted(again.models) == ["checkpoint-2", "model"]
    assert (again.status, again.end_time, again.model_path) == ("FINISHED", run.end_time, run.model_path)
    assert level_in(f"runs:/{run.run_id}/checkpoint-2") == 2.0
    about = fitprint.load_model(package).metadata.metadata["checkpoint"]
    assert (about["step"], about["score"], about["sha256"]) == (10, 0.5, run.checkpoints[1].sha256)
    assert len(fitprint.runs()) == 1


def test_by_its_step_and_into_a_folder(run, tmp_path):
    assert fitprint.package_checkpoint(run.run_id, step=10, path=tmp_path / "package") == tmp_path / "package"
    assert level_in(tmp_path / "package") == 2.0
    assert list(run.models) == ["model"]


def test_the_signature_is_that_of_the_run_or_of_given_data(run, tmp_path, flavor, monkeypatch, toylearn):
    monkeypatch.setattr(flavor, "sample", lambda self, call: [1, 2])
    toylearn.train({}, [1])
    run = fitprint.last_run()
    own = fitprint.load_model(run).metadata.signature
    assert own is not None
    assert fitprint.load_model(fitprint.package_checkpoint(run, 1)).metadata.signature == own
    package = fitprint.package_checkpoint(run, 1, data=[0.5, 1.5])
    assert fitprint.load_model(package).metadata.signature not in (own, None)


def test_a_model_that_the_user_names(run, toylearn, tmp_path):
    shutil.copytree(run.model_path, tmp_path / "other")
    shutil.rmtree(run.model_path)
    record = json.loads((run.path / "run.json").read_text())
    (run.path / "run.json").write_text(json.dumps({**record, "models": {}}))
    stored = fitprint.get_run(run.run_id)
    with pytest.raises(PackageError, match="holds a level alone: name a model"):
        fitprint.package_checkpoint(stored, 2)
    for number, model in enumerate((tmp_path / "other", toylearn.Booster(0.0))):
        fitprint.package_checkpoint(stored, 2, tmp_path / str(number), model=model)
        assert level_in(tmp_path / str(number)) == 2.0


@pytest.mark.parametrize(
    ("number", "step", "message"),
    [
        (0, None, "has no checkpoint 0: it has 3, numbered from 1"),
        (4, None, "has no checkpoint 4: it has 3, numbered from 1"),
        (None, 5, "has no checkpoint of step 5: it has checkpoints of the steps 0, 10, 20"),
    ],
)
def test_one_that_is_not_there(run, number, step, message):
    with pytest.raises(PackageError, match=message):
        fitprint.package_checkpoint(run, number, step=step)


def test_one_that_was_deleted_or_changed_since(run):
    path = Path(run.checkpoints[1].path)
    path.write_text("9.0")  # as long as before
    with pytest.raises(PackageError, match="was written again or changed after the training"):
        fitprint.package_checkpoint(run, 2)
    path.unlink()
    with pytest.raises(PackageError, match="does not exist any more"):
        fitprint.package_checkpoint(run, 2)


def test_one_without_a_hash_is_compared_by_its_size(toylearn, flavor, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(checkpoints, "LONGEST_HASHING", -1.0)
    toylearn.train({}, [1])
    run = fitprint.last_run()
    assert level_in(fitprint.package_checkpoint(run, 1)) == 1.0
    Path(run.checkpoints[1].path).write_text("2.00")
    with pytest.raises(PackageError, match="was written again or changed"):
        fitprint.package_checkpoint(run, 2)


def test_a_checkpoint_that_may_run_code_needs_trust(run, flavor, monkeypatch):
    monkeypatch.setattr(flavor, "checkpoint_needs_trust", lambda self, path: "it may hold a pickle")
    with pytest.raises(PackageError, match="it may hold a pickle, and reading one runs any code"):
        fitprint.package_checkpoint(run, 1)
    assert level_in(fitprint.package_checkpoint(run, 1, trust=True)) == 1.0


def test_a_flavor_that_cannot_load_any_says_so(run, flavor, monkeypatch):
    from fitprint.plugin import Flavor

    monkeypatch.setattr(flavor, "load_checkpoint", Flavor.load_checkpoint)
    with pytest.raises(PackageError, match="the flavor toy cannot load checkpoints"):
        fitprint.package_checkpoint(run, 1)
    assert list(fitprint.get_run(run.run_id).models) == ["model"]


def test_a_run_without_a_training(store):
    with fitprint.start_run() as run:
        pass
    with pytest.raises(PackageError, match="has recorded no training"):
        fitprint.package_checkpoint(run, 1)


def test_a_number_or_a_step(run):
    for arguments in ({}, {"checkpoint": 1, "step": 0}):
        with pytest.raises(TypeError, match="needs either the number of a checkpoint or its step"):
            fitprint.package_checkpoint(run, **arguments)


def test_the_commands(run, store, tmp_path):
    from fitprint.cli.application import fitprint as command

    def invoke(*arguments, status=0):
        result = CliRunner().invoke(command, [*map(str, arguments), "--store", str(store)])
        assert result.exit_code == status, result.output
        return result.output

    shown = invoke("show", "last")
    assert "Checkpoints" in shown
    assert "loss 0.5" in shown
    assert json.loads(invoke("show", "last", "--json"))["checkpoints"][1]["step"] == 10
    assert f"{run.path / 'checkpoint-3'} is a package now" in invoke("package", "last", "--checkpoint", 3)
    assert level_in(run.path / "checkpoint-3") == 3.0
    invoke("package", run.run_id[:20], "--step", 0, "--to", tmp_path / "first", "--model", run.run_id)
    assert level_in(tmp_path / "first") == 1.0
    assert "has no checkpoint 7" in invoke("package", "last", "--checkpoint", 7, status=1)
    assert "give one of them" in invoke("package", "last", "--checkpoint", 1, "--step", 0, status=2)
    assert "--to FOLDER is missing" in invoke("package", "model.pkl", status=2)
