"""Workers that are not attached, or that do not record where the program does: it is said, once."""

from __future__ import annotations

WITHOUT = """\
import sys
sys.modules["fitprint"] = sys.modules["fitprint_dask"] = None  # neither is installed there
"""


def test_an_engine_that_the_setting_leaves_out(run_program):
    told = run_program(
        """
        fitprint.autolog(engines="none", log_models=False)
        with cluster("commands", workers=1) as client:
            with joblib.parallel_backend("dask"):
                search()
            assert fitprint.status().unreached == (), "what a recorded call sends is part of it"
            for C in (1.0, 2.0):
                client.submit(fit, C).result()
        """
    )
    assert [run["name"] for run in told.top()] == ["GridSearchCV"]
    (unreached,) = told.unreached
    assert unreached.startswith("dask at tcp://")
    (line,) = [line for line in told.log.splitlines() if "training in the workers of" in line]
    assert line.endswith(
        "is recorded only where they call fitprint.autolog() themselves: the setting engines leaves it out"
    )


def test_workers_without_fitprint_work_and_are_told_of(run_program, tmp_path):
    (tmp_path / "without.py").write_text(WITHOUT)
    told = run_program(
        """
        fitprint.autolog(log_models=False, quiet=True)
        with cluster("commands", workers=1, arguments=("--preload", "without.py")) as client:
            assert client.submit(fit, 1.0).result() != os.getpid()
            with joblib.parallel_backend("dask"):
                search()
        """
    )
    assert [run["name"] for run in told.top()] == ["GridSearchCV"]
    (unreached,) = told.unreached
    assert unreached.startswith("dask at tcp://")
    assert "themselves: fitprint-dask is not installed there" in told.log


def test_a_worker_that_joins_later(run_program, tmp_path):
    (tmp_path / "without.py").write_text(WITHOUT)
    told = run_program(
        """
        fitprint.autolog(log_models=False, quiet=True)
        with cluster("commands", workers=1) as client:
            client.submit(fit, 1.0).result()
            client.started.append(worker(client.scheduler.address))
            client.wait_for_workers(2, timeout=120)
            client.started.append(worker(client.scheduler.address, "--preload", "without.py"))
            client.wait_for_workers(3, timeout=120)
            while not fitprint.status().unreached:
                time.sleep(0.05)
            for number, address in enumerate(client.scheduler_info(n_workers=-1)["workers"]):
                client.submit(fit, 2.0 + number, workers=[address]).result()
        """
    )
    assert len(told.runs) == 3
    assert len({run["tags"]["worker"] for run in told.runs}) == 2
    (unreached,) = told.unreached
    assert unreached.startswith("dask, workers tcp://")


def test_a_worker_that_sees_another_store_says_so(run_program, store):
    told = run_program(
        """
        def elsewhere(dask_worker):
            # as on a machine that does not have the program's folder mounted
            from fitprint.stores.folder import FolderStore
            FolderStore.is_prepared_for = lambda self, sender: False

        fitprint.autolog(log_models=False, quiet=True)
        with cluster("commands", workers=1) as client:
            client.run(elsewhere)
            client.submit(fit, 1.0).result()
        """
    )
    assert len(told.runs) == 1
    (line,) = [line for line in told.log.splitlines() if "is not the store of the program" in line]
    assert line.startswith("fitprint: workers of dask (tcp://")
    assert str(store) in line


def test_attaching_by_hand(run_program):
    told = run_program(
        """
        try:
            fitprint.engines.attach(None)
        except RuntimeError as error:
            print(error, file=sys.stderr)
        fitprint.autolog(engines="none", log_models=False, quiet=True)
        try:
            fitprint.engines.attach({})
        except TypeError as error:
            print(error, file=sys.stderr)
        with cluster("processes", workers=1) as client:
            attachment = fitprint.engines.attach(client)
            assert attachment.records, attachment
            assert fitprint.engines.attach(client) is attachment
            assert fitprint.engines.attachments() == (attachment,)
            client.submit(fit, 1.0).result()
        """
    )
    assert len(told.runs) == 1
    assert told.unreached == []
    assert "call fitprint.autolog() first" in told.log
    assert "builtins.dict is not known to the plugin of any engine; plugins are installed for: dask" in told.log


def test_an_asynchronous_client(run_program):
    told = run_program(
        """
        import asyncio

        async def main():
            async with Client(processes=False, n_workers=1, dashboard_address=None, asynchronous=True) as client:
                await client.submit(fit, 1.0)

                def attach():
                    with Client(client.scheduler.address, set_as_default=False) as second:
                        return fitprint.engines.attach(second)

                assert (await asyncio.to_thread(attach)).records
                await client.submit(fit, 2.0)

        fitprint.autolog(log_models=False, quiet=True)
        asyncio.run(main())
        """
    )
    assert [run["C"] for run in told.runs] == [1.0, 2.0], "the threads of the program itself record in any case"
    assert [run["tags"].get("engine") for run in told.runs] == [None, "dask"]
    (unreached,) = told.unreached
    assert unreached.startswith("dask at inproc://")
    assert "its client is asynchronous" in told.log
