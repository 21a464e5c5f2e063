"""Training metrics in plain numpy, equal to scikit-learn's without importing it.

Import the module that you need, ``classification``, ``regression`` or ``clustering``, so that this package costs
nothing.
"""
