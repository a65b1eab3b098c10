"""Chromium and a server of the product's own, for tests that look at the screen."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests import signing_in

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
QUIET = (
    "--no-sandbox", "--disable-quic", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-first-run",
)  # fmt: skip
LOOPBACK = {"localhost", "127.0.0.1", "[::1]", "::1"}


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start_server(command: list[str], *, port: int, log: Path) -> subprocess.Popen:
    """Start a server process and wait until it answers."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=log.parent, env=environment, stdout=output, stderr=output
        )
    for _ in range(300):
        with socket.socket() as probe:
            probe.settimeout(0.2)
            if probe.connect_ex(("127.0.0.1", port)) == 0 and b"http://" in log.read_bytes():
                return process
        if process.poll() is not None:
            break
        time.sleep(0.1)
    process.kill()
    raise RuntimeError(log.read_text("utf-8", errors="replace"))


def stop_server(process: subprocess.Popen) -> None:
    """End a server process, gently first."""
    process.terminate()
    try:
        process.wait(timeout=15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Chromium of this machine."""
    found = next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
    )
    assert found, "browser tests need Chromium: apt-get install chromium fonts-noto-cjk"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(QUIET))
        yield browser
        browser.close()


def _serve_page(page: str, folder: Path) -> Iterator[str]:
    port = free_port()
    command = [sys.executable, str(HERE / "map_server.py"), str(port), page]
    process = start_server(command, port=port, log=folder / "log")
    address = f"http://localhost:{port}"
    COOKIES.append({"name": f"medpatrol-{port}", "value": "anybody", "url": address})
    yield address
    stop_server(process)


@pytest.fixture(scope="session")
def map_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a server that shows the map with made-up layers."""
    yield from _serve_page("map_page.py", tmp_path_factory.mktemp("map_server"))


@pytest.fixture
def widgets_server(tmp_path: Path) -> Iterator[str]:
    """Address of a server that shows every kind of widget; its log is in ``tmp_path``."""
    yield from _serve_page("widgets_page.py", tmp_path)


COOKIES: list[dict[str, str]] = []
"""What signs every new browser window in at the servers that a test started."""


def let_in(address: str, store_url: str, account: str = "tester", **grants: object) -> None:
    """Sign the browser windows of this test in at a server; see ``signing_in.add_account``."""
    COOKIES.append(signing_in.cookie(address, store_url, account, **grants))


class Visit:
    """A page with a record of what it asked for and what went wrong."""

    def __init__(self, context: BrowserContext) -> None:
        self.context = context
        self.page: Page = context.new_page()
        self.foreign: list[str] = []
        self.errors: list[str] = []
        context.on("request", self._note_request)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", self._note_console)

    def _note_request(self, request: object) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in {"data", "blob", "about"} and parts.hostname not in LOOPBACK:
            self.foreign.append(request.url)

    def _note_console(self, message: object) -> None:
        if message.type == "error":
            self.errors.append(message.text)


@pytest.fixture
def visit(chromium: Browser) -> Iterator[Callable[..., Visit]]:
    """Return a function that opens a fresh browser window."""
    contexts: list[BrowserContext] = []

    def open_window(*, signed_in: bool = True, **options: object) -> Visit:
        settings = {"viewport": {"width": 1440, "height": 900}, "locale": "zh-CN", **options}
        contexts.append(chromium.new_context(**settings))
        if signed_in:
            contexts[-1].add_cookies(COOKIES)
        return Visit(contexts[-1])

    yield open_window
    for context in contexts:
        context.close()
    COOKIES[:] = [cookie for cookie in COOKIES if cookie["value"] == "anybody"]
