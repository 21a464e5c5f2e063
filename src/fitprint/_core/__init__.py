"""What everything stands on, and that knows nothing of runs or models."""
