"""Until Python 3.12, `frame.f_locals` of a function is a copy that the frame keeps, and renews when it is asked again.

If this falls: `_core/frames.py` keeps the data alive that a function predicts, until that function returns; or
it takes variables out of a copy that somebody else looks at.
"""

from __future__ import annotations

import sys


def look_at(frame):
    variables = frame.f_locals
    references = sys.getrefcount(variables)
    if sys.version_info < (3, 13):
        variables.pop("value")
    return references


def test_the_copy_belongs_to_the_frame_alone_and_is_renewed():
    value = ["a value"]
    frame = sys._getframe()
    references = look_at(frame)
    assert frame.f_locals["value"] is value
    if sys.version_info < (3, 13):
        assert references == 3  # the frame, `variables`, and the argument
        assert frame.f_locals is frame.f_locals
