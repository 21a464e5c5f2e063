"""Telling where a public object comes from: the public module that users import it from, not the private one."""

from __future__ import annotations

from typing import Any


def publish(module: str, *objects: Any) -> None:
    """Make classes and functions name a public module as the place where they are defined.

    Their `repr`, tracebacks, documentation and pickles then say `fitprint.ModelInfo`. A pickle looks for an object
    under that name, so the public module must offer each of the objects as an attribute.

    Args:
        module: The dotted name of the public module.
        *objects: The classes and functions that the module offers.
    """
    for published in objects:
        published.__module__ = module
