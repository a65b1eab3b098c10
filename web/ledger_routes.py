"""Addresses of the ledger: its points on a map, and its rows as a workbook."""

import functools
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from data.schema import TIME_ZONE
from data.scope import Scope
from workflows import ledger_views, map_layers
from workflows.clocks import Clocks
from workflows.ledger import Book
from workflows.settings import read_settings

Answer = Callable[[Any, Request, Scope], Response]
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def answers(send: Callable[..., Response]) -> tuple[tuple[str, Answer], ...]:
    """
    Return the addresses and what answers them.

    ``send`` packs a payload with its ETag: ``web.routes`` gives its own.
    """
    return (
        ("/data/leads.json", functools.partial(points, send)),
        ("/download/leads.xlsx", workbook),
    )


def points(send: Callable[..., Response], source: Any, request: Request, scope: Scope) -> Response:
    """Answer with the leads that a filter shows, counted on squares of about 500 m."""
    codes = ledger_views.codes_of(str(request.query_params))
    today = _now().replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    make = functools.partial(_points, source.store, codes, scope=scope, now=today)
    question = ("leads", ledger_views.query_of(codes), today)
    return send(source, request, scope, question, make)


def workbook(source: Any, request: Request, scope: Scope) -> Response:
    """Answer with the leads that a filter shows as a workbook; noted before it leaves."""
    from workflows import ledger_export

    now = _now()
    _up_to_date(source.store, now)
    content = ledger_export.workbook(
        source.store,
        ledger_views.codes_of(str(request.query_params)),
        language="en" if request.query_params.get("lang") == "en" else "zh",
        actor=request.state.access.user,
        scope=scope,
        now=now,
    )
    headers = {"Content-Disposition": f'attachment; filename="leads-{now:%Y%m%d}.xlsx"'}
    return Response(content, media_type=XLSX, headers=headers)


def _up_to_date(store: Any, now: datetime) -> None:
    """Bring the ledger in step with the store: an address may be asked before any page."""
    settings = read_settings()
    Book(store, Clocks(settings.ledger), settings.links).sync(now)


def _points(store: Any, codes: Any, *, scope: Scope, now: datetime) -> map_layers.Payload:
    _up_to_date(store, _now())
    return map_layers.leads_layer(ledger_views.places(store, codes, scope=scope, now=now))


def _now() -> datetime:
    return datetime.now(TIME_ZONE)
