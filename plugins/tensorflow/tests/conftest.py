"""The tests of the flavor need its framework; what they share is in plugins/conftest.py."""

import os

import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # TensorFlow prints what the processor could do
pytest.importorskip("tensorflow", reason="needs tensorflow: run `make test-deep`")
