"""The tests of the flavor need its framework; what they share is in plugins/conftest.py."""

import pytest

pytest.importorskip("lightgbm", reason="needs lightgbm: run `make test-all`")
