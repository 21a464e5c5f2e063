"""What fitprint asks about Spark as an engine: how its Python workers are reached, and which task one executes.

Decision 0018 of fitprint says why it is the command of a job that turns recording on, and a local property that carries
the token.
"""

from __future__ import annotations

import contextlib
import pickle
import threading
import weakref
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from pyspark import TaskContext
from pyspark.util import is_remote_only

from fitprint.plugin import Engine, EngineTask, Sending, WorkerReport, WorkerSetup, attempt
from fitprint_spark._commands import Answers, Command, is_of_user
from fitprint_spark._worker import PROPERTY, worker_name

if TYPE_CHECKING or not is_remote_only():
    from pyspark import SparkContext
    from pyspark.core.rdd import PipelinedRDD
else:  # the client of Spark Connect alone is installed
    SparkContext = PipelinedRDD = ()

CONNECT = "Spark Connect"
_RDD = "collect collectWithJobGroup toLocalIterator take lookup saveAsTextFile saveAsPickleFile saveAsSequenceFile"
_HADOOP = "saveAsHadoopFile saveAsHadoopDataset saveAsNewAPIHadoopFile saveAsNewAPIHadoopDataset"
_ROWS = "collect toLocalIterator take tail toPandas toArrow show count isEmpty checkpoint localCheckpoint"
_STATISTICS = "describe summary approxQuantile corr cov crosstab freqItems"
_FILES = "save insertInto saveAsTable json parquet text csv xml orc jdbc"
_TABLES = "create replace createOrReplace append overwrite overwritePartitions"
_JOBS = {
    ("pyspark.core.rdd", "RDD"): f"{_RDD} {_HADOOP}",
    ("pyspark.sql.classic.dataframe", "DataFrame"): f"{_ROWS} {_STATISTICS}",
    ("pyspark.sql.readwriter", "DataFrameWriter"): _FILES,
    ("pyspark.sql.readwriter", "DataFrameWriterV2"): _TABLES,
    ("pyspark.sql.streaming.readwriter", "DataStreamWriter"): "start toTable",
    ("pyspark.ml.wrapper", "JavaEstimator"): "_fit_java",
    ("pyspark.ml.evaluation", "JavaEvaluator"): "_evaluate",
}
"""The methods that start jobs: the others end in these."""


class SparkEngine(Engine):
    """The engine for Spark: the functions that it carries to Python workers turn recording on there."""

    api_version = (2, 1)

    def __init__(self) -> None:
        self._context: SparkContext | None = None
        self._setup = b""
        self._answers: Answers | None = None
        self._ids: weakref.WeakKeyDictionary[SparkContext, str] = weakref.WeakKeyDictionary()
        self._thread = threading.local()

    def sendings(self) -> Sequence[Sending]:
        """Return the function that pickles every function of the user, what starts jobs, and the same of Connect."""
        methods = [Sending(module, f"{cls}.{name}") for (module, cls), names in _JOBS.items() for name in names.split()]
        return (
            Sending("pyspark.core.rdd", "_prepare_for_python_RDD"),
            *methods,
            Sending("pyspark.sql.connect.expressions", "PythonUDF.to_plan"),
            Sending("pyspark.sql.connect.plan", "PythonUDTF.to_plan"),
        )

    def cluster_of(self, sender: Any) -> SparkContext | str | None:
        """Return the `SparkContext`, if functions of the user are sent: jobs without them train nothing."""
        if isinstance(sender, tuple):
            return sender[0] if _sends(sender) and is_of_user(sender[1]) else None
        if isinstance(sender, PipelinedRDD) and is_of_user(sender.func):
            return sender.ctx
        if isinstance(sender, SparkContext):
            return sender
        module = type(sender).__module__
        if module.startswith("pyspark.sql.connect."):
            return CONNECT
        if module == "pyspark.sql.session":
            context: SparkContext = sender.sparkContext
            return context
        attached = self._context is not None and self._context is SparkContext._active_spark_context
        is_of_spark = any(cls.__module__.startswith("pyspark.") for cls in type(sender).__mro__)
        return self._context if attached and is_of_spark else None

    def identity(self, cluster: SparkContext | str) -> Hashable:
        """Return the id of the application."""
        if isinstance(cluster, str):
            return cluster
        known = self._ids.get(cluster)
        if known is None:
            known = self._ids[cluster] = cluster.applicationId
        return known

    def describe(self, cluster: SparkContext | str) -> str:
        """Return the address of the master, and the id of the application."""
        return cluster if isinstance(cluster, str) else f"{cluster.master}, application {self.identity(cluster)}"

    def why_not_now(self, cluster: SparkContext | str) -> str:
        """Return why nothing is recorded in the workers of a remote session."""
        return "with Spark Connect, a task does not say which call it belongs to" if isinstance(cluster, str) else ""

    def attach(
        self, cluster: SparkContext, setup: WorkerSetup, later: Callable[[WorkerReport], None]
    ) -> Iterable[WorkerReport]:
        """Have the functions that are pickled from now on turn recording on. No job runs for it."""
        if self._answers is None or cluster is not self._context:
            self._answers = Answers.of(cluster)
        self._answers.later = later
        self._setup = pickle.dumps(setup)
        self._context = cluster
        return ()

    @contextlib.contextmanager
    def carrying(self, sender: Any, token: str) -> Iterator[None]:
        """Put the token on the jobs that this thread starts."""
        context = self._context
        if context is None or getattr(self._thread, "carries", False):
            yield  # such as the `collect` that `toPandas` calls
            return
        self._thread.carries = True
        try:
            attempt(context.setLocalProperty, PROPERTY, token)
            yield
        finally:
            attempt(context.setLocalProperty, PROPERTY, None)
            self._thread.carries = False

    def arguments(
        self, sender: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Put what turns recording on around what the user's function is pickled in."""
        if self._answers is not None and sender is args:  # no method, but the function
            return (args[0], Command(args[1], self._answers, self._setup)), kwargs
        return args, kwargs

    def task(self) -> EngineTask | None:
        """Return the task that this Python worker executes."""
        task = TaskContext.get()
        if task is None:
            return None
        stage, partition = task.stageId(), task.partitionId()
        return EngineTask(
            key=f"stage {stage} partition {partition}",
            attempt=str(task.taskAttemptId()),
            token=task.getLocalProperty(PROPERTY),
            tags={
                "stage": str(stage),
                "partition": str(partition),
                "attempt": str(task.attemptNumber()),
                "worker": worker_name(),
            },
        )


def _sends(arguments: tuple[Any, ...]) -> bool:
    return len(arguments) == 2 and isinstance(arguments[0], SparkContext)
