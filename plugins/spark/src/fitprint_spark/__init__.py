"""fitprint's flavor for Spark MLlib."""

from fitprint_spark._flavor import SparkFlavor

__all__ = ["SparkFlavor"]
