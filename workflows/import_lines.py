"""An import report as lines of a terminal."""

from collections.abc import Iterator
from pathlib import Path

from data.importers import problems
from data.importers.report import ImportReport
from workflows.wording import say, translator

REFUSED_SHOWN = 20


def report_lines(report: ImportReport, language: str) -> Iterator[str]:
    """Say what became of each file, with the first refused rows of each."""
    _ = translator(language)
    for file in report.files:
        name = Path(file.path).name
        if file.error is not None:
            yield say(file.error, language)
            if file.error.template == problems.SENTENCES["columns"]:
                yield "  " + _("请用 --mapping 指明各列在文件中的名称")
            continue
        counts = _(
            "读取 {a} 行：采用 {b}，更新 {c}，拒绝 {d}",
            a=file.rows,
            b=file.taken,
            c=file.updated,
            d=len(file.refused),
        )
        yield f"{name} → {file.kind}: {counts}"
        yield from (f"  {say(note, language)}" for note in file.notes)
        if file.ignored_columns:
            yield "  " + _("未采用的列：{columns}", columns=", ".join(file.ignored_columns))
        for refused in file.refused[:REFUSED_SHOWN]:
            where = _(
                "第 {row} 行，{column}：{value}",
                row=refused.row,
                column=refused.column or "—",
                value=refused.value or "—",
            )
            yield f"  {where}  {say(refused.reason, language)}"
        if len(file.refused) > REFUSED_SHOWN:
            yield "  " + _("另有 {n} 行被拒绝，见 --report", n=len(file.refused) - REFUSED_SHOWN)
    if report.ignored:
        yield _("不是数据文件，未读取：{files}", files=", ".join(report.ignored))
