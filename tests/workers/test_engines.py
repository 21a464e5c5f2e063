"""The contract of an engine, with one whose workers are threads that Python's own means did not start."""

from __future__ import annotations

import pytest

import fitprint
from fitprint._instrumentation.engines import known_engines

ENGINE = """
import _thread, threading

class Pool:
    def __init__(self, name="pool"):
        self.name = name
        self.sent = []

    def send(self, function, *args):
        token, done, answer = label.current, _thread.allocate_lock(), []
        done.acquire()
        self.sent.append(function)
        def work():
            executed.task = (str(len(self.sent)), token)
            try:
                answer.append(function(*args))
            except Exception as error:
                answer.append(error)
            finally:
                del executed.task
                done.release()
        _thread.start_new_thread(work, ())
        done.acquire()
        return answer[0]

class label:
    current = None

    def __init__(self, text):
        self.text = text

    def __enter__(self):
        label.current = self.text

    def __exit__(self, *error):
        label.current = None

executed = threading.local()
"""

PLUGIN = """
import toyengine
from fitprint.plugin import Engine, EngineTask, Sending, WorkerReport

class ToyEngine(Engine):
    api_version = (2, 1)
    attached = []
    problem = ""

    def sendings(self):
        return [Sending("toyengine", "Pool.send")]

    def cluster_of(self, sender):
        return sender if isinstance(sender, toyengine.Pool) else None

    def identity(self, cluster):
        return cluster.name

    def attach(self, cluster, setup, later):
        self.attached.append(cluster.name)
        self.later = later
        if self.problem:
            return [WorkerReport("one", self.problem, records=False)]
        report = setup()
        return [WorkerReport("one", report.problem, report.records)]

    def carrying(self, sender, token):
        return toyengine.label(token)

    def task(self):
        task = getattr(toyengine.executed, "task", None)
        return EngineTask(task[0], "the only one", task[1], {"worker": "one"}) if task else None
"""
POINTS = "[fitprint.engines]\ntoyengine = fitprint_toyengine:ToyEngine\n"


class Site:
    """The toy engine and its plugin, installed."""

    def __init__(self, toy, monkeypatch):
        self.toy, self.monkeypatch = toy, monkeypatch
        (toy.site / "toyengine.py").write_text(ENGINE)
        (toy.site / "fitprint_toyengine.py").write_text(PLUGIN)
        toy.distribution("toyengine", "1.0", modules=("toyengine",))
        self.plugin()

    def plugin(self, supported=">=1", points=POINTS):
        requires = (f"toyengine{supported}; extra == 'instruments'",)
        self.toy.distribution("fitprint-toyengine", "0.1", points, requires, ("fitprint_toyengine",))

    def change(self, old, new):
        path = self.toy.site / "fitprint_toyengine.py"
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new))

    def imported(self):
        import toyengine

        return toyengine

    @property
    def engine(self):
        return known_engines()["toyengine"].engine()


@pytest.fixture
def site(toy, store, monkeypatch):
    import sys

    yield Site(toy, monkeypatch)
    fitprint.disable()
    for name in ("toyengine", "fitprint_toyengine"):
        sys.modules.pop(name, None)


@pytest.fixture
def mean(site):
    toylearn = site.toy.imported()

    def mean(shift=0.0):
        return toylearn.Mean(shift).fit([1], [2])

    return mean


def test_a_task_of_one_s_own_is_a_run_with_its_tags(site, mean, store):
    pool = site.imported().Pool()
    fitprint.autolog("toy", quiet=True)
    pool.send(mean)
    with fitprint.start_run("mine", group=True) as block:
        pool.send(mean)
    later, _, first = fitprint.runs()
    assert (first.parent_id, later.parent_id) == (None, block.run_id)
    assert {name: later.tags[name] for name in ("engine", "task", "worker")} == {
        "engine": "toyengine", "task": "2", "worker": "one",
    }  # fmt: skip
    assert site.engine.attached == ["pool"], "once"
    assert [str(attachment) for attachment in fitprint.engines.attachments()] == [
        "toyengine at pool: 1 of 1 workers record"
    ]
    assert "toyengine at pool: 1 of 1 workers record" in repr(fitprint.status())


def test_a_function_that_sends_has_its_arguments_as_sender(site, mean):
    path = site.toy.site / "toyengine.py"
    path.write_text(path.read_text() + "\ndef send(pool, *work):\n    return Pool.send(pool, *work)\n")
    site.change('Sending("toyengine", "Pool.send")', 'Sending("toyengine", "send")')
    site.change("sender if isinstance(sender, toyengine.Pool)", "sender[0] if isinstance(sender, tuple)")
    site.change(
        "    def task(self):",
        "    def arguments(self, sender, args, kwargs):\n        return (*args, 2.0), kwargs\n\n    def task(self):",
    )
    toyengine = site.imported()
    fitprint.autolog("toy", quiet=True)
    sent = toyengine.send(toyengine.Pool(), lambda shift: (shift, mean()))
    assert sent[0] == 2.0, "the engine has added an argument"
    assert [run.tags["engine"] for run in fitprint.runs()] == ["toyengine"]


def test_workers_that_answer_later(site, mean):
    site.change("        report = setup()\n", "        setup()\n        return []\n        report = None\n")
    fitprint.autolog("toy", quiet=True)
    site.imported().Pool().send(mean)
    (attachment,) = fitprint.engines.attachments()
    assert str(attachment) == "toyengine at pool: no worker has answered yet"
    report = type("Report", (), {"worker": "one", "problem": "nothing there", "records": False})()
    fitprint.disable()
    site.engine.later(report)
    assert fitprint.status().unreached == (), "recording is off"
    fitprint.autolog("toy", quiet=True)
    site.engine.later(report)
    assert fitprint.status().unreached == ("toyengine, workers one",)


def test_the_engine_may_be_imported_later(site, mean):
    fitprint.autolog("toy", quiet=True)
    (row,) = fitprint.status().engines
    assert (row.name, row.version, row.state) == ("toyengine", "1.0", "waiting")
    site.imported().Pool().send(mean)
    assert [run.tags["engine"] for run in fitprint.runs()] == ["toyengine"]
    assert fitprint.status().engines[0].state == "on"


def test_what_a_recorded_call_sends_is_part_of_it(site, mean):
    pool = site.imported().Pool()
    toylearn = site.toy.imported()

    class Meta(toylearn.Base):
        def fit(self, rows, labels=None):
            def inside():
                mean()
                fitprint.log_metric("inside", 1.0)

            pool.send(inside)
            self.mean_ = 0.0
            return self

    fitprint.autolog("toy", quiet=True)
    Meta().fit([1], [2])
    (run,) = fitprint.runs()
    assert run.name == "Meta"
    assert run.metrics["inside"] == 1.0, "in the threads of this process, its run is the active one"


def test_new_settings_are_carried_before_the_next_task(site, mean):
    pool = site.imported().Pool()
    fitprint.autolog("toy", quiet=True)
    pool.send(mean)
    fitprint.autolog("toy", quiet=True, experiment="second")
    pool.send(mean)
    pool.send(mean)
    assert site.engine.attached == ["pool", "pool"]


def test_off_means_off(site, mean):
    pool = site.imported().Pool()
    original = vars(type(pool))["send"]
    fitprint.autolog("toy", quiet=True)
    assert vars(type(pool))["send"] is not original
    fitprint.disable()
    assert vars(type(pool))["send"] is original
    pool.send(mean)
    assert fitprint.runs() == []
    with pytest.raises(RuntimeError, match=r"call fitprint.autolog\(\) first"):
        fitprint.engines.attach(pool)


def test_the_setting_decides_and_attaching_by_hand_overrides_it(site, mean, caplog):
    pool, other = site.imported().Pool(), site.imported().Pool("other")
    fitprint.autolog("toy", quiet=True, engines="none")
    pool.send(mean)
    pool.send(mean)
    assert fitprint.status().unreached == ("toyengine at pool",)
    assert caplog.messages == [
        "training in the workers of toyengine at pool is recorded only where they call fitprint.autolog() themselves: "
        "the setting engines leaves it out"
    ]
    assert fitprint.engines.attach(other).records
    other.send(mean)
    assert fitprint.status().unreached == ("toyengine at pool",)
    assert site.engine.attached == ["other"]


def test_where_keys_are_unique_the_same_context_has_the_same_token(site, mean):
    site.change('    problem = ""\n', '    problem = ""\n    keys_are_unique = True\n    sent_with = []\n')
    site.change("        self.later = later\n", "        self.later, self.usual = later, setup.token\n")
    path = site.toy.site / "fitprint_toyengine.py"
    path.write_text(
        f"{path.read_text()}\n"
        "    def sent(self, sender, token, returned):\n"
        "        self.sent_with.append((token, returned.shift))\n\n"
        "    def arguments(self, sender, args, kwargs):\n"
        "        return (args[0], args[1] + 1), kwargs\n"
    )
    pool = site.imported().Pool()
    fitprint.autolog("toy", quiet=True)
    for shift in (0, 1):
        pool.send(mean, shift)
    with fitprint.start_run("mine", group=True) as block:
        for shift in (2, 3):
            pool.send(mean, shift)
    tokens, shifts = zip(*site.engine.sent_with, strict=True)
    assert shifts == (1, 2, 3, 4), "with the arguments that the engine has changed"
    assert tokens[:2] == (site.engine.usual,) * 2
    assert tokens[2] == tokens[3] != site.engine.usual
    assert [run.parent_id for run in fitprint.runs() if run.name == "Mean"] == [block.run_id] * 2 + [None] * 2
    assert not [run for run in fitprint.runs() if "replaces" in run.tags]


def test_only_what_the_plugin_knows_can_be_attached(site):
    site.imported()
    fitprint.autolog("toy", quiet=True)
    with pytest.raises(TypeError, match=r"builtins\.dict is not known to the plugin of any engine"):
        fitprint.engines.attach({})


def test_workers_that_cannot_be_attached_are_told_once(site, mean, caplog):
    pool = site.imported().Pool()
    fitprint.autolog("toy", quiet=True)
    site.engine.problem = "it is not installed there"
    pool.send(mean)
    pool.send(mean)
    assert fitprint.status().unreached == ("toyengine at pool",)
    assert len([message for message in caplog.messages if "it is not installed there" in message]) == 1
    assert site.engine.attached == ["pool"]


def test_workers_that_join_later_are_told_of(site, mean, caplog):
    from fitprint.plugin import WorkerReport

    pool = site.imported().Pool()
    fitprint.autolog("toy", quiet=True)
    pool.send(mean)
    site.engine.later(WorkerReport("two"))
    site.engine.later(WorkerReport("three", "it is not installed there", records=False))
    (attachment,) = fitprint.engines.attachments()
    assert str(attachment) == "toyengine at pool: 2 of 3 workers record"
    assert fitprint.status().unreached == ("toyengine, workers three",)


@pytest.mark.parametrize("method", ["cluster_of", "identity", "describe", "attach", "carrying", "task"])
def test_an_engine_that_fails_costs_the_user_nothing(site, mean, method, caplog):
    site.change(
        '    problem = ""\n', '    problem = ""\n\n    def broken(self, *args):\n        raise ValueError("oops")\n'
    )
    path = site.toy.site / "fitprint_toyengine.py"
    path.write_text(f"{path.read_text()}\nToyEngine.{method} = ToyEngine.broken\n")
    pool = site.imported().Pool()
    fitprint.autolog("toy", quiet=True)
    assert pool.send(divmod, 7, 2) == (3, 1)
    assert pool.send(mean).mean_ == mean().mean_
    assert any("oops" in message for message in caplog.messages) or method == "task"


@pytest.mark.parametrize(
    ("old", "new", "state", "reason"),
    [
        ("api_version = (2, 1)", "api_version = (2, 99)", "broken", "fitprint-toyengine was written for version 2.99"),
        ("class ToyEngine(Engine):", "class ToyEngine:", "broken", "is not an engine of fitprint"),
        ("import toyengine\n", "import toyengine, no_such_module\n", "broken", "no_such_module"),
    ],
)
def test_a_plugin_that_cannot_be_used(site, mean, old, new, state, reason):
    site.change(old, new)
    pool = site.imported().Pool()
    fitprint.autolog("toy", quiet=True)
    assert pool.send(divmod, 7, 2) == (3, 1)
    (row,) = fitprint.status().engines
    assert row.state == state
    assert reason in row.reason


def test_an_unsupported_version(site):
    site.plugin(supported=">=2")
    site.imported()
    fitprint.autolog("toy", quiet=True)
    (row,) = fitprint.status().engines
    assert (row.state, row.version, row.range) == ("unsupported", "1.0", "toyengine >=2")
