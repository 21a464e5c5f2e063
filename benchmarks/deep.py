"""What 1000 steps of deep learning cost with recording, beside the same steps without it.

    python benchmarks/deep.py CASE fitprint|mlflow

Trainings with and without recording alternate within one process, because the load of a machine changes over minutes.
Prints the CPU milliseconds of a step without recording, and the median of how much longer it takes with it.
"""

from __future__ import annotations

import json
import logging
import os
import statistics
import sys
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from measure import cpu_seconds

STEPS, BATCH, COLUMNS, PAIRS = 1000, 32, 32, 3
Train = Callable[[], Any]


@dataclass(frozen=True)
class DeepCase:
    """A training of 1000 steps."""

    make: Callable[[], Train]
    """Makes it ready, and returns what trains once."""
    most: float
    """How much longer than the bare training it may take."""
    peer: bool = True
    """Whether MLflow's autologging records it too."""


def plain_loop(width: int) -> Train:
    """A loop of PyTorch without any framework around it."""
    import torch
    from torch import nn

    torch.set_num_threads(1)
    inputs, target = torch.randn(BATCH, COLUMNS), torch.randint(0, 2, (BATCH,))

    def train() -> None:
        net = nn.Sequential(nn.Linear(COLUMNS, width), nn.ReLU(), nn.Linear(width, 2))
        optimizer, loss_of = torch.optim.SGD(net.parameters(), lr=0.01), nn.CrossEntropyLoss()
        for _ in range(STEPS):
            optimizer.zero_grad()
            loss_of(net(inputs), target).backward()
            optimizer.step()

    return train


def keras_fit() -> Train:
    """`Model.fit` of Keras."""
    import keras
    import numpy as np

    inputs = np.random.default_rng(0).normal(size=(STEPS * BATCH, COLUMNS)).astype("float32")
    target = (inputs[:, 0] > 0).astype("int32")

    def train() -> None:
        layers = [keras.Input((COLUMNS,)), keras.layers.Dense(256, activation="relu"), keras.layers.Dense(2)]
        model = keras.Sequential(layers)
        model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
        model.fit(inputs, target, batch_size=BATCH, epochs=1, verbose=0)

    return train


def lightning_fit() -> Train:
    """`Trainer.fit` of Lightning."""
    import torch
    from lightning import pytorch
    from torch import nn
    from torch.utils.data import DataLoader, TensorDataset

    torch.set_num_threads(1)
    rows = TensorDataset(torch.randn(STEPS * BATCH, COLUMNS), torch.randint(0, 2, (STEPS * BATCH,)))

    class Net(pytorch.LightningModule):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.layers = nn.Sequential(nn.Linear(COLUMNS, 256), nn.ReLU(), nn.Linear(256, 2))

        def training_step(self, batch: Any, index: int) -> Any:
            loss = nn.functional.cross_entropy(self.layers(batch[0]), batch[1])
            self.log("train_loss", loss)
            return loss

        def configure_optimizers(self) -> Any:
            return torch.optim.SGD(self.parameters(), lr=0.01)

    quiet = dict.fromkeys(("logger", "enable_progress_bar", "enable_checkpointing", "enable_model_summary"), False)

    def train() -> None:
        trainer = pytorch.Trainer(max_epochs=1, accelerator="cpu", **quiet)
        trainer.fit(Net(), DataLoader(rows, batch_size=BATCH))

    return train


def transformers_train() -> Train:
    """`Trainer.train` of transformers. MLflow's autologging is that trainer's own report to MLflow."""
    import torch
    import transformers

    torch.set_num_threads(1)
    transformers.utils.logging.set_verbosity_error()
    size = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    config = transformers.BertConfig(**size, vocab_size=50, max_position_embeddings=16)
    rows = [{"input_ids": [number % 50, 1, 2], "labels": number % 2} for number in range(64)]

    def train() -> None:
        given = transformers.TrainingArguments(
            "trainer",
            max_steps=STEPS,
            per_device_train_batch_size=8,
            logging_steps=10,
            save_strategy="no",
            disable_tqdm=True,
            use_cpu=True,
            report_to="mlflow" if os.environ.get("REPORTS_TO_MLFLOW") else "none",
        )
        model = transformers.BertForSequenceClassification(config)
        transformers.Trainer(model, given, train_dataset=rows).train()

    return train


def fastai_fit() -> Train:
    """`Learner.fit` of fastai."""
    import torch
    from fastai.callback import progress  # noqa: F401  adds `no_bar` to the learner
    from fastai.data.core import DataLoaders
    from fastai.data.load import DataLoader
    from fastai.learner import Learner
    from fastai.losses import CrossEntropyLossFlat
    from torch import nn

    torch.set_num_threads(1)
    batches = [(torch.randn(BATCH, COLUMNS), torch.randint(0, 2, (BATCH,)))] * STEPS
    loaders = DataLoaders(*(DataLoader(given, bs=None, num_workers=0) for given in (batches, batches[:1])))

    def train() -> None:
        net = nn.Sequential(nn.Linear(COLUMNS, 256), nn.ReLU(), nn.Linear(256, 2))
        learner = Learner(loaders, net, CrossEntropyLossFlat())
        with learner.no_bar(), learner.no_logging():
            learner.fit(1)

    return train


def tensorflow_loop() -> Train:
    """A loop of TensorFlow whose step is a `tf.function`."""
    import keras
    import tensorflow as tf

    inputs, target = tf.random.normal((BATCH, COLUMNS)), tf.random.uniform((BATCH,), maxval=2, dtype=tf.int32)

    def train() -> None:
        layers = [keras.Input((COLUMNS,)), keras.layers.Dense(2000, activation="relu"), keras.layers.Dense(2)]
        model, optimizer = keras.Sequential(layers), keras.optimizers.SGD()
        loss_of = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

        @tf.function  # type: ignore[untyped-decorator, unused-ignore]
        def step() -> tf.Tensor:
            with tf.GradientTape() as tape:
                loss = loss_of(target, model(inputs, training=True))
            variables = model.trainable_variables
            optimizer.apply(tape.gradient(loss, variables), variables)
            return loss

        for _ in range(STEPS):
            step()

    return train


DEEP_CASES = {
    "PyTorch, plain loop over a tiny net": DeepCase(lambda: plain_loop(8), 1.15, peer=False),
    "PyTorch, plain loop": DeepCase(lambda: plain_loop(8000), 1.03, peer=False),
    "Keras, fit": DeepCase(keras_fit, 1.03),
    "Lightning, fit": DeepCase(lightning_fit, 1.03),
    "transformers, train": DeepCase(transformers_train, 1.03),
    "fastai, fit": DeepCase(fastai_fit, 1.03, peer=False),
    "TensorFlow, loop": DeepCase(tensorflow_loop, 1.03, peer=False),
}


def switches(contender: str, folder: str) -> tuple[Callable[[], Any], Callable[[], Any]]:
    """Return what turns a contender on and off."""
    if contender == "fitprint":
        import fitprint

        return lambda: fitprint.autolog(store=folder, quiet=True), fitprint.disable
    import mlflow

    mlflow.set_tracking_uri(f"sqlite:///{folder}/mlflow.db")
    logging.getLogger("mlflow").setLevel(logging.CRITICAL)

    def on() -> None:
        os.environ["REPORTS_TO_MLFLOW"] = "1"
        mlflow.autolog(silent=True)

    def off() -> None:
        os.environ.pop("REPORTS_TO_MLFLOW", None)
        mlflow.autolog(disable=True, silent=True)

    return on, off


def measure_pairs(name: str, contender: str) -> dict[str, float]:
    """Measure one case under one contender."""
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        train = DEEP_CASES[name].make()
        on, off = switches(contender, folder)
        bare, ratios = [], []
        for _ in range(PAIRS + 1):  # the first pair is not counted
            off()
            bare.append(_seconds(train))
            on()
            train()  # the first training of a process takes note of what holds for all of them
            ratios.append(_seconds(train) / bare[-1])
        off()
        return {"bare": statistics.median(bare[1:]) / STEPS * 1000, "times": statistics.median(ratios[1:])}


def _seconds(train: Train) -> float:
    began = cpu_seconds()
    train()
    return cpu_seconds() - began


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    figures = measure_pairs(*sys.argv[1:3])
    print(f"\n{json.dumps(figures)}")  # on a line of its own, whatever the frameworks have written
