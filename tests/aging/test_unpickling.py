"""Arrays that numpy 2 pickled are read with numpy 1, and the reverse, without a word from numpy."""

import pytest

pytestmark = pytest.mark.slow

WRITE = """
    import pickle
    import numpy as np

    arrays = [np.arange(3.0), np.array(["a", None], dtype=object), np.float64(1.5), np.dtype("int8")]
    for protocol in (2, 4, 5):
        with open(f"arrays{protocol}.pkl", "wb") as file:
            pickle.dump(arrays, file, protocol)
"""
READ = """
    import numpy as np
    from fitprint.models.pickling import load_pickle

    for protocol in (2, 4, 5):
        with open(f"arrays{protocol}.pkl", "rb") as file:
            first, second, third, fourth = load_pickle(file)
        assert first.tolist() == [0.0, 1.0, 2.0]
        assert second.tolist() == ["a", None]
        assert third == 1.5
        assert fourth == np.int8
    print(np.__version__)
"""

STRICT = {"PYTHONWARNINGS": "error"}


def test_arrays_cross_both_ways(run_python, oldest_python):
    run_python(WRITE)
    assert run_python(READ, python=oldest_python, env=STRICT).stdout.startswith("1.")
    run_python(WRITE, python=oldest_python)
    assert not run_python(READ, env=STRICT).stdout.startswith("1.")
