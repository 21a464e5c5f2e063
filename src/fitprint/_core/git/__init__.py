"""Reading from the files of a git repository which code is running: no process is started, and nothing is written."""
