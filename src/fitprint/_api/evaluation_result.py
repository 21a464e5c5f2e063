"""What `evaluate` returns: the metrics as a table, and where they were recorded."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fitprint._core import html
from fitprint._core.publish import publish
from fitprint._runs.record import Skip
from fitprint._runs.run import Run

if TYPE_CHECKING:
    import pandas

_MOST_CELLS = 12
"""Up to so many labels, a notebook shows the confusion matrix."""
_FIRST = ("accuracy_score", "roc_auc", "f1_score", "r2_score", "root_mean_squared_error", "silhouette_score", "score")
"""The metrics that the one-line form names first."""


@dataclass(frozen=True, repr=False)
class EvaluationResult:
    """The metrics of a model on some data."""

    problem: str
    """The kind of problem, such as ``binary classification`` or ``regression``."""
    metrics: dict[str, float]
    """The metrics by name, without the name of the data."""
    artifacts: dict[str, Any] = field(default_factory=dict)
    """The confusion matrix, curves and tables by the names of their files: texts, and values that JSON can hold."""
    skipped: list[Skip] = field(default_factory=list)
    """Why metrics are missing, each as (what, rule, reason)."""
    data_name: str | None = None
    """The name of the data, which ends the names of the metrics in the run; None if it is not known."""
    run: Run | None = None
    """The run that the metrics were added to; None if the store could not be written."""

    @property
    def run_id(self) -> str | None:
        """The id of the run, or None."""
        return self.run.run_id if self.run is not None else None

    def to_frame(self) -> pandas.DataFrame:
        """Return the metrics as a DataFrame with the columns ``metric`` and ``value``."""
        import pandas

        return pandas.DataFrame({"metric": list(self.metrics), "value": list(self.metrics.values())})

    def __repr__(self) -> str:
        first = [name for name in _FIRST if name in self.metrics] or list(self.metrics)
        texts = ", ".join(f"{name}={self.metrics[name]:.4g}" for name in first[:3])
        return f"<EvaluationResult {self._title()}{': ' + texts if texts else ''}>"

    def _repr_html_(self) -> str:
        tables = [html.table(("Metric", "value"), self.metrics.items(), self._title())]
        matrix = self.artifacts.get("confusion_matrix.json")
        if matrix is not None and len(matrix["labels"]) <= _MOST_CELLS:
            rows = [(label, *cells) for label, cells in zip(matrix["labels"], matrix["matrix"], strict=True)]
            tables.append(html.table(("true \\ predicted", *map(str, matrix["labels"])), rows))
        if self.skipped:
            tables.append(html.table(("Missing", "by", "because"), self.skipped))
        return "".join(tables)

    def _title(self) -> str:
        count = self.metrics.get("example_count")
        on = f" on {self.data_name}" if self.data_name is not None else ""
        return f"{self.problem}{on}{f' ({count:,.0f} rows)' if count is not None else ''}"


publish("fitprint", EvaluationResult)
