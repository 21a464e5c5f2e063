"""Making a package: what lies beside the model's own files, for recorded calls and for `log_model` and `save_model`."""
