"""Loops of `nlp.update`: one run each, with what spaCy itself says of the training."""

from __future__ import annotations

import random

import numpy as np
import pytest
import spacy
from spacy.util import minibatch

import fitprint
from fitprint._instrumentation import registry


def seen():
    """(name, status) of the runs, oldest first."""
    return [(run.name, run.status) for run in fitprint.runs()][::-1]


def test_a_loop_is_one_run(recorded, pipeline, steps, tmp_path):
    nlp, examples = pipeline()
    optimizer = nlp.initialize(lambda: examples)
    losses = steps(nlp, examples, 4, sgd=optimizer, drop=0.2)
    assert seen() == [("English", "RUNNING")]
    run = fitprint.run_of(nlp)
    nlp.to_disk(tmp_path / "saved")
    assert seen() == [("English", "RUNNING")]
    assert list(run.models) == ["model"]
    fitprint.disable()
    assert seen() == [("English", "FINISHED")]
    assert run.metric_history("textcat_loss") == list(enumerate(losses))
    assert run.skipped == []
    assert run.params["drop"] == 0.2
    assert run.params["optimizer.learn_rate"] == optimizer.learn_rate
    assert run.params["components.textcat.factory"] == "textcat"
    assert (run.params["vectors.rows"], run.params["vectors.width"]) == (0, 0)
    assert sorted(run.artifacts) == ["config.cfg", "meta.json"]
    assert (run.path / "artifacts/config.cfg").read_text() == (tmp_path / "saved/config.cfg").read_text()


def test_epochs_that_are_each_saved_are_one_run_with_the_last_package(recorded, pipeline, steps, tmp_path):
    nlp, examples = pipeline()
    nlp.initialize(lambda: examples)
    for epoch in range(3):
        steps(nlp, examples, 2)
        nlp.evaluate(examples)
        nlp.to_disk(tmp_path / f"{epoch}")
    text = examples[0].text
    fitprint.disable()
    run = fitprint.last_run()
    assert seen() == [("English", "FINISHED")]
    assert [step for step, _ in run.metric_history("textcat_loss")] == list(range(6))
    assert [step for step, _ in run.metric_history("cats_score")] == [1, 3, 5]
    assert fitprint.load_model(run.model_path).predict([text])["predictions"][0] == nlp(text).cats
    assert run.skipped == []


def test_what_is_packaged_is_what_was_saved(recorded, pipeline, steps, tmp_path):
    nlp, examples = pipeline()
    nlp.initialize(lambda: examples)
    steps(nlp, examples)
    nlp.to_disk(tmp_path / "saved")
    packaged = fitprint.last_run().model_path / "model.spacy"
    files = [path.relative_to(packaged) for path in packaged.rglob("*") if path.is_file()]
    assert sorted(files) == sorted(
        path.relative_to(tmp_path / "saved") for path in (tmp_path / "saved").rglob("*") if path.is_file()
    )
    assert all((packaged / file).read_bytes() == (tmp_path / "saved" / file).read_bytes() for file in files)


def test_saved_with_averages_the_package_has_the_averages(recorded, pipeline, steps, tmp_path):
    nlp, examples = pipeline()
    optimizer = nlp.initialize(lambda: examples)
    optimizer.averages = {}
    steps(nlp, examples, 4, sgd=optimizer)
    plain = nlp(examples[0].text).cats
    with nlp.use_params(optimizer.averages):
        averaged = nlp(examples[0].text).cats
        nlp.to_disk(tmp_path / "saved")
    predicted = fitprint.load_model(fitprint.last_run().model_path).predict([examples[0].text])["predictions"][0]
    assert predicted == averaged != plain


def test_vocabulary_and_random_numbers_are_as_without(store, pipeline, tmp_path):
    def train():
        nlp, examples = pipeline()
        nlp.initialize(lambda: examples)
        random.seed(1)
        np.random.seed(1)
        for batch in minibatch(examples, size=2):
            nlp.update(batch, drop=0.5)
        nlp.to_disk(tmp_path / "saved")
        weights = nlp.get_pipe("textcat").model.to_bytes()
        return sorted(nlp.vocab.strings), len(nlp.vocab), random.random(), np.random.random(), weights

    plain = train()
    fitprint.autolog("spacy", strict=True, quiet=True)
    assert train() == plain
    fitprint.disable()
    assert seen() == [("English", "FINISHED")]


def test_a_generator_of_batches_and_an_iterator_as_batch_are_read_by_the_training_alone(recorded, pipeline):
    fitprint.autolog("spacy", strict=True, quiet=True, log_input_examples=True)
    nlp, examples = pipeline()
    nlp.initialize(lambda: examples)
    read = []

    def batches():
        for batch in minibatch(examples, size=3):
            read.append(len(batch))
            yield batch

    for batch in batches():
        nlp.update(batch)
    assert read == [3, 3]


def test_initializing_or_resuming_begins_anew(recorded, pipeline, steps):
    nlp, examples = pipeline()
    nlp.initialize(lambda: examples)
    assert seen() == []
    steps(nlp, examples)
    nlp.initialize(lambda: examples)
    assert seen() == [("English", "FINISHED")]
    steps(nlp, examples)
    nlp.resume_training()
    assert seen() == [("English", "FINISHED")] * 2


def test_scores_of_an_evaluation_belong_to_the_open_loop(recorded, pipeline, steps, tmp_path):
    nlp, examples = pipeline()
    nlp.initialize(lambda: examples)
    nlp.evaluate(examples)
    steps(nlp, examples, 3)
    scores = nlp.evaluate(examples)
    run = fitprint.run_of(nlp)
    assert run.metric_history("cats_score") == [(2, scores["cats_score"])]
    assert run.metrics["cats_f_per_type/good/f"] == scores["cats_f_per_type"]["good"]["f"]
    nlp.to_disk(tmp_path / "saved")
    nlp.evaluate(examples)
    assert len(run.metric_history("cats_score")) == 2
    nlp.resume_training()
    nlp.evaluate(examples)
    assert len(run.metric_history("cats_score")) == 2


def test_a_pipeline_without_categories_leaves_a_package_that_loads(recorded, pipeline, steps, tmp_path):
    nlp, examples = pipeline("ner")
    nlp.initialize(lambda: examples)
    losses = steps(nlp, examples)
    nlp.to_disk(tmp_path / "saved")
    run = fitprint.last_run()
    assert run.metric_history("ner_loss") == list(enumerate(losses))
    loaded = fitprint.spacy.load_model(run.model_path)
    text = examples[0].text
    assert [(ent.text, ent.label_) for ent in loaded(text).ents] == [(ent.text, ent.label_) for ent in nlp(text).ents]
    with pytest.raises(Exception, match="spacy"):
        fitprint.load_model(run.model_path)
    assert run.skipped == []


def test_a_loop_whose_step_fails(recorded, pipeline, steps):
    nlp, examples = pipeline()
    nlp.initialize(lambda: examples)
    steps(nlp, examples)
    with pytest.raises(TypeError):
        nlp.update(["no example"])
    fitprint.disable()
    run = fitprint.last_run()
    assert (run.status, run.error["type"], run.models) == ("FAILED", "TypeError", {})


def test_no_text_is_recorded_unless_asked_for(recorded, pipeline, steps, tmp_path):
    nlp, examples = pipeline()
    nlp.initialize(lambda: examples)
    steps(nlp, examples)
    nlp.to_disk(tmp_path / "saved")
    run = fitprint.last_run()
    own = [path for path in run.path.rglob("*") if path.is_file() and "model.spacy" not in path.parts]
    assert not [path for path in own if b"pleasure" in path.read_bytes()]
    fitprint.autolog("spacy", strict=True, quiet=True, log_input_examples=True)
    nlp.resume_training()  # settings hold from the first step of a loop
    steps(nlp, examples)
    nlp.to_disk(tmp_path / "saved")
    assert "what a pleasure" in (fitprint.last_run().model_path / "input_example.json").read_text()


def test_a_large_pipeline_is_refused_before_it_is_written(recorded, pipeline, steps, tmp_path):
    fitprint.autolog("spacy", strict=True, quiet=True, max_model_size=100_000)
    nlp, examples = pipeline()
    nlp.initialize(lambda: examples)
    steps(nlp, examples)
    nlp.to_disk(tmp_path / "saved")
    assert [(skip.what, skip.rule) for skip in fitprint.last_run().skipped] == [("model", "max_model_size")]
    written = sum(path.stat().st_size for path in (tmp_path / "saved").rglob("*"))
    estimate = registry.entries()["spacy"].flavor().size(nlp)
    assert 0.5 * written < estimate < 1.5 * written


def test_a_function_of_the_users_own_as_a_component(recorded, run_python, store, tmp_path):
    (tmp_path / "owncomponents.py").write_text(
        "from spacy.language import Language\n\n\n@Language.component('shout')\ndef shout(doc):\n    return doc\n"
    )
    run_python("""
        import fitprint
        fitprint.autolog("spacy", strict=True)
        import spacy, owncomponents
        from spacy.training import Example
        nlp = spacy.blank("en")
        nlp.add_pipe("textcat")
        nlp.add_pipe("shout")
        example = Example.from_dict(nlp.make_doc("so good"), {"cats": {"good": 1.0, "bad": 0.0}})
        nlp.initialize(lambda: [example])
        nlp.update([example])
        nlp.to_disk("saved")
    """)
    package = fitprint.runs()[0].model_path
    assert (package / "code/owncomponents.py").exists()


def test_log_model_and_save_model(pipeline, store, tmp_path):
    nlp, examples = pipeline()
    nlp.initialize(lambda: examples)
    fitprint.save_model(nlp, tmp_path / "package")
    text = examples[0].text
    assert fitprint.load_model(tmp_path / "package").predict([text])["predictions"][0] == nlp(text).cats
    assert spacy.load(tmp_path / "package/model.spacy").pipe_names == ["textcat"]


@pytest.mark.parametrize("data", [["a", "b"], np.array(["a", "b"]), np.array([["a"], ["b"]])])
def test_what_predict_takes(pipeline, data):
    from fitprint_spacy import _texts

    nlp, examples = pipeline()
    nlp.initialize(lambda: examples)
    assert _texts.categories(nlp, data)["predictions"].tolist() == [nlp("a").cats, nlp("b").cats]
    with pytest.raises(ValueError, match="one column of text"):
        _texts.categories(nlp, np.array([["a", "b"]]))


def test_log_model_of_an_open_loop_is_no_end_of_it(recorded, pipeline, steps):
    nlp, examples = pipeline()
    nlp.initialize(lambda: examples)
    steps(nlp, examples)
    fitprint.log_model(nlp, "checkpoint")  # which calls to_disk
    steps(nlp, examples)
    assert seen() == [("English", "RUNNING")]
    fitprint.disable()
    assert sorted(fitprint.last_run().models) == ["checkpoint", "model"]
    assert len(fitprint.last_run().metric_history("textcat_loss")) == 6
