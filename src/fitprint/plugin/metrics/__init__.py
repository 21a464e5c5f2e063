"""Training metrics in plain numpy, equal to scikit-learn's without importing it: docs/adr/0002-metrics-in-numpy.md.

Callers import the submodule they need, so that naming this package costs nothing:
``classification``, ``regression`` and ``clustering`` are the entrances.
"""
