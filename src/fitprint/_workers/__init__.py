"""Handing the session over to workers: joblib's, and the standard library's threads, processes, pools, executors."""
