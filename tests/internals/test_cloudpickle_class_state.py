"""cloudpickle fills a class that it rebuilds by `_class_setstate(class, state)`, whose state begins with a dict.

If this falls: loading a package in the process that wrote it puts copies in the place of the user's own methods.
"""

from __future__ import annotations

import io
import pickle
import types

import cloudpickle


def test_a_class_by_value_is_filled_by_one_function():
    made = types.new_class("Made")
    made.__module__ = "__main__"
    made.answer = lambda self: 42
    seen = []

    class Noting(pickle.Unpickler):
        def find_class(self, module, name):
            found = super().find_class(module, name)
            if name != "_class_setstate":
                return found
            assert module in ("cloudpickle.cloudpickle", "cloudpickle.cloudpickle_fast")
            return lambda kind, state: seen.append(state) or found(kind, state)

    Noting(io.BytesIO(cloudpickle.dumps(made))).load()
    [(attributes, *_)] = seen
    assert "answer" in attributes
