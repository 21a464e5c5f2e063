"""Making public objects name the module that users import them from, and not the private one that defines them."""

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
