"""Training metrics in plain numpy, equal to scikit-learn's without importing it.

Callers import the submodule they need, so that naming this package costs nothing:
``classification``, ``regression`` and ``clustering`` are the entrances.
"""
