"""A loop of `nlp.update` with recording on: what the run holds, and what its package says of new texts."""

import random

import spacy
from spacy.training import Example
from spacy.util import minibatch

import fitprint

fitprint.autolog()

GOOD, BAD = (
    ("a great pleasure", "such fun", "what a joy", "simply great"),
    ("so dull", "a waste", "no fun", "such a bore"),
)
spacy.util.fix_random_seed(0)
random.seed(0)
nlp = spacy.blank("en")
nlp.add_pipe("textcat")
examples = [
    Example.from_dict(nlp.make_doc(text), {"cats": {"good": text in GOOD, "bad": text in BAD}}) for text in GOOD + BAD
]
nlp.initialize(lambda: examples)
for _ in range(15):
    random.shuffle(examples)
    losses = {}
    for batch in minibatch(examples, size=4):
        nlp.update(batch, losses=losses, drop=0.1)
nlp.evaluate(examples)
nlp.to_disk("reviews")

run = fitprint.last_run()
losses = [value for _, value in run.metric_history("textcat_loss")]
print(f"{len(losses)} steps, cats_score {run.metrics['cats_score']:.2f}, loss fell: {losses[-1] < losses[1]}")
answers = fitprint.load_model(run.model_path).predict(["what a great joy", "so dull a bore"])
print([max(answer, key=answer.get) for answer in answers["predictions"]])
