"""fitprint's engine for Ray: what its workers train is recorded as if it were trained here."""

from fitprint_ray._engine import RayEngine
from fitprint_ray._worker import turn_on, what_became

__all__ = ["RayEngine", "turn_on", "what_became"]
