"""A package behind HTTP: `app_of` makes the ASGI app that `fitprint serve` runs, for any ASGI server.

A request goes through layers, each of which is usable without the next: `decode` turns bytes into data and params, by
the protocol and the signature; `score` lets the model predict, one request or several together; `encode` turns
predictions into bytes; `app` has the routes, the limits and the security. The command is in `fitprint.cli.serve`.
"""

from typing import TYPE_CHECKING, Any

from fitprint._core.lazy import late
from fitprint.serving.extra import missing

if TYPE_CHECKING:
    from fitprint.serving.app import app_of

__all__ = ["app_of"]

if not TYPE_CHECKING:  # to a type checker, a name that is not above is an error

    def __getattr__(name: str) -> Any:
        if name == "app_of" and (told := missing()) is not None:
            raise ImportError(told)
        return late(__name__, name, {"fitprint.serving.app": ("app_of",)})
