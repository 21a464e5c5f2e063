"""A bare `raise` adds no entry to a traceback from which this frame's own entry was taken.

If this falls: the user's tracebacks show frames of fitprint.
"""

from __future__ import annotations

import sys
import traceback

import pytest


def framework():
    raise ValueError("the user's own")


def wrapper():
    try:
        framework()
    except BaseException as error:
        BaseException.with_traceback(error, sys.exc_info()[2].tb_next)
        raise


def test_the_wrapper_is_in_no_traceback():
    with pytest.raises(ValueError, match="own") as caught:
        wrapper()
    names = [entry.name for entry in traceback.extract_tb(caught.value.__traceback__)]
    assert names == ["test_the_wrapper_is_in_no_traceback", "framework"]
