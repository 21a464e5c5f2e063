"""The tests of the flavor need its framework; what they share is in plugins/conftest.py."""

import pytest

pytest.importorskip("catboost", reason="needs catboost: run `make test-all`")
