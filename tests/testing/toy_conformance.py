"""The toy on the conformance kit; run in processes of its own, where the toy is installed."""

from pathlib import Path

from toylearn import Telling
from toylearn.late import refine
from toylearn.looping import Net
from toylearn.scoring import Line
from toylearn.training import Booster, train

from fitprint.testing import Budget, Case, FlavorConformance


def rows():
    return {"rows": [1.0, 2.0, 3.0], "labels": [1.0, 2.0, 6.0], "params": {"rate": 0.5}, "seen": []}


def score(model, data):
    rows, labels = data["rows"], data["labels"]
    return {"Line_score_rows": model.score(rows, labels)}


def boost(data):
    def note(step, level):
        data["seen"].append(level)

    return train(data["params"], data["rows"], 4, callback=note), data["seen"]


def refined(data):
    model = Booster(2.0)
    refine(model, data["rows"])
    return model


def steps(data):
    net = Net()
    for batch in (data["rows"], data["labels"]):
        data["seen"].append(net.update(batch))
    return net, data["seen"]


def failing_step(data):
    Net().update(["no number"])


def interrupted_steps(data):
    """Steps of which the last is interrupted."""

    def interrupt():
        raise KeyboardInterrupt

    net = data["net"] = Net()
    net.update([1.0])
    net.update([interrupt])


class TestToy(FlavorConformance):
    flavor = "toy"
    golden = Path(__file__).with_name("golden")
    budget = Budget(seconds=0.5)
    without = {  # noqa: RUF012
        "test_early_stopping_is_told": "it knows none",
        "test_training_inside_training_is_one_run": "no model of it trains another but through super()",
    }
    cases = (
        Case(
            "instance",
            data=rows,
            train=lambda data: Line(shift=1.0).fit(data["rows"], data["labels"]),
            rows=lambda data: data["rows"],
            predict=lambda model, rows: model.predict(rows),
            scores=score,
            params=lambda model: {"shift": 1.0},
            fails=lambda data: Line().fit([], []),
            clone=lambda model: type(model)(model.shift),
        ),
        Case(
            "result",
            data=rows,
            train=boost,
            model=lambda trained: trained[0],
            rows=lambda data: data["rows"],
            predict=lambda model, rows: model.predict(rows),
            params=lambda trained: {"rate": 0.5},
            history=lambda trained: {"level": trained[1]},
        ),
        Case(
            "telling",
            data=rows,
            train=lambda data: Telling().fit(data["rows"], data["labels"], callback=lambda step, level: None),
            by_callback=lambda data, callback: Telling().fit(data["rows"], data["labels"], callback=callback),
            rows=lambda data: data["rows"],
            predict=lambda model, rows: model.predict(rows),
        ),
        Case(
            "argument",
            data=rows,
            train=refined,
            rows=lambda data: data["rows"],
            predict=lambda model, rows: model.predict(rows),
        ),
        Case(
            "loop",
            data=rows,
            loop=True,
            train=steps,
            ends=lambda trained: trained[0].to_disk("net.txt"),
            model=lambda trained: trained[0],
            rows=lambda data: data["rows"],
            predict=lambda model, rows: model.predict(rows),
            params=lambda trained: {"rate": 0.5},
            history=lambda trained: {"loss": trained[1]},
            fails=failing_step,
            breaks_off=interrupted_steps,
        ),
        Case(
            "loop without a save",
            data=rows,
            loop=True,
            train=steps,
            model=lambda trained: trained[0],
        ),
    )
