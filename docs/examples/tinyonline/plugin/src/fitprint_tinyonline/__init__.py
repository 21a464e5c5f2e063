"""fitprint's flavor for tinyonline. Imports nothing: readers without fitprint come through here to the loader."""
