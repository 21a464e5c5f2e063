"""`map`, `starmap` and their `_async` forms of a pool all go through `Pool._map_async`.

If this falls: training in the workers of a `multiprocessing.Pool` is not recorded.
"""

from __future__ import annotations

from multiprocessing.pool import ThreadPool

import pytest


@pytest.mark.parametrize("call", ["map", "map_async", "starmap", "starmap_async"])
def test_every_way_to_map_goes_through_one_method(call, monkeypatch):
    seen = []
    original = ThreadPool._map_async

    def noting(self, function, *arguments, **options):
        seen.append(function)
        return original(self, function, *arguments, **options)

    monkeypatch.setattr(ThreadPool, "_map_async", noting)
    with ThreadPool(1) as pool:
        done = getattr(pool, call)(max, [(1, 2)])
        assert (done if isinstance(done, list) else done.get()) in ([2], [(1, 2)])
    assert seen == [max]
