"""Runs: their record, writing one, reading them back, and which one is active."""
