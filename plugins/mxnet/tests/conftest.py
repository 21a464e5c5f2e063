"""The tests of the flavor need MXNet, which has an environment of its own because of its old numpy."""

from __future__ import annotations

import pytest

pytest.importorskip("mxnet", reason="needs mxnet: run `make test-deep`")

FRAMEWORK_WARNS = (
    "ignore:Please import `csr_matrix` from the `scipy.sparse` namespace:DeprecationWarning",
    "ignore:`np.Inf`:DeprecationWarning",
    "ignore:.*optimizer already initialized:UserWarning",
)
"""What the last release of MXNet warns of by itself, with the libraries of today."""
