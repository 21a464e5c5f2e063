"""Models whose `fit` trains the instance."""

import warnings


class Base:
    """What every model of this framework is."""

    def __init__(self, shift=0.0):
        self.shift = shift

    def fit(self, rows, labels=None, *, weight=1.0):
        """Learns the mean of the labels.

        A second paragraph.
        """
        if not len(rows):
            raise ValueError("no rows")
        self.mean_ = weight * sum(labels) / len(labels) + self.shift
        return self

    def predict(self, rows):
        return [self.mean_ for _ in rows]


class Mean(Base):
    """Inherits `fit`."""


class Shifted(Base):
    """Calls the `fit` of its base."""

    def fit(self, rows, labels=None, *, weight=1.0):
        super().fit(rows, labels, weight=weight)
        self.mean_ += 1
        return self


class WithFitOfItsOwn(Base):
    """Warns its caller."""

    def fit(self, rows, labels=None, *, weight=1.0):
        warnings.warn("look at your own line", UserWarning, stacklevel=2)
        self.mean_ = 0.0
        return self


class Telling(Base):
    """Calls a function at each step of its training."""

    def fit(self, rows, labels=None, *, weight=1.0, steps=3, callback=None, **others):
        super().fit(rows, labels, weight=weight)
        self.steps_ = 0
        for step in range(steps):
            if callback is not None:
                callback(step, self.mean_ + step)
            self.steps_ = step + 1
        return self
