"""The tests of the flavor need its framework; what they share is in plugins/conftest.py."""

import importlib.util

import pytest

pytest.importorskip("lightgbm", reason="needs lightgbm: run `make test-all`")

collect_ignore = [] if importlib.util.find_spec("distributed") else ["test_lightgbm_dask.py"]
"""The tests with dask are those of the environment that has it: see `make test-engines`."""
