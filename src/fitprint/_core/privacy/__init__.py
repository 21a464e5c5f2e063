"""Redaction: secrets are recognized by name and by format, and written as ``***`` in every file, line and message."""

from fitprint._core.privacy.redactor import HIDDEN, Redactor, in_force, redactor_for, use

__all__ = ["HIDDEN", "Redactor", "in_force", "redactor_for", "use"]
