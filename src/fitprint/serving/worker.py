"""A process that serves a package, below the supervisor. Its standard output is a channel of messages to it."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
import signal
import socket
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvicorn

from fitprint._console.logger import set_up_logger
from fitprint._core import privacy
from fitprint._core.guard import attempt, describe
from fitprint._settings.layers import current
from fitprint.models import mlmodel
from fitprint.models.errors import PackageError
from fitprint.serving.sockets import BACKLOG, taken_over
from fitprint.serving.supervisor import DRAINS
from fitprint.serving.writing import OneWriteProtocol

if TYPE_CHECKING:
    from starlette.applications import Starlette

KEEP_ALIVE = 75
"""Seconds for which an idle connection is kept: longer than load balancers do, which would else meet a closed one."""
_LOOKS_EVERY = 0.25


def main(start: dict[str, Any]) -> None:
    """Serve until standard input is closed, or a signal comes.

    Args:
        start: The ``package`` with ``trust`` and ``digest``, the ``options`` of the app, the ``socket``, and whether it
            ``tells_differences`` of the environment.
    """
    gc.disable()  # a tenth of the time until it is ready would go into looking for garbage among what was imported
    channel = _Channel()
    set_up_logger()
    privacy.use(current().redactor())
    loaded, app = attempt(_app, start, channel)
    if not loaded:
        expected = isinstance(app, (PackageError, OSError, ValueError, ImportError))
        channel.send({"failed": str(app) if expected else f"{start['package']} cannot be loaded: {describe(app)}"})
        sys.exit(1)
    gc.collect()
    gc.freeze()  # what is loaded now stays, and need not be looked at in each collection
    gc.enable()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)  # uvicorn raises what it was stopped by again when it has ended
    config = uvicorn.Config(
        app,
        http=OneWriteProtocol,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws="none",
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=int(DRAINS),
    )
    server = _Server(config, app, channel)
    server.run(sockets=[taken_over(start["socket"])])
    if app.state.serving.scorer.abandoned:
        sys.stderr.flush()
        os._exit(0)  # the interpreter would wait for the threads that do not end


def _app(start: dict[str, Any], channel: _Channel) -> Starlette:
    from fitprint.serving.app import app_of
    from fitprint.serving.differing import differences_told

    folder = Path(start["package"])
    if start["tells_differences"] and (told := differences_told(folder, mlmodel.read(folder))):
        channel.send({"differences": told})
    options = {name: tuple(value) if isinstance(value, list) else value for name, value in start["options"].items()}
    return app_of(start["package"], trust=start["trust"], digest=start["digest"], **options)


class _Server(uvicorn.Server):
    """A server that tells the supervisor how it is.

    Args:
        config: How it serves.
        app: The app.
        channel: The supervisor.
    """

    def __init__(self, config: uvicorn.Config, app: Starlette, channel: _Channel) -> None:
        super().__init__(config)
        self._app, self._channel = app, channel

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until the end."""
        self._channel.on_end(asyncio.get_running_loop(), self)
        telling = asyncio.create_task(self._tell())
        await super().serve(sockets)
        telling.cancel()

    async def _tell(self) -> None:
        serving = self._app.state.serving
        while not self.started:
            await asyncio.sleep(0.01)
        self._channel.send({"ready": _about(self._app)})
        while serving.is_well:
            await asyncio.sleep(_LOOKS_EVERY)
        self._channel.send({"abandoned": serving.scorer.abandoned})


def _about(app: Starlette) -> dict[str, Any]:
    serving = app.state.serving
    model = serving.model
    return {
        "name": serving.name,
        "kind": f"{model.flavor} {model.class_name}",
        "signature": _signature(model),
        "has_own_example": model.example is not None and model.example.is_own,
    }


def _signature(model: Any) -> str:
    """Return the signature in a few words."""
    if model.signature is None or model.signature.inputs is None:
        return "no signature"
    inputs, outputs = model.signature.inputs, model.signature.outputs
    what = "tensor" if inputs.is_tensor_spec() else "column"
    text = f"{len(inputs)} {what}{'' if len(inputs) == 1 else 's'}"
    if outputs is None:
        return text
    if len(outputs) > 1:
        return f"{text} -> {len(outputs)} outputs"
    kind = outputs.inputs[0].type
    return f"{text} -> {getattr(kind, 'name', kind)}"  # numpy's own text for a type of texts is <U0


class _Channel:
    """The supervisor, as a worker sees it. What the package prints goes to standard error from now on."""

    def __init__(self) -> None:
        self._out = os.dup(1)
        os.dup2(2, 1)
        self._input = os.dup(0)
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115  for as long as the process lives
        self._lock = threading.Lock()
        self._stop: Any = None
        self._has_ended = False
        threading.Thread(target=self._watch, daemon=True).start()

    def send(self, message: dict[str, Any]) -> None:
        """Say something."""
        with contextlib.suppress(OSError):  # the supervisor is gone; `_watch` notices
            os.write(self._out, json.dumps(message).encode() + b"\n")

    def on_end(self, loop: asyncio.AbstractEventLoop, server: uvicorn.Server) -> None:
        """Let a server end when the supervisor wants it, or is gone."""

        def stop() -> None:
            server.should_exit = True

        with self._lock:
            self._stop = lambda: loop.call_soon_threadsafe(stop)
            if self._has_ended:
                stop()

    def _watch(self) -> None:
        with contextlib.suppress(OSError):
            while os.read(self._input, 1024):
                pass
        with self._lock:
            self._has_ended = True
            if self._stop is None:
                os._exit(0)  # nothing is served yet
            self._stop()
