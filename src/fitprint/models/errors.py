"""The errors of packages and signatures."""

from __future__ import annotations

from fitprint._core.publish import publish


class PackageError(Exception):
    """A folder is not a package, or a file of a package cannot be read; the message names the path."""


class SchemaError(ValueError):
    """Data or params do not fit a model's signature. The message has a line for each problem.

    Args:
        problems: The problems; the attribute ``problems`` holds them one by one.
        what: The first line of the message.
    """

    def __init__(self, problems: list[str], what: str = "The data does not fit the model's signature") -> None:
        super().__init__(problems, what)  # both, so that the error can be pickled
        self.problems = list(problems)
        self.what = what

    def __str__(self) -> str:
        return "\n".join([f"{self.what}:", *(f"  - {problem}" for problem in self.problems)])


publish("fitprint.models", PackageError, SchemaError)
