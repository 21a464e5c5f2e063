"""fitprint's flavor for tinyboost."""
