"""The release, of the core and of every flavor that ships with it."""

__version__ = "0.1.0"
