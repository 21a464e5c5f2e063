"""MLflow's list of the classes whose models are logged, where the user has given one: fitprint has none of its own."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from fitprint.plugin import TrainingCall, attempt
from fitprint_spark._jobs import context
from fitprint_spark._stages import leaves

CONF = "spark.mlflow.pysparkml.autolog.logModelAllowlistFile"
"""The entry of Spark's configuration that MLflow reads the path of the list from."""


def allowed(call: TrainingCall) -> tuple[str, ...] | None:
    """Return the names of the classes whose models are packaged; None if nobody has given a list.

    Args:
        call: The call, whose run says why a list could not be read.
    """
    classes = call.settings.own.get("log_model_allowlist")
    if classes:
        return tuple(classes)
    active = context()
    place = active.getConf().get(CONF, None) if active is not None else None
    if not place:
        return None
    url = urlparse(place)
    if url.scheme not in ("", "file"):
        call.skip("the list of allowed models", CONF, f"only a file of this machine is read, and not {place}")
        return None
    read, text = attempt(Path(url.path).read_text, "utf-8")
    if not read:
        call.skip("the list of allowed models", CONF, f"{url.path} cannot be read: {text}")
        return None
    lines = (line.strip() for line in text.splitlines())
    return tuple(line for line in lines if line and not line.startswith("#"))


def refused(model: Any, names: tuple[str, ...]) -> str | None:
    """Return the class of a model, or of a part of it, that is not on the list; None if all are.

    Args:
        model: The fitted model.
        names: The list. A name may end in ``*``.
    """
    for part in (model, *leaves(model), *getattr(model, "models", ())[:1]):
        name = f"{type(part).__module__}.{type(part).__qualname__}"
        if _is_fitted(part) and not any(fnmatchcase(name, pattern) for pattern in names):
            return name
    return None


def _is_fitted(part: Any) -> bool:
    """Return whether a part is a model: MLflow lets every transformer pass that is not fitted."""
    return any(cls.__name__ == "Model" and cls.__module__ == "pyspark.ml.base" for cls in type(part).__mro__)
