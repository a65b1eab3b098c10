"""The audit log as a file for the auditor."""

from datetime import date
from typing import Protocol

from starlette.requests import Request
from starlette.responses import Response

from data.scope import Scope
from data.store.engine import Store
from workflows import access, audit_log
from workflows.audit_log import LogFilter


class HasStore(Protocol):
    """What the routes read from."""

    @property
    def store(self) -> Store:
        """The store."""


def audit_csv(source: HasStore, request: Request, scope: Scope) -> Response:
    """Answer with the filtered log as CSV."""
    asked = request.query_params
    wanted = LogFilter(
        actor=asked.get("actor", ""),
        action=asked.get("action", ""),
        object_id=asked.get("object_id", ""),
        since=_day(asked.get("since")),
        until=_day(asked.get("until")),
        only_reveals=asked.get("reveals") == "1",
    )
    content = audit_log.to_csv(source.store, wanted, actor=scope.user, now=access.now())
    headers = {"Content-Disposition": 'attachment; filename="medpatrol-audit.csv"'}
    return Response(content, media_type="text/csv; charset=utf-8", headers=headers)


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
