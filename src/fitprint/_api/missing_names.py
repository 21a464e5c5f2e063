"""MLflow's names that fitprint does not have, and what to do instead: for the message of an AttributeError."""

from __future__ import annotations

_INSTEAD = {
    "MlflowClient": "use get_run(id), runs(), search_runs(), and start_run(run_id=...) to add to a run",
    "delete_tag": "set the tag to an empty text",
    **dict.fromkeys(("delete_experiment", "delete_run"), "delete the folder of the run, which get_run(id).path names"),
    **dict.fromkeys(
        ("set_experiment_tag", "set_experiment_tags"), "experiments are labels without tags: set the tags of the runs"
    ),
    "search_experiments": "experiments are labels: {run.experiment for run in fitprint.runs()}",
    "get_parent_run": "use get_run(run.parent_id)",
    "log_stream": "write it to a file and log that with log_artifact",
    "log_image": "save the image as a file and log it with log_artifact, or a figure with log_figure",
    "log_table": "log it with log_text(frame.to_csv(), 'table.csv'), or with log_dict",
    "log_inputs": "facts of the training data are recorded by autolog(); log others with log_dict",
    "log_input": "facts of the training data are recorded by autolog(); log others with log_dict",
    **dict.fromkeys(
        ("register_model", "set_registry_uri", "get_registry_uri", "search_registered_models", "search_model_versions"),
        "fitprint has no model registry: hand the folder of the package to mlflow.register_model",
    ),
    **dict.fromkeys(("trace", "start_span", "tracing", "set_trace_tag", "search_traces"), "fitprint records no traces"),
    **dict.fromkeys(("run", "projects"), "fitprint has no projects: `fitprint run train.py` records a script"),
    "artifacts": "get_run(id).path / 'artifacts' is the folder of the artifacts",
    **dict.fromkeys(("entities", "exceptions", "tracking", "client"), "fitprint has all public names at its top level"),
    **dict.fromkeys(
        ("enable_system_metrics_logging", "disable_system_metrics_logging"),
        "use the setting log_system_metrics, as in autolog(log_system_metrics=True)",
    ),
}


def instead_of(name: str) -> str:
    """Return what to do instead of using a name of MLflow, after a semicolon; an empty text for any other name."""
    return f"; {_INSTEAD[name]}" if name in _INSTEAD else ""
