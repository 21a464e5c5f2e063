"""Lines to the user: logger, terminal, notebook."""
