"""The settings: their table, how values are read, and which value is in force."""
