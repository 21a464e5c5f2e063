"""Sending the recording context to workers: those of joblib, threads, processes and pools."""
