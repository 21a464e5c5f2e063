"""`python -m fitprint`: the same as the command `fitprint`."""

from fitprint.cli import main

if __name__ == "__main__":
    main()
