"""Engines that carry work to other processes and machines: their workers record once they are attached.

With the setting ``engines`` as it is (``auto``), what the program sends is enough: the workers are attached before the
first task leaves. `attach` does it earlier, or for an engine that the setting leaves out, and says what became of it.
"""

from __future__ import annotations

from typing import Any

from fitprint._core.publish import publish
from fitprint._recorder.state import recorder_state
from fitprint._workers import engines as _engines
from fitprint._workers.engines import Attachment

__all__ = ["Attachment", "attach", "attachments"]


def attach(target: Any) -> Attachment:
    """Turn recording on in the workers of an engine, with the settings and the store of this program.

    Workers that join later record too. A further call changes nothing, unless the settings have changed.

    Args:
        target: What the program sends work with, such as the `Client` of dask.

    Returns:
        What became of each worker.

    Raises:
        RuntimeError: Recording is off here.
        TypeError: No plugin of an engine knows such an object.
    """
    if not recorder_state.on:
        raise RuntimeError("recording is off here, so workers cannot be told to record: call fitprint.autolog() first")
    return _engines.attach(target)


def attachments() -> tuple[Attachment, ...]:
    """Return what became of the workers of each cluster that this program has sent work to, or has attached."""
    return _engines.attachments()


publish("fitprint.engines", attach, attachments)
