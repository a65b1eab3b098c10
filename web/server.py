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
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from errors import MedPatrolError, SettingsError
from ui import theme
from web.doorman import Doorman, StoreDoorman
from web.first_start import Codes
from web.gate import COOKIE, TRUSTED_HEADERS, Gate
from workflows import access, accounts, demo_accounts
from workflows.access_settings import AccessSettings
from workflows.settings import read_settings

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
    with_demo: bool = False,
    codes: Codes | None = None,
    script: Path = SCRIPT,
    more_routes: Sequence["BaseRoute"] = (),
    doorman: Doorman | None = None,
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
    with_demo
        Whether the marked demo accounts may be opened by one click.
    codes
        One-time codes of the first administrators.
    script
        Streamlit script to serve; tests bring their own.
    more_routes
        Routes asked before the product's own.
    doorman
        Who knows who is signed in; none: the store.
    """
    import streamlit as st
    from starlette.middleware import Middleware
    from streamlit.runtime.pages_manager import PagesManager

    from web import anchoring, failures, routes, sign_in, worker

    failures.silence_streamlit()
    # Else Streamlit takes the folder pages/ for its own way of listing pages, and the
    # first visitor after a start who opens a deep link gets that page without its frame.
    PagesManager.uses_pages_directory = False
    url = access.store_in_use(store_url)
    os.environ[access.STORE_VARIABLE] = url
    limits = read_settings().access
    # cookies know no ports: two servers on one machine must not sign each other out
    cookie = f"__Host-{COOKIE}" if limits.https else f"{COOKIE}-{port}"
    asked = StoreDoorman(url, limits)
    desk = sign_in.Desk(
        store=asked.store,
        cookie=cookie,
        https=limits.https,
        with_demo=with_demo,
        codes=codes or Codes(()),
    )
    gate = Middleware(
        Gate,
        hosts=_host_names(port, limits),
        doorman=doorman or asked,
        cookie=cookie,
        https=limits.https,
    )

    @contextlib.asynccontextmanager
    async def lifespan(_app: object) -> AsyncIterator[None]:
        asyncio.get_running_loop().run_in_executor(None, warm_up, url)
        async with contextlib.AsyncExitStack() as running:
            await running.enter_async_context(
                anchoring.kept_anchored(asked.store, limits.anchor_file)
            )
            if with_worker:
                await running.enter_async_context(worker.kept_running(worker.worker_command(url)))
            yield

    return st.App(
        script,
        routes=[*more_routes, *sign_in.routes(desk), *routes.routes(url)],
        middleware=[gate],
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
    with_demo: bool = False,
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
        Address to listen on; loopback only, until both first administrators have
        accounts and the settings name the hosts under which others reach the server.
    announce
        Called once with the line that says where the dashboard is.
    with_worker
        Whether to keep a worker process running beside the server.
    with_demo
        Whether to fill in the marked demo accounts and open them by one click; only on
        loopback, and only while the store holds nothing but the made-up city.

    Raises
    ------
    SettingsError
        If the host is not loopback, the port is taken, or a Streamlit option
        that protects the data is not what it must be.
    """
    settings = read_settings()
    if host not in LOOPBACK:
        _check_open_host(store_url, host, settings.access, with_demo=with_demo)
    with listen(host, port) as listener:
        port = listener.getsockname()[1]
        configure(port, settings.access)
        codes = _prepare_accounts(store_url, with_demo=with_demo)
        app = make_app(
            store_url, port=port, with_worker=with_worker, with_demo=with_demo, codes=codes
        )
        run(app, listener, announce=announce, more_lines=codes.lines())


def _check_open_host(
    store_url: str | None, host: str, limits: AccessSettings, *, with_demo: bool
) -> None:
    """Raise ``SettingsError`` unless this server may be reached from other machines."""
    if with_demo:
        raise SettingsError("示例城市只能在本机开放（127.0.0.1），不能使用 {host}", host=host)
    store = None if store_url == "sqlite://" else access.opened(access.store_in_use(store_url))
    if store is None or accounts.missing_first_roles(store):
        raise SettingsError(
            "在建立账号之前，服务只能在本机开放（127.0.0.1），不能使用 {host}", host=host
        )
    if not limits.hosts:
        raise SettingsError("请先在设置 access.hosts 中写明其他电脑访问本服务所用的主机名")


def _prepare_accounts(store_url: str | None, *, with_demo: bool) -> Codes:
    """Fill in demo accounts where they are wanted; return codes for missing administrators."""
    store = access.opened(access.store_in_use(store_url))
    if with_demo:
        demo_accounts.fill(store, now=access.now())
        if demo_accounts.listed(store):
            return Codes(())
    return Codes(accounts.missing_first_roles(store))


def warm_up(store_url: str) -> None:
    """Import what the first page needs and open the store, so that its visitor does not wait."""
    try:
        from ui import cached  # noqa: F401

        access.opened(store_url)
    except MedPatrolError as error:
        # the page that needs the store says it to a person
        log.warning("store not opened at start: %s", type(error).__name__)


def configure(port: int, limits: AccessSettings | None = None) -> None:
    """
    Set every Streamlit option of this product and check that it took effect.

    Raises
    ------
    SettingsError
        If an option reads differently from what was set.
    """
    from streamlit.web import bootstrap

    options = {**theme.streamlit_options(), "server.address": "127.0.0.1", "server.port": port}
    more = _protecting(limits or AccessSettings())
    bootstrap.load_config_options({**options, **more})
    check_options(more)


def _protecting(limits: AccessSettings) -> dict[str, object]:
    """Return the options that depend on who may reach this server."""
    names = [urlsplit(f"//{host}").hostname or host for host in limits.hosts]
    known = theme.streamlit_options()["server.allowedHosts"]
    return {
        "server.allowedHosts": [*(known if isinstance(known, list) else []), *names],
        "server.trustedUserHeaders": dict(TRUSTED_HEADERS),
    }


def check_options(more: Mapping[str, object] | None = None) -> None:
    """Raise ``SettingsError`` if an option that protects the data reads differently."""
    from streamlit import config

    wanted = {**REQUIRED_OPTIONS, **(more or _protecting(AccessSettings()))}
    for name, value in wanted.items():
        if config.get_option(name) != value:
            raise SettingsError(
                "服务选项 {option} 应为 {expected}，实为 {got}，未启动",
                option=name,
                expected=str(value),
                got=str(config.get_option(name)),
            )


def _host_names(port: int, limits: AccessSettings) -> tuple[str, ...]:
    more = (
        [host, f"{host}:{port}"] if urlsplit(f"//{host}").port is None else [host]
        for host in limits.hosts
    )
    return (f"localhost:{port}", f"127.0.0.1:{port}", f"[::1]:{port}", *chain(*more))


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


def run(
    app: "App",
    listener: socket.socket,
    *,
    announce: Callable[[str], None],
    more_lines: Sequence[str] = (),
) -> None:
    """Serve ``app`` on an open socket until told to stop; ``announce`` gets the address."""
    import uvicorn

    port = listener.getsockname()[1]

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets=sockets)
            for line in (f"MedPatrol 医巡: http://localhost:{port}", *more_lines):
                announce(line)

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
