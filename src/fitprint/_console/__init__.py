"""Lines for the user: the logger, terminals, notebooks."""
