"""`warnings` passes over frames whose file name contains "importlib" and "_bootstrap" when it counts `stacklevel`.

If this falls: a framework's `warnings.warn(..., stacklevel=2)` names fitprint's wrapper, and not the user's line.
"""

from __future__ import annotations

import warnings


def frameworks_method():
    warnings.warn("seen", UserWarning, stacklevel=2)


def wrapper():
    return frameworks_method()


def test_a_frame_named_as_one_of_importlib_is_not_counted():
    wrapper.__code__ = wrapper.__code__.replace(co_filename="<fitprint as invisible as importlib._bootstrap>")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        wrapper()
    assert [warning.filename for warning in caught] == [__file__]
