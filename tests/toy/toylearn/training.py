"""A function that trains and returns the model."""


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
    return Booster(level)
