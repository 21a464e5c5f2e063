"""Conformance kit: what every flavor and every store has to do, as pytest classes that its author subclasses.

    from fitprint.testing import Case, FlavorConformance

    class TestConformance(FlavorConformance):
        flavor = "tinyboost"
        cases = (Case("booster", data=..., train=..., predict=...),)

Importing this module imports pytest. ``python -m fitprint.testing`` writes golden packages.
"""

from fitprint.testing.case import Budget, Case
from fitprint.testing.flavors import FlavorConformance
from fitprint.testing.flushing import immediate_flush
from fitprint.testing.stores import StoreConformance

__all__ = ["Budget", "Case", "FlavorConformance", "StoreConformance", "immediate_flush"]
