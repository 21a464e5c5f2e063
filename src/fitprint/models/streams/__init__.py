"""What a pickle stream would import, read from its opcodes alone: nothing is unpickled, and nothing is imported."""
