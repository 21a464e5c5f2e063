"""A training framework of the tests' own: classes with `fit`, a function `train`, a module imported late."""

from toylearn.base import Base, Mean, Shifted, Telling, WithFitOfItsOwn
from toylearn.training import Booster, train

__version__ = "1.2.3"
__all__ = ["Base", "Booster", "Mean", "Shifted", "Telling", "WithFitOfItsOwn", "train"]
