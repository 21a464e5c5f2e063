"""A function that trains and returns the model."""

after_training = []
"""Functions that are called with every booster that is trained, whoever trains it."""


class Booster:
    """What `train` gives."""

    def __init__(self, level):
        self.level = level

    def predict(self, rows):
        return [self.level for _ in rows]


def train(params, rows, rounds=3, callback=None):
    """Trains for some rounds."""
    level = 0.0
    for step in range(rounds):
        level += params.get("rate", 1.0)
        if callback is not None:
            callback(step, level)
    booster = Booster(level)
    for hook in after_training:
        hook(booster)
    return booster
