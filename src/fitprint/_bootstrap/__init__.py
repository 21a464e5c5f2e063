"""Holds only `sitecustomize`: `fitprint run` puts this folder on the path of the programs that it starts."""
