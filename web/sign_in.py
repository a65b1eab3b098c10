"""
Signing in and out, and one's own password: plain forms behind the gate.

The forms carry a token bound to a cookie of their own (or to the session), and
the gate has checked the Origin before; no script, nothing from outside. A wrong
name and a wrong password get the same words after the same time. At most four
passwords are checked at once: each needs 64 MB.
"""

import asyncio
import hmac
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import parse_qs, urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from data.store.engine import Store
from errors import ForbiddenError, MedPatrolError
from web import sign_in_page
from web.first_start import Codes
from workflows import access, accounts, demo_accounts, wording
from workflows.access import Visitor
from workflows.accounts import Opened

Answer = TypeVar("Answer")
AT_ONCE = 4
LONGEST_FORM = 8192
FORM_COOKIE = "medpatrol_form"


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """
    What the forms need to know.

    Parameters
    ----------
    store
        Opens the store.
    cookie
        Name of the cookie that holds a session's secret.
    https
        Whether cookies are for https only.
    with_demo
        Whether marked accounts may be opened by one click.
    codes
        One-time codes of the first administrators.
    """

    store: Callable[[], Store]
    cookie: str
    https: bool = False
    with_demo: bool = False
    codes: Codes = field(default_factory=lambda: Codes(()))
    _key: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    _threads: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(AT_ONCE, thread_name_prefix="passwords")
    )

    async def in_turn(self, work: Callable[[], Answer]) -> Answer:
        """Do slow work on one of four threads."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    def token(self, bound_to: str) -> str:
        """Return the form token that belongs to a cookie or a session."""
        return hmac.new(self._key, bound_to.encode(), "sha256").hexdigest()


def routes(desk: Desk) -> list[BaseRoute]:
    """Return the routes of the forms."""

    async def sign_in(request: Request) -> Response:
        return await (_sign_in if request.method == "POST" else _form)(desk, request)

    async def sign_out(request: Request) -> Response:
        return await _sign_out(desk, request)

    async def password(request: Request) -> Response:
        return await (_password if request.method == "POST" else _password_form)(desk, request)

    return [
        Route("/sign-in", sign_in, methods=["GET", "POST"]),
        Route("/sign-out", sign_out, methods=["POST"]),
        Route("/password", password, methods=["GET", "POST"]),
        Route("/session", session, methods=["GET"]),
    ]


async def session(request: Request) -> Response:
    """Tell an open page that its session is alive; the gate answers 401 when it is not."""
    visitor: Visitor = request.state.visitor
    return JSONResponse({"user": visitor.account}, headers={"Cache-Control": "no-store"})


async def _form(
    desk: Desk, request: Request, error: MedPatrolError | None = None, status: int = 200
) -> Response:
    if request.state.visitor is not None and error is None:
        return RedirectResponse(_next(request.query_params.get("next")), status_code=303)
    bound = request.cookies.get(FORM_COOKIE) or secrets.token_urlsafe(16)
    listed = (
        await desk.in_turn(lambda: demo_accounts.listed(desk.store())) if desk.with_demo else []
    )
    page = sign_in_page.sign_in(
        language=_language(request),
        token=desk.token(bound),
        target=_next(request.query_params.get("next")),
        demo=listed,
        with_codes=bool(desk.codes),
        error=error,
    )
    response = Response(page, status_code=status, media_type="text/html; charset=utf-8")
    response.set_cookie(
        FORM_COOKIE, bound, httponly=True, samesite="strict", secure=desk.https, path="/sign-in"
    )
    return response


async def _sign_in(desk: Desk, request: Request) -> Response:
    given = await _fields(request)
    bound = request.cookies.get(FORM_COOKIE, "")
    if not bound or not hmac.compare_digest(desk.token(bound), given.get("form", "")):
        return await _form(desk, request, ForbiddenError("页面已过期，请再试一次"), 403)
    try:
        opened = await desk.in_turn(lambda: _opened(desk, given))
    except MedPatrolError as error:
        return await _form(desk, request, error, 403)
    if opened is None:
        return await _form(desk, request, ForbiddenError("账号或密码不对"), 401)
    visitor: Visitor | None = request.state.visitor
    if visitor is not None:
        await desk.in_turn(lambda: _ended(desk, visitor))
    return _go(desk, opened, _next(given.get("next")))


def _opened(desk: Desk, given: dict[str, str]) -> Opened | None:
    store, now = desk.store(), access.now()
    if "demo" in given:
        if not desk.with_demo:
            raise ForbiddenError("示例账号只在仅有示例城市的库中可用")
        return demo_accounts.sign_in(store, given["demo"], now=now)
    account, password = given.get("account", ""), given.get("password", "")
    if "code" in given:
        role = desk.codes.role_of(given["code"])
        if role is None:
            raise ForbiddenError("一次性代码不对，请看启动服务的终端")
        name = account.strip().lower()
        _check_repeated(password, given)
        accounts.create_first(
            store,
            name,
            role=role,
            display_name=given.get("display_name", ""),
            password=password,
            now=now,
        )
        desk.codes.use(role)
        return accounts.open_session(store, name, now=now)
    return accounts.sign_in(store, account, password, now=now)


async def _sign_out(desk: Desk, request: Request) -> Response:
    visitor: Visitor = request.state.visitor
    await desk.in_turn(lambda: _ended(desk, visitor))
    response = RedirectResponse("/sign-in", status_code=303)
    response.delete_cookie(
        desk.cookie, httponly=True, samesite="strict", secure=desk.https, path="/"
    )
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


async def _password_form(
    desk: Desk, request: Request, error: MedPatrolError | None = None, status: int = 200
) -> Response:
    visitor: Visitor = request.state.visitor
    page = sign_in_page.password(
        language=_language(request),
        token=desk.token(visitor.session_id),
        name=visitor.display_name,
        must_change=visitor.must_change,
        error=error,
    )
    return Response(page, status_code=status, media_type="text/html; charset=utf-8")


async def _password(desk: Desk, request: Request) -> Response:
    visitor: Visitor = request.state.visitor
    given = await _fields(request)
    if not hmac.compare_digest(desk.token(visitor.session_id), given.get("form", "")):
        return await _password_form(desk, request, ForbiddenError("页面已过期，请再试一次"), 403)
    try:
        opened = await desk.in_turn(lambda: _changed(desk, visitor, given))
    except MedPatrolError as error:
        return await _password_form(desk, request, error, 400)
    if opened is None:
        return await _password_form(desk, request, ForbiddenError("原密码不对"), 401)
    return _go(desk, opened, "/")


def _changed(desk: Desk, visitor: Visitor, given: dict[str, str]) -> Opened | None:
    new = given.get("password", "")
    _check_repeated(new, given)
    return accounts.change_password(
        desk.store(), visitor.account, old=given.get("old", ""), new=new, now=access.now()
    )


def _check_repeated(password: str, given: dict[str, str]) -> None:
    if password != given.get("again"):
        raise ForbiddenError("两次输入的密码不一致")


def _ended(desk: Desk, visitor: Visitor) -> None:
    accounts.sign_out(desk.store(), visitor.session_id, actor=visitor.account, now=access.now())


def _go(desk: Desk, opened: Opened, target: str) -> Response:
    response = RedirectResponse(target, status_code=303)
    response.set_cookie(
        desk.cookie, opened.token, httponly=True, samesite="strict", secure=desk.https, path="/"
    )
    return response


async def _fields(request: Request) -> dict[str, str]:
    """Return the fields of a small form; a field sent twice has none."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LONGEST_FORM:
            return {}
    found = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=20)
    return {name: values[0] for name, values in found.items() if len(values) == 1}


def _next(asked: str | None) -> str:
    """Return where to go after signing in: only ever a page of this server."""
    if not asked or not asked.startswith("/") or asked.startswith(("//", "/\\")):
        return "/"
    parts = urlsplit(asked)
    if parts.scheme or parts.netloc or any(ord(sign) < 32 for sign in asked):
        return "/"
    return "/" if parts.path in {"/sign-in", "/sign-out", "/password", "/session"} else asked


def _language(request: Request) -> str:
    asked = request.query_params.get("lang", "")
    if not asked:
        asked = parse_qs(urlsplit(request.query_params.get("next", "")).query).get("lang", [""])[0]
    if asked in wording.LANGUAGES:
        return asked
    wanted = request.headers.get("accept-language", "zh").strip().lower()
    return "en" if wanted.startswith("en") else "zh"
