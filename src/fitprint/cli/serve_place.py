"""Which package `fitprint serve` serves, and on which address: from the command line, or from a cloud's variables."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

import click

from fitprint.models.errors import PackageError

MLMODEL = "MLmodel"
SAGEMAKER = Path("/opt/ml/model")
HOST, EVERY_HOST = "127.0.0.1", "0.0.0.0"
PORT, PORT_IN_CONTAINERS = 5000, 8080


class Place(NamedTuple):
    """A package, and what its surroundings say about how to serve it."""

    folder: Path
    host: str = HOST
    port: int = PORT
    health_routes: tuple[str, ...] = ()
    predict_routes: tuple[str, ...] = ()


def place_of(package: str | None, store: str | None) -> Place:
    """Return what to serve. In the containers of a cloud's service its variables say it.

    Raises:
        click.UsageError: Nothing says it.
    """
    if package == "serve" and not Path(package).exists():
        package = None  # SageMaker runs every container with this word
    mounted = _mounted() if package is None else None
    if mounted is None and package is None:
        raise click.UsageError(
            "name a PACKAGE to serve, such as `last`; there is none at AZUREML_MODEL_DIR or /opt/ml/model either"
        )
    folder = mounted if package is None else _named(package, store)
    assert folder is not None
    vertex = os.environ.get("AIP_HTTP_PORT")
    if mounted is None and vertex is None:
        return Place(folder)
    port = int(vertex) if vertex is not None and vertex.isdigit() else PORT_IN_CONTAINERS
    health, predict = (_routes(f"AIP_{name}_ROUTE") for name in ("HEALTH", "PREDICT"))
    return Place(folder, EVERY_HOST, port, health, predict)


def _named(package: str, store: str | None) -> Path:
    """Return the package that the command line names. Runs and stores are looked for only if it is no folder of one."""
    if ":" not in package and (Path(package) / MLMODEL).is_file():
        return Path(package)
    from fitprint.cli.lookup import found_package

    return found_package(package, store)


def _mounted() -> Path | None:
    """Return the package that a service has laid into this container."""
    azure = os.environ.get("AZUREML_MODEL_DIR")
    for root in (*([Path(azure)] if azure else []), SAGEMAKER):
        if (root / MLMODEL).is_file():
            return root
        below = sorted(path.parent for path in root.glob(f"*/{MLMODEL}")) if root.is_dir() else []
        if len(below) > 1:
            raise PackageError(f"{root} has several packages: {', '.join(path.name for path in below)}; name one")
        if below:
            return below[0]
    return None


def _routes(variable: str) -> tuple[str, ...]:
    route = os.environ.get(variable, "")
    return (route,) if route.startswith("/") else ()
