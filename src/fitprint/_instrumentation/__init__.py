"""Wrapping other people's functions and methods, and putting every attribute back as it was."""
