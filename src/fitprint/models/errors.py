"""Errors of the models package."""

from __future__ import annotations

from fitprint._core.publish import publish


class PackageError(Exception):
    """A folder is no package, or a file of a package cannot be read; the text names the path."""


class SchemaError(ValueError):
    """Data or params do not fit a model's signature.

    The text has one line per problem; `problems` holds the same lines, one by one.
    """

    def __init__(self, problems: list[str], what: str = "The data does not fit the model's signature") -> None:
        super().__init__(problems, what)  # both, so that the error can be pickled
        self.problems = list(problems)
        self.what = what

    def __str__(self) -> str:
        return "\n".join([f"{self.what}:", *(f"  - {problem}" for problem in self.problems)])


publish("fitprint.models", PackageError, SchemaError)
