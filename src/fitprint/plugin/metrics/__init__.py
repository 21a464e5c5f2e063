"""Training metrics in plain numpy, equal to scikit-learn's without importing it: docs/adr/0002-metrics-in-numpy.md.

Import the module that you need, ``classification``, ``regression`` or ``clustering``, so that this package costs
nothing.
"""
