"""A state of its own for each test: what fitprint knows in this process is forgotten."""

from __future__ import annotations

from fitprint._core.process_state import reset_all


def forget_everything() -> None:
    """Makes this process one in which fitprint has done nothing yet: open runs end, every patch is taken back."""
    reset_all()
