"""Where the output goes: a terminal of some width, or a pipe or file, in which nothing is cut."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass

from fitprint._console.terminal import has_colours


@dataclass(frozen=True)
class Screen:
    """``width``: the columns of the terminal, None where there is none."""

    width: int | None
    colour: bool

    @classmethod
    def of_stdout(cls) -> Screen:
        width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
        return cls(width, has_colours(sys.stdout))
