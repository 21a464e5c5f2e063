"""`StoreConformance`: what every store has to do, as a pytest class that the tests of a plugin subclass."""

from __future__ import annotations

import functools
import inspect
import json
import os
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, TypeVar, cast

import pytest

import fitprint
from fitprint._runs.record import Record
from fitprint._runs.side_writer import side_writer
from fitprint.stores import OpenRun, Store, StoreError, UnknownRunError, open_store
from fitprint.testing.case import Conformance
from fitprint.testing.reset import forget_everything

_Check = TypeVar("_Check", bound=Callable[..., None])


def _look_at(methods: str) -> Callable[[_Check], _Check]:
    """Decorate a check: when it fails, its message says which methods of the store to look at."""

    def decorate(check: _Check) -> _Check:
        @functools.wraps(check)
        def checked(*args: Any, **kwargs: Any) -> None:
            try:
                check(*args, **kwargs)
            except (AssertionError, pytest.fail.Exception) as error:
                error.add_note(
                    f"What has to hold: {inspect.getdoc(check)} Look at {methods}: the docstrings in "
                    "fitprint.stores say what each has to do."
                )
                raise

        return cast("_Check", checked)

    return decorate


class StoreConformance(Conformance):
    """What every store has to do. The tests of a plugin subclass it and say where a new, empty store lies."""

    location: ClassVar[str] = ""
    """The location of a store: ``{folder}`` stands for a new folder of each check, ``{unique}`` for a new word."""

    @pytest.fixture
    def place(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
        """The location of a new store, which is also the configured store of this process."""
        assert self.location, (
            f"{type(self).__name__} has no location: set location = 'myscheme://{{folder}}' in the class"
        )
        monkeypatch.chdir(tmp_path)
        location = self.location.format(folder=tmp_path / "store", unique=secrets.token_hex(8))
        monkeypatch.setenv("FITPRINT_STORE", location)
        forget_everything()
        yield location
        forget_everything()

    @pytest.fixture
    def opened(self, place: str) -> Store:
        """A new store, opened."""
        return open_store(place)

    @_look_at("Store.run_ids")
    def test_a_new_store_is_empty(self, opened: Store) -> None:
        """A new store has no runs."""
        assert list(opened.run_ids()) == []

    @_look_at("Store.folder, read_record, reopen, leftovers and side_files")
    def test_unknown_runs_are_said_to_be_unknown(self, opened: Store) -> None:
        """An id that no run has raises UnknownRunError."""
        for wrong in ("0" * 32, "..", "", "x", "../" * 11, "\0" * 32):
            for ask in (opened.folder, opened.read_record, opened.reopen, opened.leftovers, opened.side_files):
                with pytest.raises(UnknownRunError):
                    ask(wrong)

    @_look_at("Store.begin, run_ids, folder and leftovers")
    def test_a_run_is_there_from_its_first_moment(self, opened: Store) -> None:
        """A run can be read as soon as it has begun."""
        run = _begun(opened, "a")
        (run_id,) = opened.run_ids()
        assert opened.read_record(run_id)["name"] == "a"
        assert opened.folder(run_id) == run.path
        assert run.path.is_dir()
        assert opened.leftovers(run_id).open

    @_look_at("OpenRun.append_metrics, write_artifact, final_path and finish")
    def test_a_finished_run_reads_as_it_was_written(self, opened: Store) -> None:
        """Metrics and artifacts of a finished run are read as they were written."""
        run = _begun(opened, "a")
        (run_id,) = opened.run_ids()
        run.append_metrics('{"name": "m", "step": 0, "value": 1.0, "time": 1.0}\n')
        run.append_metrics('{"name": "m", "step": 1, "value": 2.0, "time": 2.0}\n')
        run.write_artifact("deep/er/facts.json", b"{}")
        where = run.final_path
        run.finish()
        assert run.path == where, "final_path is not where a finished run lies"
        folder = open_store(opened.location).folder(run_id)
        assert len((folder / "metrics.jsonl").read_text().splitlines()) == 2
        assert (folder / "artifacts/deep/er/facts.json").read_bytes() == b"{}"
        assert not opened.leftovers(run_id).open
        run.finish()
        assert list(opened.run_ids()) == [run_id]

    @_look_at("OpenRun.settle and finish")
    def test_a_run_may_settle_before_it_is_finished(self, opened: Store) -> None:
        """A run that has settled is written and finished like any other, and its folder does not change any more."""
        run = _begun(opened, "a")
        (run_id,) = opened.run_ids()
        run.write_artifact("a/before.txt", b"1")
        run.settle()
        where = run.path
        run.write_artifact("a/after.txt", b"2")
        assert opened.folder(run_id) == where
        assert opened.read_record(run_id)["name"] == "a"
        run.finish()
        assert run.path == run.final_path == opened.folder(run_id)
        if where == run.final_path:
            assert sorted(path.name for path in (where / "artifacts" / "a").iterdir()) == ["after.txt", "before.txt"]

    @_look_at("OpenRun.write_record")
    def test_records_are_replaced_whole(self, opened: Store) -> None:
        """A record that is written again replaces the earlier one as a whole."""
        run = _begun(opened, "a")
        (run_id,) = opened.run_ids()
        for text in ("b" * 10_000, "c"):
            run.write_record({**opened.read_record(run_id), "name": text})
            assert opened.read_record(run_id)["name"] == text

    @_look_at("Store.run_ids")
    def test_ids_come_newest_first(self, opened: Store) -> None:
        """The ids of finished and open runs come in one order, the newest first."""
        ids = []
        for at in range(3):
            ids.append(f"{time.time_ns() + at:032x}")
            begun = opened.begin(ids[-1])
            begun.write_record(Record(ids[-1], "a").to_json())
            if at != 1:
                begun.finish()
        assert list(opened.run_ids()) == ids[::-1]

    @_look_at("OpenRun.write_artifact")
    @pytest.mark.parametrize("name", ["../x", "a/../../x", "/x", "", ".", "..", "a\0b"])
    def test_artifacts_do_not_lead_outside(self, opened: Store, name: str) -> None:
        """The name of an artifact cannot lead outside of the run."""
        run = _begun(opened, "a")
        with pytest.raises(ValueError, match="artifact name"):
            run.write_artifact(name, b"x")

    @_look_at("OpenRun.begin_package and keep_package")
    def test_a_package_is_complete_or_absent(self, opened: Store) -> None:
        """A package is there completely or not at all, and a name that is taken gets a number."""
        run = _begun(opened, "a")
        left, complete = run.begin_package(None), run.begin_package(None)
        left.write("model.bin", "half")
        complete.write("model.bin", "whole")
        assert not [path for path in run.path.iterdir() if (path / "checksums.json").exists()]
        assert run.keep_package(complete, "model") == "model"
        again = run.begin_package(None)
        again.write("model.bin", "another")
        assert run.keep_package(again, "model") == "model-2", "a name that is taken gets a number"
        run.finish()
        assert (run.path / "model" / "model.bin").read_text() == "whole"
        assert (run.path / "model" / "checksums.json").is_file()
        assert not [path for path in run.path.rglob("model.bin") if path.read_text() == "half"]

    @_look_at("OpenRun.keep_package and its argument `replaces`")
    def test_a_package_takes_the_place_of_another(self, opened: Store) -> None:
        """A package that replaces another one has its name, and nothing of the other one is left."""
        run = _begun(opened, "a")
        for content in ("first", "second"):
            package = run.begin_package(None)
            package.write("model.bin", content)
            assert run.keep_package(package, "model", replaces=True) == "model"
            assert (run.path / "model" / "model.bin").read_text() == content
        run.finish()
        assert (run.path / "model" / "checksums.json").is_file()
        assert not [path for path in run.path.rglob("model.bin") if path.read_text() == "first"]

    @_look_at("OpenRun.keep_package")
    @pytest.mark.parametrize("name", ["", "..", "a/b", ".hidden", "run.json", "artifacts", "a\0b"])
    def test_a_package_s_name_is_plain(self, opened: Store, name: str) -> None:
        """The name of a package cannot lead outside of the run, nor replace its files."""
        run = _begun(opened, "a")
        package = run.begin_package(None)
        with pytest.raises(ValueError, match="not a valid name for a model"):
            run.keep_package(package, name)

    @_look_at("OpenRun.discard")
    def test_a_discarded_run_leaves_nothing(self, opened: Store) -> None:
        """Nothing is left of a run that is discarded."""
        run = _begun(opened, "a")
        path = run.path
        run.discard()
        assert list(opened.run_ids()) == []
        assert not path.exists()

    @_look_at("Store.reopen")
    def test_a_finished_run_is_added_to(self, opened: Store) -> None:
        """A finished run can be reopened, and takes more artifacts and another record."""
        _begun(opened, "a").finish()
        (run_id,) = opened.run_ids()
        again = opened.reopen(run_id)
        again.write_record({**opened.read_record(run_id), "name": "b"})
        again.write_artifact("more.txt", b"x")
        again.finish()
        assert opened.read_record(run_id)["name"] == "b"
        assert (opened.folder(run_id) / "artifacts" / "more.txt").exists()

    @_look_at("Store.take_over and leftovers")
    def test_one_takes_over_the_run_of_a_dead_process(self, opened: Store) -> None:
        """One process, and only one, takes over the run of a process that has died."""
        _begun(opened, "a")
        (run_id,) = opened.run_ids()
        assert opened.take_over(run_id, True, lambda record: False) is None, "it was said to be alive"
        assert opened.leftovers(run_id).open
        taken = opened.take_over(run_id, True, lambda record: bool(record["name"] == "a"))
        assert taken is not None
        assert opened.take_over(run_id, True, lambda record: True) is None, "two took over the same run"
        taken.mend({**opened.read_record(run_id), "status": "KILLED"}, [])
        assert opened.read_record(run_id)["status"] == "KILLED"
        assert not opened.leftovers(run_id).open

    @_look_at("Store.join and side_files, and JoinedRun")
    def test_several_writers_add_to_a_run_that_ends_meanwhile(self, opened: Store) -> None:
        """Other writers append to files of their own, before and after the run is finished, and nothing is lost."""
        run = _begun(opened, "a")
        (run_id,) = opened.run_ids()
        record = opened.read_record(run_id)
        assert dict(opened.side_files(run_id)) == {}
        first, second = opened.join(run_id, "host.a-1-aa"), opened.join(run_id, "host.a-2-bb")
        assert dict(opened.side_files(run_id)) == {}, "who joins a run writes nothing yet"
        first.append('{"x": 1}\n')
        first.write_artifact("first/a.txt", b"1")
        second.write_artifact("both.txt", b"2")
        run.finish()
        first.append('{"x": 2}\n{"x": 3}\n')
        second.append('{"x": 4}\n')
        first.write_artifact("both.txt", b"1")
        second.write_artifact("second/b.txt", b"2")
        assert dict(opened.side_files(run_id)) == {
            "host.a-1-aa": b'{"x": 1}\n{"x": 2}\n{"x": 3}\n',
            "host.a-2-bb": b'{"x": 4}\n',
        }
        assert first.path == second.path == run.path == opened.folder(run_id)
        artifacts = {name: (run.path / "artifacts" / name).read_bytes() for name in ("first/a.txt", "second/b.txt")}
        assert artifacts == {"first/a.txt": b"1", "second/b.txt": b"2"}
        assert (run.path / "artifacts/both.txt").read_bytes() == b"1", "the last one of this name stays"
        assert opened.read_record(run_id) == record, "nobody else changes the record"
        assert opened.leftovers(run_id).incomplete == {}
        assert list(opened.run_ids()) == [run_id]

    @_look_at("JoinedRun.write_artifact and keep_package")
    def test_other_writers_names_do_not_lead_outside(self, opened: Store) -> None:
        """Neither an artifact nor a package of another writer can lead outside of the run."""
        _begun(opened, "a").finish()
        (run_id,) = opened.run_ids()
        joined = opened.join(run_id, "host-1-aa")
        for name in ("../x", "a/../../x", "/x", "", "a\0b"):
            with pytest.raises(ValueError, match="artifact name"):
                joined.write_artifact(name, b"x")
        package = joined.begin_package(None)
        for name in ("..", "a/b", "run.json", "also"):
            with pytest.raises(ValueError, match="not a valid name for a model"):
                joined.keep_package(package, name)
        package.discard()

    @_look_at("JoinedRun.begin_package and keep_package")
    def test_a_package_of_another_writer_is_kept_in_a_run_that_ends_meanwhile(self, opened: Store) -> None:
        """A package that another writer has begun gets into the run although that was finished meanwhile."""
        run = _begun(opened, "a")
        (run_id,) = opened.run_ids()
        joined = opened.join(run_id, "host-1-aa")
        own, package, left = run.begin_package(None), joined.begin_package(None), joined.begin_package(None)
        own.write("model.bin", "own")
        package.write("model.bin", "whole")
        left.write("model.bin", "half")
        assert run.keep_package(own, "model") == "model"
        run.finish()
        assert joined.keep_package(package, "model") == "model-2", "a name that is taken gets a number"
        left.discard()
        assert (run.path / "model-2" / "model.bin").read_text() == "whole"
        assert (run.path / "model-2" / "checksums.json").is_file()
        assert list(opened.run_ids()) == [run_id], "nothing is left of the staging"

    @_look_at("Store.join and side_files, and JoinedRun")
    def test_nobody_joins_a_run_that_does_not_exist(self, opened: Store) -> None:
        """A run that was never begun, or that was removed, raises UnknownRunError, and is not made again."""
        run = _begun(opened, "a")
        (run_id,) = opened.run_ids()
        joined = opened.join(run_id, "host-1-aa")
        run.discard()
        asks: list[Callable[[], object]] = [
            lambda: joined.append("{}\n"),
            lambda: joined.write_artifact("a.txt", b"x"),
            lambda: joined.path,
            lambda: opened.join(run_id, "host-1-aa"),
            lambda: opened.side_files(run_id),
        ]
        for ask in asks:
            with pytest.raises(UnknownRunError):
                ask()
        assert list(opened.run_ids()) == []

    @_look_at("Store.read_record")
    def test_what_is_broken_is_a_store_error(self, opened: Store) -> None:
        """A record that cannot be read raises StoreError."""
        _begun(opened, "a").finish()
        (run_id,) = opened.run_ids()
        record = opened.folder(run_id) / "run.json"
        if record.exists():
            record.write_text("{", "utf-8")
            with pytest.raises(StoreError):
                opened.read_record(run_id)

    @_look_at("Store.begin and reopen, and OpenRun")
    def test_fitprint_writes_to_it_and_reads_it_back(self, place: str) -> None:
        """What fitprint's own calls write is read back as it was."""
        with fitprint.start_run("mine") as run:
            run.log_params({"a": [1, None]})
            run.log_metric("m", float("nan"), step=3)
            run.log_text("hello", "notes.txt")
        (read,) = fitprint.runs(place)
        assert (read.run_id, read.name, read.status) == (run.run_id, "mine", "FINISHED")
        assert read.params == {"a": [1, None]}
        assert [step for step, _ in read.metric_history("m")] == [3]
        assert read.artifacts == ["notes.txt"]
        run.log_param("late", 1)
        assert fitprint.get_run(run.run_id).params["late"] == 1

    @_look_at("Store.join and side_files")
    def test_fitprint_merges_what_other_processes_have_added(self, place: str) -> None:
        """What another process adds to an open and to a finished run is read as a part of the run."""
        with fitprint.start_run("mine") as run:
            other = side_writer(open_store(place).location, run.run_id)
            other.add_param("a", 1)
            other.add_metric("m", 0.5, 3, time.time())
            other.write_artifact("notes.txt", b"hello")
            other.write()
        other.add_tags({"late": "yes"})
        other.write()
        (read,) = fitprint.runs(place)
        assert (read.params, read.metrics, read.artifacts) == ({"a": 1}, {"m": 0.5}, ["notes.txt"])
        assert read.metric_history("m") == [(3, 0.5)]
        assert read.tags["late"] == "yes"


def _begun(store: Store, name: str) -> OpenRun:
    run_id = f"{time.time_ns():032x}"
    run = store.begin(run_id)
    process = {"pid": os.getpid()}
    run.write_record(json.loads(json.dumps(Record(run_id, name, process=process).to_json())))
    return run
