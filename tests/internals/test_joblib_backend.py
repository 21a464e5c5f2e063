"""`joblib.Parallel` keeps its backend in `_backend`, and the backends are the classes of `joblib._parallel_backends`.

If this falls: what is handed to joblib's own workers is treated as if fitprint were not installed there, and training
in them is not recorded.
"""

from __future__ import annotations

import joblib
import joblib._parallel_backends as backends
import pytest

CLASSES = {
    "sequential": "SequentialBackend",
    "threading": "ThreadingBackend",
    "multiprocessing": "MultiprocessingBackend",
    "loky": "LokyBackend",
}


@pytest.mark.parametrize("name", CLASSES)
def test_a_parallel_has_its_backend(name):
    backend = joblib.Parallel(n_jobs=2, backend=name)._backend
    assert type(backend) is getattr(backends, CLASSES[name])


def test_tasks_are_a_function_its_arguments_and_its_options():
    assert joblib.delayed(max)(1, 2, key=len) == (max, (1, 2), {"key": len})
