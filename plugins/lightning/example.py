"""Trains with recording on, shows what the run holds, and predicts with its package."""

import tempfile

import torch
from lightning import pytorch as pl
from lightning.pytorch.callbacks import EarlyStopping, ModelCheckpoint
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import fitprint

fitprint.autolog(package_of="best")


class Digits(pl.LightningModule):
    """Tells digits by images of 8 x 8 pixels."""

    def __init__(self, width=32, rate=0.02):
        super().__init__()
        self.save_hyperparameters()
        self.layers = nn.Sequential(nn.Linear(64, width), nn.ReLU(), nn.Linear(width, 10))

    def forward(self, images):
        return self.layers(images)

    def training_step(self, batch, index):
        loss = nn.functional.cross_entropy(self(batch[0]), batch[1])
        self.log("train_loss", loss, on_step=True, on_epoch=True)
        return loss

    def validation_step(self, batch, index):
        predicted = self(batch[0])
        self.log("val_loss", nn.functional.cross_entropy(predicted, batch[1]))
        self.log("val_accuracy", (predicted.argmax(1) == batch[1]).float().mean())

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=self.hparams.rate)


pl.seed_everything(0)
images, digits = load_digits(return_X_y=True)
parts = train_test_split(torch.tensor(images, dtype=torch.float32) / 16, torch.tensor(digits), random_state=0)
train, valid = (DataLoader(TensorDataset(*rows), batch_size=64) for rows in (parts[::2], parts[1::2]))

model = Digits()
with tempfile.TemporaryDirectory() as folder:
    callbacks = [EarlyStopping("val_loss", patience=3), ModelCheckpoint(folder, monitor="val_loss")]
    trainer = pl.Trainer(max_epochs=15, accelerator="cpu", logger=False, enable_progress_bar=False, callbacks=callbacks)
    trainer.fit(model, train, valid)

run = fitprint.last_run()
print(f"best epoch {run.metrics['best_epoch']:.0f}, package of the {run.tags.get('package_of', 'last')} one")
predicted = torch.tensor(fitprint.load_model(run.model_path).predict(parts[1].numpy()))
print(f"accuracy {(predicted.argmax(1) == parts[3]).float().mean():.2f}")
