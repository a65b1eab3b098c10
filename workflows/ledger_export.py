"""
The ledger as an Excel workbook: what the filter shows, never who reported it.

The audit entry is committed before a byte leaves. Texts are written as text, so that none
is taken for a formula; contents of undercover leads are left out.
"""

import io
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import xlsxwriter

from data import audit
from data.schema import TIME_ZONE
from data.scope import Scope
from data.store.engine import Store, to_seconds
from workflows import access, ledger_views, ledger_words
from workflows.wording import label, say, translator

MOST_ROWS = 100_000
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")
_LOGGED = ("show", "channel", "topic", "area", "from", "to", "sort")


def workbook(
    store: Store,
    codes: Mapping[str, str],
    *,
    language: str,
    actor: str,
    scope: Scope,
    now: datetime,
) -> bytes:
    """
    Return the leads that a filter shows, as a workbook.

    Raises
    ------
    ForbiddenError
        If the actor may not export.
    """
    access.require(store, actor, "export")
    lines, _ = ledger_views.page(store, codes, scope=scope, now=now, limit=MOST_ROWS)
    with store.write() as conn:
        audit.append(
            conn, at=to_seconds(now), actor=actor, action="leads.export",
            detail={"n_rows": len(lines), **{k: codes[k] for k in _LOGGED if codes.get(k)}},
        )  # fmt: skip
    _ = translator(language)
    target = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False,
               "strings_to_numbers": False}  # fmt: skip
    headers = [
        _("编号"), _("登记时间"), _("渠道"), _("类别"), _("地点"), _("区划代码"), _("摘要"),
        _("时限"), _("到期"), _("状态"), _("承办"), _("办结日期"), _("办理结果"), _("案件编号"),
    ]  # fmt: skip
    with xlsxwriter.Workbook(target, options) as book:
        bold = book.add_format({"bold": True, "bottom": 1})
        sheet = book.add_worksheet(re.sub(r"[\[\]:*?/\\]", " ", _("线索台账"))[:31])
        for column, (title, width) in enumerate(zip(headers, _WIDTHS, strict=True)):
            sheet.set_column(column, column, width)
            sheet.write_string(0, column, title, bold)
        sheet.freeze_panes(1, 1)
        for number, row in enumerate(lines.to_dict("records"), 1):
            for column, text in enumerate(_cells(row, language, now=to_seconds(now))):
                sheet.write_string(number, column, _CONTROL.sub(" ", text)[:32_000])
    return target.getvalue()


_WIDTHS = (18, 17, 12, 14, 30, 14, 48, 18, 17, 10, 16, 12, 12, 18)


def _cells(row: Mapping[str, Any], language: str, *, now: int) -> list[str]:
    _ = translator(language)
    sealed = bool(row["is_sealed"])
    clock = ledger_words.clock(row, now=now)
    return [
        str(row["complaint_id"]),
        _moment(row["received_at"]),
        _named("channel", row["channel"], language),
        _named("topic", row["topic"], language),
        _("（仅限名单可见）") if sealed else _text(row["site_text"]),
        _text(row["area_code"]),
        _("暗访件，内容密封") if sealed else _text(row["summary"]),
        "" if clock is None else say(clock, language),
        _moment(row["due_at"]),
        _named("status", row["status"], language),
        _text(row["owner"]),
        _text(row["closed_on"]),
        _named("outcome", row["outcome"], language),
        _text(row["case_id"]),
    ]


def _moment(seconds: Any) -> str:
    if seconds is None or seconds != seconds:
        return ""
    return datetime.fromtimestamp(int(seconds), TIME_ZONE).strftime("%Y-%m-%d %H:%M")


def _named(vocabulary: str, code: Any, language: str) -> str:
    return label(vocabulary, code, language) if isinstance(code, str) and code else ""


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
