"""fitprint's flavor for tinyboost. Imports nothing: readers without fitprint come through here to the loader."""
