"""The checkpoints that a user's own code writes: noted while the training goes on, and read when it has ended."""

from __future__ import annotations

import copy
import hashlib
import json
import multiprocessing
import os
import pickle
from pathlib import Path

import pytest

import fitprint
from fitprint._instrumentation import registry
from fitprint._runs import checkpoints


@pytest.fixture
def toylearn(toy, store):
    module = toy.imported()
    fitprint.autolog("toy", quiet=True)
    return module


@pytest.fixture
def train(toylearn, monkeypatch, tmp_path):
    """Trains; after each round the user's callback writes, and the flavor notes what it returns."""
    monkeypatch.chdir(tmp_path)

    def listen(self, call, emit):
        theirs, note = call.argument("callback"), call.checkpoint

        def after_round(step, level):
            for facts in theirs(step, level) or ():
                note(**facts)

        call.replace_argument("callback", after_round)

    monkeypatch.setattr(type(registry.entries()["toy"].flavor()), "listen", listen)

    def run_of(callback, rounds=3):
        toylearn.train({"rate": 1.0}, [1], rounds, callback)
        return fitprint.last_run()

    return run_of


def epoch(step, level):
    """Writes a file in the working directory."""
    path = Path(f"epoch-{step}.ckpt")
    path.write_text(str(level))
    return [{"path": path, "step": step, "score": 1 / level, "monitor": "loss"}]


def sha256(content):
    return hashlib.sha256(content.encode()).hexdigest()


def test_what_callbacks_write_is_known_to_the_run(train, tmp_path):
    run = train(epoch)
    assert "checkpoints.json" in run.artifacts
    first, second, third = run.checkpoints
    assert [Path(one.path) for one in run.checkpoints] == [tmp_path / f"epoch-{step}.ckpt" for step in range(3)]
    assert (second.step, second.score, second.monitor, second.size) == (1, 0.5, "loss", 3)
    assert second.sha256 == sha256("2.0") != first.sha256
    assert run.start_time <= first.time <= third.time <= run.end_time
    assert run.skipped == []
    assert list(run.models) == ["model"]


def test_it_is_on_disk_before_the_training_has_ended(train, store):
    def callback(step, level):
        if step == 1:
            (folder,) = (store / ".open").iterdir()
            (entry,) = json.loads((folder / "artifacts" / "checkpoints.json").read_text())
            assert (entry["step"], entry["sha256"], entry["deleted"]) == (0, None, False)
            return []
        return epoch(step, level)

    assert [one.step for one in train(callback).checkpoints] == [0, 2]


def test_one_that_was_deleted_meanwhile_is_told(train):
    def keeping_the_latest(step, level):
        if step:
            os.unlink(f"epoch-{step - 1}.ckpt")
        return epoch(step, level)

    run = train(keeping_the_latest)
    assert [(one.step, one.deleted, one.sha256 is None) for one in run.checkpoints] == [
        (0, True, True),
        (1, True, True),
        (2, False, False),
    ]
    assert run.checkpoints[0].size == 3
    assert run.skipped == []


def test_one_that_is_written_again_is_one_checkpoint(train):
    def last(step, level):
        Path("last.ckpt").write_text(str(level))
        return [*epoch(step, level), {"path": "last.ckpt", "step": step}]

    run = train(last, rounds=2)
    assert [(Path(one.path).name, one.step) for one in run.checkpoints] == [
        ("epoch-0.ckpt", 0),
        ("last.ckpt", 1),
        ("epoch-1.ckpt", 1),
    ]
    assert run.checkpoints[1].sha256 == sha256("2.0")


def test_folders_and_files_with_a_common_beginning(train, tmp_path):
    def several(step, level):
        Path("folder", "inner").mkdir(parents=True, exist_ok=True)
        Path("folder", "inner", "b").write_text("b")
        Path("folder", "a").write_text("a")
        Path("ckpt-1.index").write_text("i")
        Path("ckpt-1.data-00000-of-00001").write_text("data")
        Path("ckpt-10.index").write_text("another one")
        return [{"path": "folder"}, {"path": "ckpt-1"}, {"path": "s3://bucket/a.ckpt", "step": step}]

    folder, prefix, remote = train(several, rounds=1).checkpoints
    assert (folder.size, prefix.size, remote.size) == (2, 5, None)
    assert folder.sha256 == sha256(f"{sha256('a')}  a\n{sha256('b')}  inner/b\n")
    assert prefix.sha256 == sha256(f"{sha256('data')}  ckpt-1.data-00000-of-00001\n{sha256('i')}  ckpt-1.index\n")
    assert (remote.path, remote.sha256, remote.deleted) == ("s3://bucket/a.ckpt", None, False)


def test_reading_them_takes_limited_time(train, monkeypatch):
    monkeypatch.setattr(checkpoints, "LONGEST_HASHING", -1.0)
    run = train(epoch)
    assert [(one.size, one.sha256, one.deleted) for one in run.checkpoints] == [(3, None, False)] * 3
    (skip,) = run.skipped
    assert (skip.what, skip.rule) == ("the SHA-256 of 3 checkpoints", "checkpoints")


def test_no_file_is_read_while_the_training_goes_on(train, monkeypatch):
    during = []
    monkeypatch.setattr(checkpoints, "digest_of", lambda *args: during.append(args[0]))

    def callback(step, level):
        assert during == []
        return epoch(step, level)

    train(callback)
    assert [Path(path).name for path in during] == ["epoch-2.ckpt", "epoch-1.ckpt", "epoch-0.ckpt"]


def test_many_checkpoints_are_not_written_one_by_one(train, monkeypatch):
    monkeypatch.setattr(checkpoints, "WRITING_SHARE", 1e-9)
    written = []
    write = checkpoints.CheckpointFile._write
    monkeypatch.setattr(checkpoints.CheckpointFile, "_write", lambda self: (written.append(1), write(self)))
    run = train(epoch, rounds=50)
    assert len(run.checkpoints) == 50
    assert len(written) == 2  # the first one, and all of them at the end


def test_a_score_that_is_no_number_costs_only_its_checkpoint(train):
    run = train(lambda step, level: [{"path": "a", "score": "bad" if step == 1 else level}])
    assert [one.score for one in run.checkpoints] == [3.0]
    assert [(skip.what, skip.rule) for skip in run.skipped] == [("a checkpoint", "error")]
    assert run.status == "FINISHED"


def test_a_file_that_is_broken_reads_as_none(train):
    run = train(epoch)
    for content in ("[{", "[1]", "{}x", '[{"step": 1}]', '[{"path": "a", "score": "x"}]'):
        (run.path / "artifacts" / "checkpoints.json").write_text(content)
        assert run.checkpoints == []


def test_a_training_without_checkpoints_has_no_file(train):
    run = train(lambda step, level: None)
    assert run.checkpoints == []
    assert "checkpoints.json" not in run.artifacts


def write_and_note(note, path):
    Path(path).write_text("elsewhere")
    note(path, step=7, score=0.5, monitor="loss")


@pytest.mark.process
@pytest.mark.parametrize(
    "method", ["spawn", pytest.param("fork", marks=pytest.mark.skipif(os.name != "posix", reason="needs fork"))]
)
def test_another_process_adds_to_them(toylearn, monkeypatch, tmp_path, method):
    def listen(self, call, emit):
        def after_round(step, level):
            own = tmp_path / f"own-{step}.ckpt"
            own.write_text("own")
            note(own, step=step)
            if step == 0:
                process = multiprocessing.get_context(method).Process(
                    target=write_and_note, args=(note, tmp_path / "other.ckpt")
                )
                process.start()
                process.join()
                assert process.exitcode == 0

        note = call.checkpoint
        call.replace_argument("callback", after_round)

    monkeypatch.setattr(type(registry.entries()["toy"].flavor()), "listen", listen)
    toylearn.train({"rate": 1.0}, [1], 2)
    run = fitprint.get_run(fitprint.last_run().run_id)
    assert [(Path(one.path).name, one.step, one.sha256) for one in run.checkpoints] == [
        ("own-0.ckpt", 0, sha256("own")),
        ("other.ckpt", 7, sha256("elsewhere")),
        ("own-1.ckpt", 1, sha256("own")),
    ]


def test_what_notes_them_can_be_copied_and_pickled(toylearn, monkeypatch, tmp_path):
    def listen(self, call, emit):
        notes = [copy.deepcopy(call.checkpoint), pickle.loads(pickle.dumps(emit)).checkpoint]
        for step, note in enumerate(notes):
            note(tmp_path / str(step), step=step)

    monkeypatch.setattr(type(registry.entries()["toy"].flavor()), "listen", listen)
    toylearn.train({}, [1])
    assert [one.step for one in fitprint.last_run().checkpoints] == [0, 1]
