"""`fitprint serve`: a package behind HTTP, for the clients of MLflow, Azure ML, Open Inference, KServe, SageMaker...

This process becomes the supervisor, which stays as long as the server does. So it imports only what it needs: a worker
reads the package, and what few calls need is imported by these.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from fitprint._core.guard import warn_user
from fitprint._settings import parsers as read
from fitprint.cli import options
from fitprint.cli.serve_place import HOST, PORT, Place, place_of
from fitprint.cli.texts import clean
from fitprint.models.errors import PackageError
from fitprint.serving.extra import missing
from fitprint.serving.options import ServeOptions

PREFIX = "FITPRINT_SERVE"
CURRENT = "current"
BATCH_ROWS = 512


class _PortOption(click.Option):
    """A port. Kubernetes sets ``FITPRINT_SERVE_PORT`` to a URL where a service is called `fitprint-serve`."""

    def resolve_envvar_value(self, ctx: click.Context) -> str | None:
        """Return the text of the variable, unless it is that of Kubernetes."""
        text = super().resolve_envvar_value(ctx)
        return None if text is not None and "://" in text else text


def _size(context: click.Context, option: click.Parameter, text: str) -> int:
    try:
        return int(read.size(text))
    except ValueError as error:
        raise click.BadParameter(f"{text!r} cannot be read; accepted: {error}", context, option) from None


@click.command(
    short_help="Serve a package over HTTP.",
    context_settings={"auto_envvar_prefix": PREFIX, "show_default": True, "max_content_width": 100},
)
@click.argument("package", required=False, envvar=f"{PREFIX}_PACKAGE")
@click.option("--host", metavar="HOST", help=f"The address to listen on.  [default: {HOST}]")
@click.option(
    "--port",
    cls=_PortOption,
    type=click.IntRange(0, 65_535),
    metavar="PORT",
    help=f"The port to listen on; 0 for any that is free.  [default: {PORT}]",
)
@click.option("--workers", type=click.IntRange(1), default=1, help="How many worker processes serve the model.")
@click.option(
    "--threads", type=click.IntRange(1), default=1, help="How many requests a process predicts at the same time."
)
@click.option(
    "--timeout",
    type=click.FloatRange(0, min_open=True),
    default=60.0,
    help="Seconds after which a request is answered with 504.",
)
@click.option(
    "--max-body", default="100MB", metavar="SIZE", callback=_size, help="The largest size of a request's body."
)
@click.option(
    "--queue", type=click.IntRange(0), default=128, help="How many requests may wait; the next is answered with 503."
)
@click.option(
    "--batch",
    type=click.IntRange(1),
    is_flag=False,
    flag_value=BATCH_ROWS,
    default=None,
    metavar="[ROWS]",
    help=f"Predict the rows of waiting requests together, this many at most; {BATCH_ROWS} if no number is given.",
)
@click.option("--method", metavar="NAME", help="The method that answers, such as predict_proba.  [default: predict]")
@click.option("--name", metavar="NAME", help="The model's name in the routes.  [default: that of the package]")
@click.option(
    "--env",
    "environment",
    envvar=f"{PREFIX}_ENV",
    metavar="current|package|PYTHON",
    default=CURRENT,
    help="The environment to serve in: this one, the package's own, which is rebuilt, or that of an interpreter.",
)
@click.option(
    "--trust",
    type=click.Choice(["all", "verified", "no-pickle"]),
    help="What may be loaded. Default: FITPRINT_TRUST, else all.",
)
@click.option("--digest", metavar="SHA256", help="The SHA-256 that checksums.json must have.")
@click.option("--token", help="The token that callers must send as Authorization: Bearer. Better set as the variable.")
@click.option(
    "--allow-host",
    multiple=True,
    metavar="NAME",
    help="A further host name that requests may name, such as that of a proxy; can be repeated.",
)
@click.option(
    "--cors", multiple=True, metavar="ORIGIN", help="An origin whose pages may send requests; can be repeated."
)
@click.option(
    "--errors",
    type=click.Choice(["short", "full"]),
    default="short",
    help="Whether error answers show the caller's values, and the traceback if the model raised an error.",
)
@click.option("--log-requests", metavar="FILE", help="Write every request to this file, rows included.")
@click.option("--page/--no-page", default=True, help="Whether to serve the Test page at /test.")
@click.option(
    "--check",
    "is_check",
    envvar=f"{PREFIX}_CHECK",
    is_flag=True,
    help="Start the server, send the example in every protocol, print the answers, and exit.",
)
@click.option(
    "--dockerfile",
    "is_dockerfile",
    envvar=f"{PREFIX}_DOCKERFILE",
    is_flag=True,
    help="Write a Dockerfile beside the package, and exit.",
)
@options.store
@click.pass_context
def serve(
    context: click.Context,
    /,
    package: str | None,
    host: str | None,
    port: int | None,
    workers: int,
    environment: str,
    trust: str | None,
    digest: str | None,
    is_check: bool,
    is_dockerfile: bool,
    store: str | None,
    **chosen: Any,
) -> None:
    """Serve a package over HTTP, to the clients of MLflow, Azure ML, Open Inference, KServe, Vertex AI and SageMaker.

    PACKAGE is named as for `fitprint inspect`. Without it, the package is the one in the container's folder
    AZUREML_MODEL_DIR or /opt/ml/model. Loading a package runs code of its author, unless --trust forbids that. Each
    option can also be set by a variable, such as FITPRINT_SERVE_PORT.

    The server can be reached only from this machine, unless --host names another address; set a token then. Ctrl-C and
    SIGTERM end it after it has answered the requests that it has begun.
    """
    problem = missing()
    if problem is not None:
        raise click.ClickException(problem)
    _open_standard_streams()
    gc.enable()  # which the command line turns off, as most commands are short
    place = place_of(package, store)
    if is_dockerfile or environment != CURRENT:
        from fitprint.cli.serve_elsewhere import go_on_elsewhere, write_a_dockerfile

        if is_dockerfile:
            write_a_dockerfile(context, place.folder)
            return
        go_on_elsewhere(context, environment, place.folder)
    settings = _settings(place, chosen)
    start = {"package": str(place.folder), "trust": trust, "digest": digest, "options": settings}
    if is_check:
        from fitprint.cli.serve_check import check_all

        context.exit(check_all(start, settings, _supervise))
    _serve(start, settings, host or place.host, place.port if port is None else port, workers)


# ---- serving


def _settings(place: Place, chosen: dict[str, Any]) -> dict[str, Any]:
    """Return the options of the app, as JSON holds them."""
    made = ServeOptions(
        name=chosen["name"],
        method=chosen["method"],
        threads=chosen["threads"],
        queue=chosen["queue"],
        timeout=chosen["timeout"],
        max_body=chosen["max_body"],
        batch=chosen["batch"] or 0,
        token=chosen["token"] or None,
        hosts=tuple(chosen["allow_host"]),
        cors=tuple(chosen["cors"]),
        full_errors=chosen["errors"] == "full",
        page=chosen["page"],
        log_requests=str(Path(chosen["log_requests"]).absolute()) if chosen["log_requests"] else None,
        health_routes=place.health_routes,
        predict_routes=place.predict_routes,
    )
    return asdict(made)


def _open_standard_streams() -> None:
    """Open those of the three standard streams that whoever started this has closed.

    The listening socket would else get the number of one of them, and a worker has its pipes there.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # which takes the lowest number that is free: this one


def _serve(start: dict[str, Any], settings: dict[str, Any], host: str, port: int, workers: int) -> None:
    from fitprint.serving.sockets import is_loopback, listen, url_of

    if not is_loopback(host) and settings["token"] is None:
        warn_user(f"everybody who reaches {host} may use the model, because no token is set: see --token")
    with listen(host, port) as listening:
        url = url_of(listening)
        _supervise(listening, start, host, workers, lambda supervisor, about: _tell(url, about, settings))


def _supervise(
    listening: Any, start: dict[str, Any], host: str, workers: int, on_ready: Callable[[Any, dict[str, Any]], None]
) -> None:
    from fitprint.serving.sockets import hosts_for
    from fitprint.serving.supervisor import Supervisor

    known = hosts_for(host)
    hosts = [*known, *start["options"]["hosts"]] if known is not None else start["options"]["hosts"] or None
    start = {**start, "options": {**start["options"], "hosts": hosts}}
    supervisor = Supervisor(listening, start, workers, lambda about: on_ready(supervisor, about), _tell_differences)
    error = supervisor.run()
    if error is not None:
        raise PackageError(error)


def _tell_differences(text: str) -> None:
    click.echo("\n".join(map(clean, text.splitlines())), err=True)


def _tell(url: str, about: dict[str, Any], settings: dict[str, Any]) -> None:
    """Print the one line of a start: where, what, and how to try it."""
    what = f"{about['name']} ({about['kind']}, {about['signature']})"
    how = f"{url}/test" if settings["page"] else f"{url}/openapi.json"
    click.echo(f"{url} serves {clean(what)}; try it at {how}")
    if sys.stdout is not None:  # it was closed at the start
        sys.stdout.flush()
