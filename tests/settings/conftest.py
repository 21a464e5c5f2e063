"""The toy's plugin with defaults and settings of its own, installed for one test."""

from __future__ import annotations

import pytest

OF_ITS_OWN = """

from fitprint.plugin.flavor import read, setting


def a_pair(value):
    left, right = value.split(":") if isinstance(value, str) else value
    return int(left), int(right)


class WithSettings(ToyFlavor):
    defaults = {"experiment": "toys", "max_model_size": "1MB"}
    settings = {
        "level_every": setting(1, read.whole_number, "emit the level every so many rounds"),
        "log_every_n_epoch": setting(7, read.whole_number, "what MLflow calls so, and the core knows no meaning for"),
        "between": setting((0, 9), read.Reader("A:B", "two whole numbers as 1:2", a_pair), "a pair"),
        "listener": setting(None, read.text, "anything"),
    }

    def params(self, call):
        return {**super().params(call), **call.settings.own}
"""


ENTRY_POINTS = """\
[fitprint.flavors]
toy = fitprint_toy:WithSettings

[fitprint.imports]
toylearn = fitprint_toy:WithSettings
"""


@pytest.fixture
def own(toy):
    """The toy, whose plugin declares settings of its own."""
    file = toy.site / "fitprint_toy.py"
    file.write_text(file.read_text() + OF_ITS_OWN)
    toy.plugin(entry_points=ENTRY_POINTS)
    return toy
