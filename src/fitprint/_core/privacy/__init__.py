"""What is shown as ``***`` in every text, line and message that fitprint writes: secrets, by name and by format."""

from fitprint._core.privacy.redactor import HIDDEN, Redactor, in_force, redactor_for, use

__all__ = ["HIDDEN", "Redactor", "in_force", "redactor_for", "use"]
