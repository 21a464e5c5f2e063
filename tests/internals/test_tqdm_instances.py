"""The class `tqdm` keeps its open bars in `_instances`, which is falsy when there is none.

If this falls: a line of fitprint is written into the middle of a progress bar.
"""

from __future__ import annotations

import io

import pytest


def test_open_bars_are_among_the_instances():
    tqdm = pytest.importorskip("tqdm").tqdm
    bar = tqdm(total=1, file=io.StringIO())
    assert bar in tqdm._instances
    bar.close()
    assert bar not in tqdm._instances
