"""Where the output goes: a terminal of some width, or a pipe or file, in which nothing is cut or coloured."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass


@dataclass(frozen=True)
class Screen:
    """``width``: the columns of the terminal, None where there is none."""

    width: int | None
    colour: bool

    @classmethod
    def of_stdout(cls) -> Screen:
        if not sys.stdout.isatty():
            return cls(None, False)
        plain = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
        return cls(shutil.get_terminal_size().columns, not plain)
