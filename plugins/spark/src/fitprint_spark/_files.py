"""Moving files between Spark and this machine.

In local mode Spark writes to the disk of this machine. On a cluster the executors write, each to its own disk, so that
a model is written to a folder that all of them share, and copied from there.
"""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fitprint.plugin import Package, PackageError, attempt
from fitprint_spark import _jobs

DEFAULT_TMPDIR = "/tmp/fitprint"  # on the file system of the cluster, as MLflow's /tmp/mlflow
_MLFLOWS_TMPDIR = "MLFLOW_DFS_TMP"


def tmpdir(chosen: str | None) -> str:
    """Return the folder for files on their way: the chosen one, else MLflow's, else the default."""
    return chosen or os.environ.get(_MLFLOWS_TMPDIR) or DEFAULT_TMPDIR


def local_uri(path: Path) -> str:
    """Return the name by which Spark knows a file of this machine; spaces stay as they are in it."""
    return f"file://{path.absolute().as_posix()}"


def write(writer: Any, package: Package, name: str, folder: str) -> None:
    """Have Spark write a model into a package, and end that when the package gets too large.

    Args:
        writer: Spark's writer of the model.
        package: The package.
        name: The folder in the package.
        folder: The folder for files on their way.

    Raises:
        PackageError: The executors have written to disks of their own.
    """
    target = package.path(name)
    if _jobs.is_local():
        _within_limit(package, writer, local_uri(target), lambda: _local_size(target))
        return
    remote = f"{folder.rstrip('/')}/{uuid.uuid4().hex}"
    system, place = _hadoop(remote)
    try:
        _within_limit(package, writer, remote, lambda: system.getContentSummary(place).getLength())
        system.copyToLocalFile(False, place, _path(local_uri(target)))
    finally:
        system.delete(place, True)
    _expect_all_parts(target, folder)


def _within_limit(package: Package, writer: Any, place: str, size: Any) -> None:
    """Write, and raise PackageTooLarge if what is written is over the limit; Spark's jobs are cancelled then."""
    limit, before = package.limit, package.size

    def is_over() -> bool:
        return limit is not None and before + size() > limit

    with _jobs.Bounded("writing a model", is_over) as bounded:
        written, error = attempt(writer.save, place)
    if bounded.was_cancelled or (written and is_over()):
        package.count(size())  # which raises
    if not written:
        raise error


def _local_size(folder: Path) -> int:
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(FileNotFoundError):  # Spark renames its files at the end of a job
                total += os.stat(os.path.join(place, name)).st_size
    return total


def _expect_all_parts(folder: Path, shared: str) -> None:
    """Raise PackageError if a part of the model has not come here, because an executor wrote it to its own disk."""
    for mark in folder.rglob("_SUCCESS"):
        if not any(mark.parent.glob("part-*")):
            raise PackageError(
                f"the executors have written the model to {shared!r} on disks of their own: set dfs_tmpdir of "
                "fitprint.spark.autolog() to a folder that the driver and all executors share, such as hdfs:///tmp/fitprint"
            )


@contextlib.contextmanager
def readable(folder: Path, chosen: str | None) -> Iterator[str]:
    """Give the name by which Spark can read a folder of this machine.

    If the session's own file system is another one, the folder is copied there, and stays until Spark ends: models of
    some kinds read their files when they predict.

    Args:
        folder: The folder.
        chosen: The folder for files on their way, or None.
    """
    if _jobs.is_local() or _jobs.context() is None or _is_local_system():
        yield local_uri(folder)
        return
    remote = f"{tmpdir(chosen).rstrip('/')}/{uuid.uuid4().hex}"
    system, place = _hadoop(remote)
    system.copyFromLocalFile(False, _path(local_uri(folder)), place)
    system.deleteOnExit(place)
    yield remote


def _path(name: str) -> Any:
    return _jobs.context()._jvm.org.apache.hadoop.fs.Path(name)


def _hadoop(name: str) -> tuple[Any, Any]:
    """Return the file system that a name belongs to, and the path in it."""
    path = _path(name)
    return path.getFileSystem(_jobs.context()._jsc.hadoopConfiguration()), path


def _is_local_system() -> bool:
    return str(_hadoop("/")[0].getUri().getScheme()) == "file"
