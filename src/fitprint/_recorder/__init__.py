"""Recording of training calls: what happens around each call of a patched function, until its run has ended."""
