"""`fitprint serve --check`: a server on a free port, every example sent to it, and a table of the answers."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from fitprint.cli.render import Columns, Page, styled
from fitprint.cli.serve_place import HOST

_MADE = (
    "The package has no input example, so a row was made from its signature, whose values the model may not know. "
    "Save the model with input_example=..., and its rows are sent instead."
)


def check_all(start: dict[str, Any], settings: dict[str, Any], supervise: Callable[..., None]) -> int:
    """Serve on a free port of this machine, send every example, print what was answered, and return the exit status."""
    from fitprint.serving.check import Sent, check
    from fitprint.serving.sockets import listen, url_of

    sent: list[Sent] = []
    served: dict[str, Any] = {}

    def send_all(supervisor: Any, about: dict[str, Any]) -> None:
        served.update(about)

        def send() -> None:
            try:
                sent.extend(check(url, settings["token"]))
            finally:
                supervisor.stop()

        threading.Thread(target=send, daemon=True).start()

    with listen(HOST, 0) as listening:
        url = url_of(listening)
        supervise(listening, start, HOST, 1, send_all)
    return _print(sent, bool(served.get("has_own_example")))


def _print(answered: list[Any], has_own_example: bool) -> int:
    bad = [sent for sent in answered if sent.status != 200 or sent.reason]
    page = Page()
    rows = [
        (
            sent.protocol,
            f"{sent.method} {sent.path}",
            sent.what,
            styled(sent.status or "none", "red" if sent in bad else "green"),
            sent.reason,
        )
        for sent in answered
    ]
    page.table(rows, Columns(("client", "route", "example", "status", "answer"), folds=True))
    page.line()
    if not answered:
        page.line(("nothing was sent", "bold red"))
    elif not any(sent.predicts for sent in answered):
        page.line(("nothing was predicted: the package has neither an input example nor a signature", "bold red"))
    elif bad:
        page.line((f"{len(bad)} of {len(answered)} requests were not answered as they should be", "bold red"))
    else:
        page.line((f"all {len(answered)} requests were answered", "bold green"))
    if not has_own_example and any(sent.predicts and sent.status >= 500 for sent in bad):
        page.line((_MADE, ""))
    page.print()
    return 1 if bad or not any(sent.predicts for sent in answered) else 0
