"""`Trainer.train` on a small model made from a config: what the run holds, and what its package says of new texts."""

import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    PreTrainedTokenizerFast,
    Trainer,
    TrainingArguments,
)

import fitprint

fitprint.autolog()

WORDS = ("[PAD]", "[UNK]", "a", "film", "so", "good", "great", "fun", "bad", "dull", "boring")
REVIEWS = {"a good film": 1, "so great": 1, "great fun": 1, "a bad film": 0, "so dull": 0, "boring": 0}
words = Tokenizer(models.WordLevel({word: at for at, word in enumerate(WORDS)}, unk_token="[UNK]"))
words.pre_tokenizer = pre_tokenizers.Whitespace()
tokenizer = PreTrainedTokenizerFast(tokenizer_object=words, pad_token="[PAD]", unk_token="[UNK]")

torch.manual_seed(0)
model = BertForSequenceClassification(
    BertConfig(
        vocab_size=len(WORDS),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=16,
    )
)
trainer = Trainer(
    model,
    TrainingArguments(
        "reviews", max_steps=30, logging_steps=1, learning_rate=0.05, report_to="none", disable_tqdm=True, use_cpu=True
    ),
    train_dataset=[{**tokenizer(text), "labels": label} for text, label in REVIEWS.items()],
    processing_class=tokenizer,
)
trainer.train()
held_out = [{**tokenizer("good fun"), "labels": 1}, {**tokenizer("so boring"), "labels": 0}]
trainer.evaluate(held_out)

run = fitprint.run_of(model)
losses = [loss for _, loss in run.metric_history("loss")]
evaluated = [name for name in run.metrics if name.endswith("held_out")]
print(f"{len(losses)} losses, which fell: {losses[-1] < losses[0]}; held out: {', '.join(evaluated)}")
print(fitprint.load_model(run.model_path).predict(["so good", "a dull film"])["label"].tolist())
