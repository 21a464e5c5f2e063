"""Programs that use Spark without MLlib do not wait for it."""

from __future__ import annotations


def test_mllib_is_imported_by_the_user_alone(run_python, store):
    done = run_python("""
        import sys
        import fitprint
        fitprint.autolog("spark", strict=True)
        import pyspark.sql
        print("pyspark.ml" in sys.modules, next(row for row in fitprint.status() if row.name == "spark").state)
        print(*[engine.state for engine in fitprint.status().engines if engine.name == "spark"])
        import pyspark.ml
        print("pyspark.ml" in sys.modules)
    """)
    assert done.stdout.split() == ["False", "on", "on", "True"]
