"""The settings: the table of all of them, how their values are read, and which value is in force."""
