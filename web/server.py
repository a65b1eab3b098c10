"""
Start the dashboard: one process with the pages, the data routes and the gate.

Everything Streamlit needs to know is set here, in code, so that it makes no
difference in which folder the server is started.
"""

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from errors import MedPatrolError, SettingsError
from ui import theme
from web.gate import IDENTITY_HEADER, Gate
from workflows import access

if TYPE_CHECKING:
    from starlette.routing import BaseRoute
    from streamlit.web.server.starlette.starlette_app import App

log = logging.getLogger(__name__)

DEFAULT_PORT = 8501
LOOPBACK = ("127.0.0.1", "localhost", "::1")
SCRIPT = Path(__file__).resolve().parent.parent / "app.py"

REQUIRED_OPTIONS: Mapping[str, object] = {
    name: value
    for name, value in theme.streamlit_options().items()
    if name.startswith(("browser.", "client.", "server."))
}
"""What the start-up check insists on: a file in somebody's home folder can't undo it."""


def make_app(
    store_url: str | None = None,
    *,
    port: int = DEFAULT_PORT,
    with_worker: bool = True,
    script: Path = SCRIPT,
    more_routes: Sequence["BaseRoute"] = (),
) -> "App":
    """
    Build the ASGI app: gate, own routes, Streamlit pages and, if wanted, the worker.

    Parameters
    ----------
    store_url
        Store to serve; pages read it from the environment, where it is put.
    port
        Port the server listens on, part of the host names the gate accepts.
    with_worker
        Whether to keep a worker process running beside the server.
    script
        Streamlit script to serve; tests bring their own.
    more_routes
        Routes asked before the product's own.
    """
    import streamlit as st
    from starlette.middleware import Middleware
    from streamlit.runtime.pages_manager import PagesManager

    from web import failures, routes, worker

    failures.silence_streamlit()
    # Else Streamlit takes the folder pages/ for its own way of listing pages, and the
    # first visitor after a start who opens a deep link gets that page without its frame.
    PagesManager.uses_pages_directory = False
    url = access.store_in_use(store_url)
    os.environ[access.STORE_VARIABLE] = url

    @contextlib.asynccontextmanager
    async def lifespan(_app: object) -> AsyncIterator[None]:
        asyncio.get_running_loop().run_in_executor(None, warm_up, url)
        if not with_worker:
            yield
            return
        async with worker.kept_running(worker.worker_command(url)):
            yield

    return st.App(
        script,
        routes=[*more_routes, *routes.routes(url)],
        middleware=[Middleware(Gate, hosts=_host_names(port))],
        lifespan=lifespan,
        on_script_error=failures.show,
    )


def serve(
    store_url: str | None = None,
    port: int = DEFAULT_PORT,
    host: str = "127.0.0.1",
    *,
    announce: Callable[[str], None] = print,
    with_worker: bool = True,
) -> None:
    """
    Run the dashboard until it is told to stop.

    Parameters
    ----------
    store_url
        Store to serve; ``None`` means the environment's or the default one.
    port
        Port to listen on, 0 for any free one.
    host
        Address to listen on; loopback only, until there are accounts.
    announce
        Called once with the line that says where the dashboard is.
    with_worker
        Whether to keep a worker process running beside the server.

    Raises
    ------
    SettingsError
        If the host is not loopback, the port is taken, or a Streamlit option
        that protects the data is not what it must be.
    """
    if host not in LOOPBACK:
        raise SettingsError(
            "在建立账号之前，服务只能在本机开放（127.0.0.1），不能使用 {host}", host=host
        )
    with listen(host, port) as listener:
        port = listener.getsockname()[1]
        configure(port)
        run(make_app(store_url, port=port, with_worker=with_worker), listener, announce=announce)


def warm_up(store_url: str) -> None:
    """Import what the first page needs and open the store, so that its visitor does not wait."""
    try:
        from ui import cached  # noqa: F401

        access.opened(store_url)
    except MedPatrolError as error:
        # the page that needs the store says it to a person
        log.warning("store not opened at start: %s", type(error).__name__)


def configure(port: int) -> None:
    """
    Set every Streamlit option of this product and check that it took effect.

    Raises
    ------
    SettingsError
        If an option reads differently from what was set.
    """
    from streamlit.web import bootstrap

    options = {**theme.streamlit_options(), "server.address": "127.0.0.1", "server.port": port}
    options["server.trustedUserHeaders"] = {IDENTITY_HEADER: "user"}
    bootstrap.load_config_options(options)
    check_options()


def check_options() -> None:
    """Raise ``SettingsError`` if an option that protects the data reads differently."""
    from streamlit import config

    wanted = {**REQUIRED_OPTIONS, "server.trustedUserHeaders": {IDENTITY_HEADER: "user"}}
    for name, value in wanted.items():
        if config.get_option(name) != value:
            raise SettingsError(
                "服务选项 {option} 应为 {expected}，实为 {got}，未启动",
                option=name,
                expected=str(value),
                got=str(config.get_option(name)),
            )


def _host_names(port: int) -> tuple[str, ...]:
    return (f"localhost:{port}", f"127.0.0.1:{port}", f"[::1]:{port}")


def listen(host: str, port: int) -> socket.socket:
    """Return a socket listening on ``host``; ``SettingsError`` if the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise SettingsError("端口 {port} 已被占用，请用 --port 另选一个", port=port) from error
    listener.listen(socket.SOMAXCONN)
    return listener


def run(app: "App", listener: socket.socket, *, announce: Callable[[str], None]) -> None:
    """Serve ``app`` on an open socket until told to stop; ``announce`` gets the address."""
    import uvicorn

    port = listener.getsockname()[1]

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets=sockets)
            announce(f"MedPatrol 医巡: http://localhost:{port}")

    settings: dict[str, Any] = {
        "access_log": False,
        "log_level": "warning",
        "server_header": False,
        "timeout_graceful_shutdown": 5,
        "ws": "websockets-sansio",
        "ws_max_size": 2**25,
        "ws_ping_interval": 30,
        "ws_ping_timeout": 30,
    }
    Server(uvicorn.Config(app, **settings)).run(sockets=[listener])
