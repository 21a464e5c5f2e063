"""Errors of the user's own code, in commands that run some."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import click

from fitprint._core.guard import attempt, describe
from fitprint.cli.texts import clean
from fitprint.models.errors import PackageError

Result = TypeVar("Result")
TOLD_ELSEWHERE = (PackageError, OSError, ValueError, click.ClickException)
"""What the group of commands tells on one line, as it is."""


def or_failure(what: str, function: Callable[..., Result], *args: Any, **named: Any) -> Result:
    """Calls what runs a user's code. Raises PackageError, ``what`` with the error, for an error that nobody foresaw."""
    done, found = attempt(partial(function, *args, **named))
    if done:
        return found  # type: ignore[no-any-return]
    if isinstance(found, TOLD_ELSEWHERE):
        raise found
    raise PackageError(f"{what}: {clean(describe(found))}") from found
