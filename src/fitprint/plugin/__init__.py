"""What a plugin's author imports: the contract, and helpers for it."""
