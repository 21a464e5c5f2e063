"""The tests of the flavor need MXNet, which has an environment of its own because of its old numpy."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("mxnet", reason="needs mxnet: run `make test-deep`")

OF_MXNET = (
    "ignore:Please import `csr_matrix` from the `scipy.sparse` namespace:DeprecationWarning",
    "ignore:`np.Inf`:DeprecationWarning",
    "ignore:.*optimizer already initialized:UserWarning",
)
"""What the last release of MXNet warns of by itself, with the libraries of today."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            for message in OF_MXNET:
                item.add_marker(pytest.mark.filterwarnings(message))
