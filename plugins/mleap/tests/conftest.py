"""The tests of the flavor need its framework; what they share is in plugins/conftest.py."""

import pytest

pytest.importorskip("mleap", reason="needs mleap: run `make test-jvm`")
