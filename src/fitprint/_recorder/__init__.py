"""One training call from start to finish."""
