"""Models that predict arrays and tables, and metrics of predictions."""

import numpy

from toylearn.base import Base


class Line(Base):
    """Predicts its mean times each number."""

    def predict(self, rows):
        return self.mean_ * numpy.asarray(rows, float)

    def predict_both(self, rows):
        """One minus the prediction, and the prediction."""
        level = self.predict(rows)
        return numpy.stack([1 - level, level], axis=1)

    def predict_table(self, rows):
        """A table with one column of text."""
        import pandas

        level = self.predict(rows)
        return pandas.DataFrame({"low": 1 - level, "high": level, "kind": ["a"] * len(level)})

    def predict_first(self, rows):
        """The first column, as a view of the rows."""
        return rows[:, 0]

    def score(self, rows, target):
        """A metric without predictions in sight."""
        return error(target, self.predict(rows))


class Strict(Line):
    """Overrides `predict`."""

    def predict(self, rows):
        if not len(rows):
            raise ValueError("no rows to predict")
        return super().predict(rows)


def error(target, predictions):
    """The largest error. Calls another metric."""
    return max(errors(target, predictions))


def errors(target, predictions):
    """Each error."""
    if len(target) != len(predictions):
        raise ValueError("not as many")
    return [float(abs(one - other)) for one, other in zip(target, predictions, strict=True)]


def count(target, predictions):
    """How many there are."""
    return len(target)


def average(*, target, predictions):
    """Of names alone."""
    return sum(errors(target, predictions)) / len(target)
