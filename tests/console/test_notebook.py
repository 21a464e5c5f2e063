"""In a real IPython kernel: cells share a run, lines are plain output, runs show as tables."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

jupyter_client = pytest.importorskip("jupyter_client")
pytest.importorskip("ipykernel")
pytest.importorskip("sklearn")

DOCUMENT = Path(__file__).parents[2] / "docs" / "notebooks.md"
TRAIN = "from sklearn.naive_bayes import GaussianNB; GaussianNB().fit([[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1])"


class Kernel:
    """A kernel that runs cells, and what they print and display."""

    def __init__(self, client):
        self._client = client

    def run(self, code):
        """Runs a cell. Returns its outputs by kind: stdout, stderr, the HTML of its value, and its displays as texts.

        A display that was updated stands there as it was in the end.
        """
        outputs = {"stdout": "", "stderr": "", "html": "", "displays": {}}

        def collect(message):
            content = message["content"]
            if message["msg_type"] == "stream":
                outputs[content["name"]] += content["text"]
            elif message["msg_type"] == "execute_result":
                outputs["html"] += content["data"].get("text/html", "")
            elif message["msg_type"] in ("display_data", "update_display_data"):
                assert (content["transient"]["display_id"] in outputs["displays"]) == message["msg_type"].startswith(
                    "up"
                )
                outputs["displays"][content["transient"]["display_id"]] = content["data"]

        reply = self._client.execute_interactive(code, output_hook=collect, timeout=120)
        assert reply["content"]["status"] == "ok", reply["content"].get("traceback")
        return outputs


@pytest.fixture(scope="module")
def kernel(tmp_path_factory, starts_processes):
    folder = tmp_path_factory.mktemp("notebook")
    manager, client = jupyter_client.manager.start_new_kernel(kernel_name="python3", cwd=str(folder))
    try:
        found = Kernel(client)
        found.run("import fitprint; fitprint.autolog(store='runs', strict=True)")
        yield found
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def lines(outputs):
    """The lines of the only display of a cell."""
    (display,) = outputs["displays"].values()
    return display["text/plain"].splitlines()


def test_the_line_per_run_is_a_display_and_neither_output_nor_error(kernel):
    outputs = kernel.run(TRAIN)
    assert lines(outputs)[0].startswith("fitprint: GaussianNB → runs/")
    assert "fitprint" not in outputs["stdout"] + outputs["stderr"]


def test_a_cell_has_one_display_which_is_updated(kernel):
    found = lines(kernel.run(f"for _ in range(3):\n    {TRAIN}"))
    assert len(found) == 3
    assert all(line.startswith("fitprint: GaussianNB → runs/") for line in found)


def test_of_many_runs_the_last_are_shown_and_how_many_came_before(kernel):
    found = lines(kernel.run(f"for _ in range(35):\n    {TRAIN}\nlast = fitprint.last_run().run_id"))
    assert len(found) == 11
    assert found[0] == "fitprint: 25 more before these"
    kernel.run(f"assert last in {found[-1]!r}")
    assert len(lines(kernel.run(TRAIN))) == 1


def test_lines_of_threads_are_in_the_display_of_the_cell(kernel):
    code = f"""
import threading
def work():
    {TRAIN}
threads = [threading.Thread(target=work) for _ in range(4)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
"""
    assert len(lines(kernel.run(code))) == 4


def test_the_display_holds_no_markup_of_the_user_s(kernel):
    code = "class Odd(GaussianNB): pass\nOdd.__name__ = '<b>x'\nOdd().fit([[0.0], [1.0]], [0, 1])"
    (display,) = kernel.run(code)["displays"].values()
    assert "&lt;b&gt;x" in display["text/html"]
    assert "<b>" not in display["text/html"]


def test_quiet_shows_nothing(kernel):
    kernel.run("fitprint.autolog(store='runs', strict=True, quiet=True)")
    assert kernel.run(TRAIN)["displays"] == {}
    kernel.run("fitprint.autolog(store='runs', strict=True)")


def test_where_the_program_set_up_logging_the_lines_go_there(kernel):
    kernel.run("import logging, io; logged = io.StringIO(); logging.basicConfig(stream=logged, level='INFO')")
    assert kernel.run(TRAIN)["displays"] == {}
    kernel.run("assert 'GaussianNB → runs/' in logged.getvalue()")
    kernel.run("[logging.root.removeHandler(handler) for handler in logging.root.handlers[:]]")
    assert len(lines(kernel.run(TRAIN))) == 1


def test_nothing_is_left_registered_with_the_shell(kernel):
    count = "len(get_ipython().events.callbacks['post_run_cell'])"
    kernel.run(f"callbacks = {count}")
    kernel.run(f"for _ in range(35):\n    {TRAIN}")
    kernel.run(f"assert {count} == callbacks")


def test_a_run_opened_in_one_cell_is_open_in_the_next(kernel):
    kernel.run("run = fitprint.start_run('across cells')")
    kernel.run("assert fitprint.active_run() is run; fitprint.log_metric('m', 2.0)")
    kernel.run(TRAIN)
    kernel.run("fitprint.end_run(); assert fitprint.active_run() is None")
    kernel.run("assert run.metrics['m'] == 2.0; assert 'training_accuracy_score' in run.metrics, run.metrics")


def test_a_class_of_a_cell_is_recorded_and_recorded_again_when_defined_again(kernel):
    define = """
from sklearn.base import BaseEstimator
class Mine(BaseEstimator):
    def fit(self, X, y=None):
        self.which_ = {which}
        return self
    def predict(self, X):
        return [self.which_] * len(X)
"""
    for which in (1, 2):
        kernel.run(define.format(which=which))
        kernel.run("mine = Mine().fit([[0.0], [1.0]])")
        kernel.run("run = fitprint.run_of(mine); assert run is fitprint.last_run() and run.name == 'Mine'")
        kernel.run(f"assert fitprint.load_model(run.model_path).predict([[0.0]]) == [{which}], run.skipped")


def test_the_cells_of_the_document_run_as_it_says(kernel):
    kernel.run("%reset -f")
    shown = {}
    for cell in re.findall(r"^```python\n(.*?)^```$", DOCUMENT.read_text("utf-8"), re.DOTALL | re.MULTILINE):
        shown[cell] = kernel.run(cell)
    trained = [outputs for cell, outputs in shown.items() if cell.startswith("model = ")]
    assert lines(trained[0])[0].startswith("fitprint: LogisticRegression → fitprint-runs/")
    tables = [
        outputs["html"] for cell, outputs in shown.items() if cell.endswith(("\nrun\n", "fitprint.runs(newest=10)\n"))
    ]
    assert [html[:4] for html in tables] == ["<div", "<tab"]
    assert all(outputs["displays"] == {} for cell, outputs in shown.items() if "n_estimators=5" in cell)
    kernel.run("import fitprint; fitprint.autolog(store='runs', strict=True)")


def test_a_run_shows_as_a_card_and_lists_as_tables_without_scripts(kernel):
    for code, element in (
        ("fitprint.last_run()", "<div"),
        ("fitprint.runs()", "<table"),
        ("fitprint.status()", "<table"),
    ):
        html = kernel.run(code)["html"]
        assert html.startswith(element), code
        assert "<script" not in html
