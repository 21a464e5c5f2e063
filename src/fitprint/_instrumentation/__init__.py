"""Patching: which flavors there are, when each is turned on, and the wrapper around a training call."""
