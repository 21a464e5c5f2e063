"""Conformance kit: what every flavor and every store has to do, as pytest classes that its author subclasses.

    from fitprint.testing import Case, FlavorConformance

    class TestConformance(FlavorConformance):
        flavor = "tinyboost"
        cases = (Case("booster", data=..., train=..., predict=...),)

Importing this module imports pytest. ``python -m fitprint.testing`` writes golden packages.
"""

import pytest

pytest.register_assert_rewrite("fitprint.testing.stores")  # so that its checks show the values that they compare

from fitprint.testing.case import Budget, Case  # noqa: E402  after what it depends on
from fitprint.testing.flavors import FlavorConformance  # noqa: E402
from fitprint.testing.flushing import immediate_flush  # noqa: E402
from fitprint.testing.stores import StoreConformance  # noqa: E402

__all__ = ["Budget", "Case", "FlavorConformance", "StoreConformance", "immediate_flush"]
