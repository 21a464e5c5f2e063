"""`_thread.interrupt_main()` raises KeyboardInterrupt in the main thread, at the next chance and not at the call.

If this falls: a Ctrl-C that arrives while an object is being collected is lost.
"""

from __future__ import annotations

import _thread
import time

import pytest


def interrupted():
    _thread.interrupt_main()
    time.sleep(10)


def test_an_interruption_is_raised_in_the_main_thread():
    with pytest.raises(KeyboardInterrupt):
        interrupted()
