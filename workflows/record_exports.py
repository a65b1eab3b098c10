"""The list of cases as a workbook: the same rows as on the screen, no names of persons."""

import io
from datetime import date, datetime

import pandas as pd
import xlsxwriter

from data.scope import Scope
from data.store import record_pages
from data.store.engine import Store
from workflows import access, case_reading
from workflows.case_reading import CaseFilter
from workflows.record_params import RecordParams
from workflows.wording import label, translator


def cases_workbook(
    store: Store,
    wanted: CaseFilter,
    *,
    scope: Scope,
    actor: str,
    as_of: datetime,
    today: date,
    params: RecordParams,
    language: str,
) -> bytes:
    """
    Return every case of the filter as an Excel workbook.

    Raises
    ------
    ForbiddenError
        If the actor may not export.
    """
    access.require(store, actor, "export")
    rows = record_pages.cases(store, wanted, scope=scope, as_of=as_of, limit=None).rows
    target = io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    _ = translator(language)
    header = (
        _("案件编号"),
        _("立案日期"),
        _("案由"),
        _("机构编号"),
        _("地点"),
        _("阶段"),
        _("决定时限"),
        _("处罚决定日期"),
        _("罚款，元"),
        _("没收，元"),
        _("捣毁窝点"),
        _("移送单位"),
        _("结案日期"),
        _("线索编号"),
        _("人员编号"),
    )
    with xlsxwriter.Workbook(target, options) as book:
        sheet = book.add_worksheet(_("案件"))
        bold = book.add_format({"bold": True})
        for column, title in enumerate(header):
            sheet.write_string(0, column, title, bold)
        sheet.freeze_panes(1, 1)
        sheet.set_column(0, len(header) - 1, 14)
        for number, row in enumerate(rows.to_dict("records"), 1):
            clock = case_reading.clock_of(row, params, today=today)
            name = row["facility_name"] if isinstance(row["facility_name"], str) else None
            cells = (
                row["case_id"],
                _day(row["opened_on"]),
                label("topic", row["topic"], language),
                row["facility_id"],
                name or row["site_text"],
                label("stage", row["stage"], language),
                None if clock is None else clock.due_on.isoformat(),
                _day(row["decided_on"]),
                row["fine_yuan"],
                row["confiscated_yuan"],
                row["den_destroyed"],
                row["transferred_to"],
                _day(row["closed_on"]),
                row["complaint_id"],
                row["person_id"],
            )  # fmt: skip
            for column, value in enumerate(cells):
                if isinstance(value, float) and not pd.isna(value):
                    sheet.write_number(number, column, value)
                elif isinstance(value, str):
                    sheet.write_string(number, column, value)
    return target.getvalue()


def _day(value: object) -> str | None:
    return None if value is None or pd.isna(value) else str(pd.Timestamp(str(value)).date())
