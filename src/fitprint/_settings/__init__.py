"""Settings: the table, their parsers, their variables, and which layer wins."""
