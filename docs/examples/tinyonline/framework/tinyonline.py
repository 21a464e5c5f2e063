"""A small framework, for the guide to loops: its user feeds a model one batch after another, in a loop of his own."""

import json

import numpy as np

__version__ = "1.0.0"


class Learner:
    """Learns weights of columns so that their sum is near the target."""

    def __init__(self, rate=0.1):
        self.rate = rate
        self.weights = None
        self.batches = 0

    def reset(self):
        """Forgets what was learnt."""
        self.weights, self.batches = None, 0
        return self

    def learn(self, X, y):
        """Learns from a batch, and returns the loss on it before."""
        if len(X) != len(y):
            raise ValueError(f"{len(X)} rows and {len(y)} targets")
        X, y = np.asarray(X, dtype=float), np.asarray(y, dtype=float)
        if self.weights is None:
            self.weights = np.zeros(X.shape[1])
        wrong = y - X @ self.weights
        self.weights = self.weights + self.rate * X.T @ wrong / len(X)
        self.batches += 1
        return float(np.mean(wrong**2))

    def predict(self, X):
        """A number per row."""
        return np.asarray(X, dtype=float) @ self.weights

    def save(self, path):
        """Writes the model as JSON."""
        with open(path, "w") as file:
            json.dump({"rate": self.rate, "batches": self.batches, "weights": list(self.weights)}, file)


def load(path):
    """The model that `Learner.save` wrote."""
    with open(path) as file:
        found = json.load(file)
    model = Learner(found["rate"])
    model.batches, model.weights = found["batches"], np.array(found["weights"])
    return model
