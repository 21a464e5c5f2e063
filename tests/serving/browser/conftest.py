"""The Test page in a real Chromium, over real servers. Each page is watched: what it asks for, what it complains of."""

from __future__ import annotations

import os
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
CHROMIUM = os.environ.get("FITPRINT_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
AXE = Path(os.environ.get("FITPRINT_AXE") or ROOT / "build/axe/node_modules/axe-core/axe.min.js")


@pytest.fixture(scope="session")
def browser(starts_processes: None) -> Iterator[Any]:
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("there is no Chromium here (on Debian: apt-get install chromium)")
    with sync_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


class Watched:
    """A page of the browser, with what it has asked for and complained of."""

    def __init__(self, page: Any, address: str) -> None:
        self.page, self.address = page, address
        self.foreign: list[str] = []
        self.complaints: list[str] = []
        page.on("request", lambda request: self._asked(request.url))
        page.on("console", lambda message: self._complained(message.type, message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", lambda dialog: self._dialog(dialog))

    def _asked(self, url: str) -> None:
        if not url.startswith((self.address, "data:")):
            self.foreign.append(url)

    def _complained(self, kind: str, text: str) -> None:
        # Chromium itself writes a line for each answer that is a refusal
        if kind in ("error", "warning") and not text.startswith("Failed to load resource"):
            self.complaints.append(text)

    def _dialog(self, dialog: Any) -> None:
        self.complaints.append(f"a dialog: {dialog.message}")
        dialog.dismiss()

    def predict(self) -> None:
        """Press the button, and wait until there is an answer."""
        self.page.get_by_role("button", name="Predict").click()
        self.page.locator("#go:not([aria-disabled])").wait_for()
        self.page.locator("#status", has_text="in ").wait_for()

    def table(self) -> list[list[str]]:
        """The rows of the answer's table, without its head."""
        return [row.locator("td").all_inner_texts() for row in self.page.locator("#answer tbody tr").all()]

    def choose(self, text: str) -> None:
        """Choose one of the buttons of which one is on."""
        self.page.locator(".choice label", has_text=text).click()


@pytest.fixture
def open_page(browser: Any) -> Iterator[Callable[..., Watched]]:
    """Opens the Test page of a server. In the end, no page may have asked another host, or complained."""
    contexts, opened = [], []

    def open_it(address: str, path: str = "/test", **options: Any) -> Watched:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
        context.set_default_timeout(20_000)
        contexts.append(context)
        watched = Watched(context.new_page(), address)
        opened.append(watched)
        watched.page.goto(address + path)
        return watched

    yield open_it
    for context in contexts:
        context.close()
    assert [watched.foreign for watched in opened if watched.foreign] == []
    assert [watched.complaints for watched in opened if watched.complaints] == []


@contextmanager
def running(app: Any) -> Iterator[str]:
    """Runs an ASGI app in a thread, on a port of this machine that is free."""
    import uvicorn

    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        server = uvicorn.Server(uvicorn.Config(app, log_config=None))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture(scope="session")
def running_app() -> Callable[[Any], Any]:
    return running


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core, which looks for what keeps people from using a page."""
    if not AXE.exists():
        pytest.skip(f"axe-core is not at {AXE} (make test-serving gets it from npm)")
    return AXE.read_text("utf-8")
