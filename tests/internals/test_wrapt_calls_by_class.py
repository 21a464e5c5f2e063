"""wrapt hands `Class.method(instance)` to the wrapper as a `PartialCallableObjectProxy` around the function.

If this falls: a training call by its class is recorded under a wrong name, or with `self` among its arguments.
"""

from __future__ import annotations

import wrapt


class Model:
    def fit(self, X):
        return X


def test_a_call_by_the_class_arrives_as_a_partial_of_the_function():
    seen = []

    def noting(wrapped, instance, args, kwargs):
        seen.append((type(wrapped), wrapped.__wrapped__, instance, args))
        return wrapped(*args, **kwargs)

    original = vars(Model)["fit"]
    bound = wrapt.FunctionWrapper(original, noting).__get__(None, Model)
    model = Model()
    assert bound(model, 3) == 3
    assert seen == [(wrapt.PartialCallableObjectProxy, original, model, (3,))]
