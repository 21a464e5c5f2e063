"""A standalone cluster of two worker processes: the model goes through a folder that all of them share."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyspark
import pytest

import fitprint
from fitprint.plugin import PackageError
from fitprint_spark import _files

SPARK_CLASS = Path(pyspark.__file__).parent / "bin" / "spark-class"
STARTS_WITHIN = 240  # seconds, on a busy machine
FIT = """
    import sys
    import fitprint
    from pyspark.ml import Pipeline
    from pyspark.ml.classification import RandomForestClassifier
    from pyspark.ml.feature import VectorAssembler
    from pyspark.sql import SparkSession

    spark = SparkSession.builder.master(sys.argv[1]).config("spark.executor.memory", "512m").getOrCreate()
    fitprint.spark.autolog(strict=True, quiet=True, dfs_tmpdir=sys.argv[2])
    frame = spark.range(40, numPartitions=4).selectExpr("id % 7 AS a", "id % 5 AS b", "double(id % 7 > 3) AS label")
    assembler = VectorAssembler(inputCols=["a", "b"], outputCol="features")
    model = Pipeline(stages=[assembler, RandomForestClassifier(numTrees=3, seed=1)]).fit(frame)
    print("executors:", spark.sparkContext._jsc.sc().getExecutorMemoryStatus().size() - 1)
    few = frame.select("a", "b").coalesce(1)  # the rows of several partitions come in any order
    predicted = [row.prediction for row in model.transform(few).collect()]
    print("equal:", fitprint.load_model(fitprint.last_run().model_path).predict(few.toPandas()) == predicted)
    spark.stop()
"""

FUNCTIONS = """
    import os, sys, time
    import numpy as np
    import fitprint
    from pyspark import TaskContext
    from pyspark.sql import SparkSession
    from sklearn.linear_model import LogisticRegression

    X = np.random.default_rng(0).normal(size=(100, 3))
    y = X[:, 0] > 0

    def train(C):
        LogisticRegression(C=C).fit(X, y)
        if C == 1 and TaskContext.get().attemptNumber() == 0:
            os._exit(1)  # as if somebody had killed the worker

    spark = SparkSession.builder.master(sys.argv[1]).config("spark.executor.memory", "512m").getOrCreate()
    executors = spark.sparkContext._jsc.sc()
    while executors.getExecutorMemoryStatus().size() < 3:  # with the driver
        time.sleep(0.1)
    fitprint.autolog(log_models=False, quiet=True)
    with fitprint.start_run("mine", group=True):
        spark.sparkContext.parallelize([1.0, 2.0, 3.0, 4.0], 4).foreach(train)
    print(fitprint.status().unreached)
    spark.stop()
"""


@pytest.fixture
def cluster(tmp_path: Path, starts_processes: None) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"spark://127.0.0.1:{port}"
    deploy = "org.apache.spark.deploy"
    master = [f"{deploy}.master.Master", "--host", "127.0.0.1", "--port", str(port), "--webui-port", "0"]
    worker = [f"{deploy}.worker.Worker", "--host", "127.0.0.1", "--webui-port", "0", "--cores", "1", "--memory", "600m"]
    commands = [master, *([*worker, "--work-dir", str(tmp_path / f"work-{number}"), url] for number in range(2))]
    logs = [(tmp_path / f"log-{number}.txt").open("w") for number in range(3)]
    env = {**os.environ, "SPARK_MASTER_HOST": "127.0.0.1"}
    processes = []
    try:
        for command, log in zip(commands, logs, strict=True):
            processes.append(subprocess.Popen([str(SPARK_CLASS), *command], stdout=log, stderr=log, env=env))
            if command is master:
                wait_for(port)
        yield url
    finally:
        for process in reversed(processes):
            process.terminate()
        for process in processes:
            process.wait()
        for log in logs:
            log.close()


def wait_for(port: int) -> None:
    end = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < end:
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    pytest.fail("the master of the cluster did not start")


@pytest.mark.slow
def test_a_model_of_a_cluster(cluster: str, store: Path, run_python: Any, tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    done = run_python(FIT, cluster, shared)
    assert done.stdout.splitlines() == ["executors: 2", "equal: True"]
    (run,) = fitprint.runs()
    files = {file.relative_to(run.path).as_posix() for file in run.path.rglob("part-*")}
    assert any(name.startswith("model/sparkml/stages/1_RandomForestClassifier") for name in files)
    assert list(shared.iterdir()) == []  # nothing is left there


@pytest.mark.slow
def test_what_functions_train_in_the_executors(cluster: str, store: Path, run_python: Any) -> None:
    assert run_python(FUNCTIONS, cluster).stdout.splitlines() == ["()"]
    runs = fitprint.runs()
    mine = next(run for run in runs if run.name == "mine")
    sent = [run for run in runs if run.run_id != mine.run_id]
    assert sorted(run.params["C"] for run in sent) == [1.0, 1.0, 2.0, 3.0, 4.0]
    assert {run.parent_id for run in sent} == {mine.run_id}
    assert len({run.tags["worker"] for run in sent}) > 1
    first, second = sorted((run for run in sent if run.params["C"] == 1), key=lambda run: run.tags["attempt"])
    assert (first.tags["attempt"], second.tags["attempt"]) == ("0", "1")
    assert (second.tags["replaces"], first.tags["replaced_by"]) == (first.run_id, second.run_id)


def test_parts_on_other_disks_are_missed(tmp_path: Path) -> None:
    (tmp_path / "metadata").mkdir()
    (tmp_path / "metadata" / "_SUCCESS").touch()
    with pytest.raises(PackageError, match="dfs_tmpdir"):
        _files._expect_all_parts(tmp_path, "/tmp/fitprint")
    (tmp_path / "metadata" / "part-00000").touch()
    _files._expect_all_parts(tmp_path, "/tmp/fitprint")
