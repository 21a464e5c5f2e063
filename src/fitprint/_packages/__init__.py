"""Making a package, for recorded calls and for `log_model` and `save_model`, and loading one."""
