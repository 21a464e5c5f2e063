"""In a real IPython kernel: cells share a run, lines are plain output, runs show as tables."""

from __future__ import annotations

import pytest

jupyter_client = pytest.importorskip("jupyter_client")
pytest.importorskip("ipykernel")
pytest.importorskip("sklearn")

TRAIN = "from sklearn.naive_bayes import GaussianNB; GaussianNB().fit([[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1])"


class Kernel:
    """A kernel that runs cells, and what they print."""

    def __init__(self, client):
        self._client = client

    def run(self, code):
        """Runs a cell. Returns its outputs by kind: stdout, stderr, and the HTML of its value."""
        outputs = {"stdout": "", "stderr": "", "html": ""}

        def collect(message):
            content = message["content"]
            if message["msg_type"] == "stream":
                outputs[content["name"]] += content["text"]
            elif message["msg_type"] in ("execute_result", "display_data"):
                outputs["html"] += content["data"].get("text/html", "")

        reply = self._client.execute_interactive(code, output_hook=collect, timeout=120)
        assert reply["content"]["status"] == "ok", reply["content"].get("traceback")
        return outputs


@pytest.fixture(scope="module")
def kernel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("notebook")
    manager, client = jupyter_client.manager.start_new_kernel(kernel_name="python3", cwd=str(folder))
    try:
        found = Kernel(client)
        found.run("import fitprint; fitprint.autolog(store='runs', strict=True)")
        yield found
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def test_the_line_per_run_is_plain_output(kernel):
    outputs = kernel.run(TRAIN)
    assert "fitprint: GaussianNB" in outputs["stdout"]
    assert "fitprint" not in outputs["stderr"]


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


def test_runs_show_as_tables_without_scripts(kernel):
    for code in ("fitprint.last_run()", "fitprint.runs()", "fitprint.status()"):
        html = kernel.run(code)["html"]
        assert html.startswith("<table>"), code
        assert "<script" not in html
