"""One call, and every training call of every supported ML framework leaves a run and a model package.

>>> import fitprint
>>> fitprint.autolog()

Importing this loads no framework, and neither numpy, pandas nor yaml.
"""

from typing import Any

from fitprint import _fluent
from fitprint._autolog import (
    autolog,
    disable,
    get_tracking_uri,
    set_experiment,
    set_tracking_uri,
    status,
)
from fitprint._fluent import (
    log_artifact,
    log_dict,
    log_figure,
    log_metric,
    log_metrics,
    log_param,
    log_params,
    log_text,
    set_tag,
    set_tags,
)
from fitprint._run.active import active_run, end_run, start_run
from fitprint._run.reading import get_run, runs, search_runs
from fitprint._run.remembered import last_run, run_of
from fitprint._run.run import Run
from fitprint._session import suppress
from fitprint._version import __version__

__all__ = [
    "Run",
    "__version__",
    "active_run",
    "autolog",
    "disable",
    "end_run",
    "get_run",
    "get_tracking_uri",
    "infer_signature",
    "last_run",
    "load_model",
    "log_artifact",
    "log_dict",
    "log_figure",
    "log_metric",
    "log_metrics",
    "log_param",
    "log_params",
    "log_text",
    "models",
    "pyfunc",
    "run_of",
    "runs",
    "search_runs",
    "set_experiment",
    "set_tag",
    "set_tags",
    "set_tracking_uri",
    "start_run",
    "status",
    "suppress",
]


def __getattr__(name: str) -> Any:
    """The public modules, what comes out of them, and a namespace per registered flavor; each loaded when asked for."""
    return _fluent.late_attribute(name)


def __dir__() -> list[str]:
    from fitprint._autolog import known_flavors

    return sorted({*__all__, *known_flavors()})
