"""Giving each test a fresh state, by making fitprint forget what it knows in this process."""

from __future__ import annotations

from fitprint._core.process_state import reset_all


def forget_everything() -> None:
    """Reset this process to one in which fitprint has done nothing yet: open runs end, every patch is undone."""
    reset_all()
