"""fitprint's flavor for tinyonline."""
