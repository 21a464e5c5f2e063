"""`spacy.training.loop.train`, as the library and the command line call it."""

from __future__ import annotations

import io
import json

import pytest
import spacy
from spacy.cli.train import train as train_cli
from spacy.training.initialize import init_nlp
from spacy.training.loop import train

import fitprint


def seen():
    """(name, status) of the runs, oldest first."""
    return [(run.name, run.status) for run in fitprint.runs()][::-1]


def read(config):
    return init_nlp(spacy.util.load_config(config, interpolate=False))


def test_it_is_one_run(recorded, corpus):
    nlp = read(corpus())
    result, path = train(nlp, stdout=io.StringIO())
    assert (result, path) == (nlp, None)
    assert seen() == [("English", "FINISHED")]
    run = fitprint.last_run()
    assert fitprint.run_of(nlp) is run
    assert run.params["training.max_steps"] == 6
    assert run.params["training.batcher.size.@schedules"] == "compounding.v1"
    assert "drop" not in run.params
    assert [step for step, _ in run.metric_history("score")] == [0, 2, 4, 6]
    assert [step for step, _ in run.metric_history("textcat_loss")] == [0, 2, 4, 6]
    scores = dict(run.metric_history("score"))
    assert run.metrics["best_score"] == max(scores.values())
    assert run.metrics["best_step"] == min(step for step, score in scores.items() if score == max(scores.values()))
    assert [skip.what for skip in run.skipped] == []
    assert "package_of" not in run.tags
    text = "what a pleasure"
    assert fitprint.load_model(run.model_path).predict([text])["predictions"][0] == nlp(text).cats


def test_metrics_are_what_its_own_logger_is_told(recorded, corpus):
    told = []

    @spacy.registry.loggers("fitprint_tests.told.v1")
    def make():
        def set_up(nlp, stdout, stderr):
            return lambda info: told.append(info and json.loads(json.dumps(info))), lambda: None

        return set_up

    loaded = spacy.util.load_config(corpus(), interpolate=False)
    loaded["training"]["logger"] = {"@loggers": "fitprint_tests.told.v1"}
    train(init_nlp(loaded), stdout=io.StringIO())
    told = [report for report in told if report is not None]
    run = fitprint.last_run()
    assert len(told) == 4
    for name in ("cats_score", "cats_macro_auc"):
        assert run.metric_history(name) == [(report["step"], report["other_scores"][name]) for report in told]
    assert run.metric_history("textcat_loss") == [(report["step"], report["losses"]["textcat"]) for report in told]


def test_with_an_output_path_the_package_is_the_best_pipeline(recorded, corpus, tmp_path):
    nlp = read(corpus())
    (tmp_path / "out").mkdir()
    train(nlp, tmp_path / "out", stdout=io.StringIO())
    run = fitprint.last_run()
    assert seen() == [("English", "FINISHED")]
    assert run.tags["package_of"] == "model-best"
    best = spacy.load(tmp_path / "out/model-best")
    packaged = fitprint.spacy.load_model(run.model_path)
    text = "what a pleasure"
    assert packaged(text).cats == best(text).cats
    assert packaged.meta["performance"] == best.meta["performance"]
    assert fitprint.run_of(nlp) is run


def test_a_loop_before_it_is_a_run_of_its_own(recorded, corpus, pipeline, steps):
    nlp = read(corpus())
    _, examples = pipeline()
    steps(nlp, examples)
    train(nlp, stdout=io.StringIO())
    assert seen() == [("English", "FINISHED"), ("English", "FINISHED")]


def test_the_function_of_the_command_line(recorded, corpus, tmp_path, capsys):
    train_cli(corpus(), tmp_path / "out")
    assert seen() == [("English", "FINISHED")]
    assert fitprint.last_run().tags["package_of"] == "model-best"
    assert "Saved pipeline to output directory" in capsys.readouterr().out


def test_spacy_train_in_a_process_of_its_own(store, corpus, run_python, tmp_path):
    corpus()
    run_python("""
        import fitprint, runpy, sys
        fitprint.autolog()
        sys.argv = ["spacy", "train", "config.cfg", "--output", "out", "--training.max_steps", "4"]
        runpy.run_module("spacy", run_name="__main__")
    """)
    assert seen() == [("English", "FINISHED")]
    assert fitprint.runs()[0].params["training.max_steps"] == 4


def test_a_failing_training(recorded, corpus, tmp_path):
    config = corpus()
    nlp = read(config)
    (tmp_path / "dev.spacy").unlink()
    with pytest.raises(Exception, match=r"dev\.spacy"):
        train(nlp, stdout=io.StringIO())
    (run,) = fitprint.runs()
    assert (run.status, run.models) == ("FAILED", {})


def test_input_examples_are_of_the_corpus(recorded, corpus):
    fitprint.autolog("spacy", strict=True, quiet=True, log_input_examples=True)
    train(read(corpus()), stdout=io.StringIO())
    assert "what a pleasure" in (fitprint.last_run().model_path / "input_example.json").read_text()
