"""wrapt's bound wrappers keep what they were bound to in `_self_instance`, and their wrapper in `_self_parent`.

If this falls: a patched method is pickled and copied in another way than the function itself.
"""

from __future__ import annotations

import wrapt


class Model:
    def fit(self):
        pass


def test_a_bound_wrapper_knows_its_instance_and_its_parent():
    wrapper = wrapt.FunctionWrapper(vars(Model)["fit"], lambda wrapped, instance, args, kwargs: None)
    model = Model()
    bound = wrapper.__get__(model, Model)
    assert bound._self_instance is model
    assert bound._self_parent is wrapper
    assert wrapper.__get__(None, Model)._self_instance is None
