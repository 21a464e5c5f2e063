"""What a git repository says of the code that runs, read from its files: no process is started, nothing written."""
