"""fitprint's flavor for Spark MLlib, and its engine for what Spark's Python workers train."""

from fitprint_spark._flavor import SparkFlavor

__all__ = ["SparkFlavor"]
