"""`Run`: what users read of a run and add to it, whether it is open in this process or was read from a store."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from fitprint._core.guard import guarded, warn_once
from fitprint._core.process_exit import uncaught_error
from fitprint._core.signal_handlers import own
from fitprint._runs.adder import RunAdder
from fitprint._runs.artifacts import dict_content, figure_content, read_files, read_folder
from fitprint._runs.card import run_card
from fitprint._runs.hold import Hold
from fitprint._runs.known_metrics import deciding_metric
from fitprint._runs.merge import read_whole_record
from fitprint._runs.metrics import metric_step, metric_time, metric_value
from fitprint._runs.mlflow_view import own_tags
from fitprint._runs.record import FAILED, FINISHED, Record, check_end_status, status_after
from fitprint._runs.run_reading import RunReading
from fitprint._runs.run_stack import RunStack
from fitprint._runs.side_writer import SideWriter
from fitprint._runs.writer import RunWriter
from fitprint.stores import Store, StoreError, UnknownRunError


class Run(RunReading):
    """One recorded training call, or the code between `fitprint.start_run` and `fitprint.end_run`.

    A run can be added to from all threads of the process that started it, from its forked children, and from the
    processes that it is pickled to. A run that was read from a store is for reading: its methods that add something
    raise RuntimeError, and ``fitprint.start_run(run_id=...)`` opens it.
    """

    __module__ = "fitprint"  # where users import it from, and what pickles name

    def __init__(self, record: Record, store: Store, writer: RunWriter | None = None) -> None:
        """Create a run for fitprint itself. Users get one from `fitprint.start_run` or `fitprint.get_run`.

        Args:
            record: What is known of the run.
            store: The store that the run is in.
            writer: Writes the record of the run; None if this process does not write it.
        """
        self._hold = Hold(record, store, writer)

    @classmethod
    def _held(cls, hold: Hold) -> Run:
        """Create a run that belongs to another block, thread or process."""
        run = cls.__new__(cls)
        run._hold = hold
        return run

    @property
    def _writer(self) -> RunWriter | None:
        return self._hold.writer

    @property
    def children(self) -> list[Run]:
        """The runs whose parent is this one, oldest first."""
        children = []
        for run in read_runs(self._hold.store):
            if run.run_id <= self.run_id:  # ids sort by time, and no child is older than its parent
                break
            if run.parent_id == self.run_id:
                children.append(run)
        return children[::-1]

    def log_param(self, key: str, value: Any) -> None:
        """Log a param.

        Args:
            key: The name of the param.
            value: Its value, stored as it is if JSON has its type, else as its ``repr``. A secret is stored as
                ``***``. A value of more than 16,000 characters becomes an artifact, and the param names it.

        Raises:
            RuntimeError: If the run was read from a store.
        """
        self.log_params({key: value})

    def log_params(self, params: Mapping[str, Any]) -> None:
        """Log params.

        Args:
            params: The values of the params by their names, as for `log_param`.

        Raises:
            RuntimeError: If the run was read from a store.
        """
        writer = adder_of(self)
        prepared = {str(name): writer.prepare_param(str(name), value) for name, value in params.items()}
        with writer.change():
            for name, param in prepared.items():
                writer.add_prepared_param(name, param)

    def log_metric(self, key: str, value: float, step: int | None = None, *, timestamp: int | None = None) -> None:
        """Log a value of a metric.

        Args:
            key: The name of the metric.
            value: The value: a number, or an array or tensor of one element.
            step: The step that the value belongs to, 0 by default.
            timestamp: When it was measured, in milliseconds since the epoch; by default now.

        Raises:
            ValueError: If the value is not a number, or the step is not a whole number.
            RuntimeError: If the run was read from a store.
        """
        self.log_metrics({key: value}, step, timestamp=timestamp)

    def log_metrics(
        self, metrics: Mapping[str, float], step: int | None = None, *, timestamp: int | None = None
    ) -> None:
        """Log one value of each of several metrics.

        Args:
            metrics: The values of the metrics by their names, as for `log_metric`.
            step: The step that the values belong to, 0 by default.
            timestamp: When they were measured, in milliseconds since the epoch; by default now.

        Raises:
            ValueError: If a value is not a number, or the step is not a whole number.
            RuntimeError: If the run was read from a store.
        """
        values = {str(name): metric_value(name, value) for name, value in metrics.items()}
        whole_step, measured = metric_step(step), metric_time(timestamp)
        writer = adder_of(self)
        with writer.change(metrics_only=True):
            for name, value in values.items():
                writer.add_metric(name, value, whole_step, measured)

    def set_tag(self, key: str, value: Any) -> None:
        """Set a tag.

        Args:
            key: The name of the tag.
            value: Its value, stored as a text.

        Raises:
            RuntimeError: If the run was read from a store.
        """
        self.set_tags({key: value})

    def set_tags(self, tags: Mapping[str, Any]) -> None:
        """Set tags.

        Args:
            tags: The values of the tags by their names, stored as texts. MLflow's ``mlflow.runName`` names the run, and
                its ``mlflow.note.content`` is the tag ``description``.

        Raises:
            RuntimeError: If the run was read from a store.
        """
        writer = adder_of(self)
        name, texts = own_tags({str(key): str(value) for key, value in tags.items()})
        with writer.change():
            if name:
                writer.rename(name)
            writer.add_tags(texts, time.time())

    def log_artifact(self, local_path: str | os.PathLike[str], artifact_path: str | None = None) -> None:
        """Copy a file or a folder into the artifacts of the run.

        Args:
            local_path: The file or folder.
            artifact_path: The artifact folder to copy it into, by default none.

        Raises:
            FileNotFoundError: If there is no such file or folder.
            RuntimeError: If the run was read from a store.
        """
        for name, content in read_files(Path(local_path), artifact_path):
            self._log_content(name, content)

    def log_artifacts(self, local_dir: str | os.PathLike[str], artifact_path: str | None = None) -> None:
        """Copy the files of a folder into the artifacts of the run, without the folder itself.

        Args:
            local_dir: The folder.
            artifact_path: The artifact folder to copy them into, by default none.

        Raises:
            NotADirectoryError: If there is no such folder.
            RuntimeError: If the run was read from a store.
        """
        for name, content in read_folder(Path(local_dir), artifact_path):
            self._log_content(name, content)

    def log_dict(self, dictionary: Any, artifact_file: str) -> None:
        """Write a value as an artifact. Secrets in it are stored as ``***``.

        Args:
            dictionary: A dictionary, or another value that JSON can hold.
            artifact_file: The name of the artifact. It is written as YAML if the name ends in ``.yaml`` or ``.yml``,
                else as JSON.

        Raises:
            ValueError: If the name leads out of the artifacts.
            RuntimeError: If the run was read from a store.
        """
        redactor = adder_of(self).secrets.redactor
        self._log_content(artifact_file, dict_content(dictionary, artifact_file, redactor))

    def log_text(self, text: str, artifact_file: str) -> None:
        """Write a text as an artifact, in UTF-8.

        Args:
            text: The text.
            artifact_file: The name of the artifact.

        Raises:
            ValueError: If the name leads out of the artifacts.
            RuntimeError: If the run was read from a store.
        """
        self._log_content(artifact_file, text.encode("utf-8"))

    def log_figure(self, figure: Any, artifact_file: str, *, save_kwargs: Mapping[str, Any] | None = None) -> None:
        """Save a figure as an artifact.

        Args:
            figure: A matplotlib or plotly figure, or an object with its ``savefig``, ``to_html`` or ``to_image``.
            artifact_file: The name of the artifact. Its file extension says the format.
            save_kwargs: Arguments for that method of the figure.

        Raises:
            TypeError: If `figure` is not a figure.
            ValueError: If the name leads out of the artifacts.
            RuntimeError: If the run was read from a store.
        """
        self._log_content(artifact_file, figure_content(figure, artifact_file, save_kwargs or {}))

    def end(self, status: str = FINISHED) -> None:
        """End the run. Does nothing if it has ended.

        A run that another block, thread or process has open stays open there: this ends its use here.

        Args:
            status: ``FINISHED``, ``FAILED`` or ``KILLED``.

        Raises:
            ValueError: If the status is another one.
            OSError: If the end cannot be written. The run is then ended when the next run begins in its store.
            RuntimeError: If the run is open in another process, and was read from a store.
        """
        check_end_status(status)
        self._hold.end(status)

    def _log_content(self, name: str, content: bytes) -> None:
        writer = adder_of(self)
        with writer.change():
            try:
                writer.write_artifact(name, content)
            except own(OSError) as error:
                if not writer.is_lost(error):
                    raise
                writer.skip(f"artifact {name}", "store", error.strerror or str(error))

    def __enter__(self) -> Run:
        if not self._hold.is_for_reading:
            active_runs.enter_block(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        active_runs.remove(self)
        if not self._hold.is_for_reading and self._hold.is_of_this_process:  # a forked child may leave the block too
            with guarded("the end of the run", skips=self._hold.skips):
                self._end_block(status_after(error))

    def _end_block(self, status: str) -> None:
        """End the run at the end of its block, where an error of the store must not replace the program's own."""
        try:
            self.end(status)
        except own(OSError) as error:
            if not adder_of(self).is_lost(error):
                raise

    def __getstate__(self) -> tuple[Any, ...]:
        return self._hold.to_state()

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        """Read the run again from its store.

        Raises:
            StoreError: The store does not have the run.
        """
        self._hold = Hold.from_state(state)

    def __dir__(self) -> list[str]:
        return [name for name in super().__dir__() if not name.startswith("_")]

    def __repr__(self) -> str:
        metric = deciding_metric(self._hold.whole())
        return f"<Run {self.run_id} {self.name} {self.status}{f' {metric.text()}' if metric is not None else ''}>"

    def _repr_html_(self) -> str:
        return run_card(self._hold.whole(), self.path, self.model_path)


def _end_with_program(run: Run) -> None:
    """End a run that the program has left open: as failed if an exception that nobody caught has ended the program."""
    with guarded("the end of a run that was left open"):
        run.end(FAILED if uncaught_error() is not None else FINISHED)


active_runs: RunStack[Run] = RunStack(lambda run: run._hold.is_active, _end_with_program)
"""The runs that `start_run` and `with` blocks have made active."""


def writer_of(run: Run) -> RunWriter:
    """Return what writes the record of a run.

    Raises:
        RuntimeError: If the run was read from a store, or another process writes its record.
    """
    return run._hold.owner()


def adder_of(run: Run) -> RunAdder:
    """Return what adds to a run: its writer, or the writer of a side file where another process writes the record.

    Raises:
        RuntimeError: If the run was read from a store.
    """
    return run._hold.adder()


def is_own(run: Run) -> bool:
    """Return whether a run was begun in this process, and not joined by its id: a training can be recorded on it."""
    return run._hold.is_own


def before_end(run: Run) -> list[Callable[[], None]]:
    """Return what is called when the run ends here, to end what is recorded on it or below it and is still open."""
    return run._hold.before_end


def joined_run(
    record: Record,
    store: Store,
    writer: RunWriter | None = None,
    *,
    side: SideWriter | None = None,
    reopened: bool = False,
) -> Run:
    """Return a run that belongs to another block, thread or process, to add to it; see `Hold` for the arguments."""
    return Run._held(Hold(record, store, writer, side=side, joined=True, reopened=reopened))


def record_of(run: Run) -> Record:
    """Return the record of a run, to read what the properties of `Run` do not tell."""
    return run._hold.record


def store_of(run: Run) -> Store:
    """Return the store that a run is in."""
    return run._hold.store


def read_runs(store: Store) -> Iterator[Run]:
    """Yield the runs of a store, newest first. A run whose record is broken is left out, with one warning."""
    for run_id in store.run_ids():
        try:
            run = Run(read_whole_record(store, run_id), store)
        except UnknownRunError:  # removed since it was listed, or without a record yet
            continue
        except StoreError as error:
            warn_once(("store", run_id), str(error))
            continue
        yield run
