"""`sys._getframe(n)` gives the frame of a caller, and its globals have the name of the module.

If this falls: a training loop may be ended in the middle of fitprint's own code, where a lock is held; and fits that
statsmodels starts for a purpose of its own are recorded as the user's.
"""

from __future__ import annotations

import sys


def caller():
    return sys._getframe(1)


def test_the_frame_of_the_caller_names_its_module():
    frame = caller()
    assert frame.f_globals["__name__"] == __name__
    assert frame.f_code.co_name == "test_the_frame_of_the_caller_names_its_module"
    assert frame.f_back is not None
