"""
The plan as files: JSON, a workbook of route sheets, GPX tracks.

Nothing here is about a complainant: a visit holds none of it. Text is written
as text, never as a formula or a link, whatever it begins with.
"""

import io
import json
import re
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import gpxpy.gpx
import xlsxwriter

from data.records import LeftOut, Plan, Route, Stop, Team, Visit
from data.schema import TIME_ZONE
from data.store.plans import plan_to_json
from workflows import estimated_legs
from workflows.rule_check import RuleReport
from workflows.wording import label, say, translator

DAY_NAMES = ("周一", "周二", "周三", "周四", "周五", "周六", "周日")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def clock(seconds: int) -> str:
    """Return seconds from midnight as ``HH:MM``."""
    return f"{seconds // 3600:02d}:{seconds % 3600 // 60:02d}"


def place_of(visit: Visit, language: str) -> str:
    """Return what a route sheet calls the place of a visit."""
    _ = translator(language)
    if visit.kind == "sweep":
        return _("{place} 网格 {cell}", place=visit.place_name, cell=visit.cell_id or "").strip()
    return visit.place_name or visit.address or visit.visit_id


def day_title(plan: Plan, day: int, language: str) -> str:
    """Return weekday and date of a day of the plan."""
    on = plan.week_start + timedelta(days=day)
    return f"{translator(language)(DAY_NAMES[day])} {on:%m-%d}"


def write_plan(
    plan: Plan, folder: Path, *, language: str, report: RuleReport | None = None
) -> list[Path]:
    """Write ``plan.json``, the workbook and one GPX file per team into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    written = {
        "plan.json": json.dumps(plan_to_json(plan), ensure_ascii=False, indent=1).encode(),
        "route_sheets.xlsx": workbook(plan, language=language, report=report),
        **{
            f"route_{team.team_id}.gpx": gpx(plan, team_id=team.team_id, language=language)
            for team in plan.teams
        },
    }
    paths = []
    for name, content in written.items():
        path = folder / name
        path.write_bytes(content)
        paths.append(path)
    return paths


def gpx(plan: Plan, *, language: str, team_id: str | None = None) -> bytes:
    """Return the routes of a plan, or of one of its teams, as GPX 1.1 (WGS-84)."""
    document = gpxpy.gpx.GPX()
    document.creator = "MedPatrol"
    document.name = f"MedPatrol {plan.week_start.isoformat()}"
    bases = {team.team_id: team for team in plan.teams}
    for route in plan.routes:
        if not route.stops or (team_id is not None and route.team_id != team_id):
            continue
        team = bases[route.team_id]
        track = gpxpy.gpx.GPXRoute(name=f"{route.team_id} {day_title(plan, route.day, language)}")
        base = gpxpy.gpx.GPXRoutePoint(
            team.base_lat, team.base_lon, name=translator(language)("驻地")
        )
        track.points.append(base)
        said = translator(language)("路途为直线推算")
        for number, stop in enumerate(route.stops, 1):
            point = gpxpy.gpx.GPXRoutePoint(
                stop.visit.lat,
                stop.visit.lon,
                name=f"{number} {clock(stop.start_s)} {_clean(place_of(stop.visit, language))}",
            )
            if estimated_legs.is_estimate(plan, route, number - 1):
                point.description = said
            track.points.append(point)
        home = gpxpy.gpx.GPXRoutePoint(team.base_lat, team.base_lon, name=base.name)
        if estimated_legs.is_estimate(plan, route, len(route.stops)):
            home.description = said
        track.points.append(home)
        document.routes.append(track)
        if route.path:
            # A route names the stops, a track is the line along the roads between them.
            document.tracks += _tracks(
                estimated_legs.parts(plan, route, (team.base_lon, team.base_lat)),
                name=track.name or route.team_id,
                said=said,
            )
    xml: str = document.to_xml(version="1.1")
    return xml.encode()


def _tracks(
    parts: Sequence[estimated_legs.Part], *, name: str, said: str
) -> list[gpxpy.gpx.GPXTrack]:
    """Return the line as a track, and estimated legs as one of their own that says so."""
    tracks = []
    for estimated in (False, True):
        chosen = [part for part in parts if part.estimated == estimated]
        if not chosen:
            continue
        # GPX knows a description of a track, not of a segment
        track = gpxpy.gpx.GPXTrack(name=name, description=said if estimated else None)
        track.segments += [
            gpxpy.gpx.GPXTrackSegment(
                [gpxpy.gpx.GPXTrackPoint(lat, lon) for lon, lat in part.points.tolist()]
            )
            for part in chosen
        ]
        tracks.append(track)
    return tracks


def workbook(plan: Plan, *, language: str, report: RuleReport | None = None) -> bytes:
    """
    Return the plan as an Excel workbook: overview, one sheet per team, what was left out.

    ``report``, where given, adds to the overview how the plan stands against the rules.
    """
    _ = translator(language)
    target = io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(target, options) as book:
        bold = book.add_format({"bold": True, "text_wrap": True, "bottom": 1})
        wrap = book.add_format({"text_wrap": True, "valign": "top"})
        overview = [*_overview_rows(plan, language), *_rule_rows(report, language)]
        _sheet(book, _("概览"), overview, widths=(28, 60), formats=(bold, wrap))
        for team in plan.teams:
            rows = _team_rows(plan, team, language)
            _sheet(
                book,
                _("队 {team}", team=team.team_id),
                rows,
                widths=(12, 6, 8, 8, 8, 10, 34, 34, 44, 10),
                formats=(bold, wrap),
            )
        _sheet(
            book,
            _("未排"),
            _left_out_rows(plan.left_out, language),
            widths=(34, 12, 10, 48, 48),
            formats=(bold, wrap),
        )
    return target.getvalue()


def _sheet(
    book: Any,
    name: str,
    rows: Sequence[Sequence[object]],
    *,
    widths: Sequence[int],
    formats: tuple[Any, Any],
) -> None:
    sheet = book.add_worksheet(re.sub(r"[\[\]:*?/\\]", " ", name)[:31])
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    for column, width in enumerate(widths):
        sheet.set_column(column, column, width)
    sheet.freeze_panes(1, 0)
    for number, row in enumerate(rows):
        for column, value in enumerate(row):
            style = formats[0] if number == 0 else formats[1]
            if isinstance(value, (int, float)) and not isinstance(value, bool):
                sheet.write_number(number, column, value, style)
            else:
                sheet.write_string(number, column, _clean(value), style)


def _clean(value: object) -> str:
    return _CONTROL.sub(" ", "" if value is None else str(value))


def _overview_rows(plan: Plan, language: str) -> list[list[object]]:
    _ = translator(language)
    n_planned = sum(len(route.stops) for route in plan.routes)
    estimate = _("直线推算") if plan.travel_is_estimate else _("道路")
    share = 100 * plan.prize / plan.upper_bound if plan.upper_bound else 100
    rows: list[list[object]] = [
        [_("周计划"), _("{a} 起的一周", a=plan.week_start.isoformat())],
        [_("辖区"), plan.district_code or _("全市")],
        [_("数据截至"), plan.as_of.astimezone(TIME_ZONE).strftime("%Y-%m-%d %H:%M")],
        [_("队数"), len(plan.teams)],
        [_("已排 / 未排"), f"{n_planned} / {len(plan.left_out)}"],
        [_("计划价值（预计发现 × 严重程度，分）"), plan.prize / 100],
        [_("上界"), plan.upper_bound / 100],
        [_("至少为最优的 %"), round(share, 1)],
        [_("路途合计（小时）"), round(plan.travel_s / 3600, 1)],
        [_("路途时间来源"), estimate],
    ]
    rows += [[_("提醒"), say(warning, language)] for warning in plan.warnings]
    return rows


def _rule_rows(report: RuleReport | None, language: str) -> list[list[object]]:
    if report is None:
        return []
    _ = translator(language)
    counts = _(
        "硬性 {a} / {b}，提醒 {c}",
        a=report.n_hard_kept,
        b=report.n_hard,
        c=report.n_warnings,
    )
    rows: list[list[object]] = [[_("规则检查"), counts]]
    for line in report.lines:
        sign = "!" if line.violations else "✓"
        title = f"{sign} {say(line.title, language)}"
        rows.append([title, f"{line.n_ok} / {line.n_checked}"])
        rows += [["", say(sentence, language)] for sentence in line.violations]
    return rows


def _team_rows(plan: Plan, team: Team, language: str) -> list[list[object]]:
    _ = translator(language)
    rows: list[list[object]] = [
        [
            _("日期"),
            _("序号"),
            _("到达"),
            _("开始"),
            _("结束"),
            _("类型"),
            _("地点"),
            _("地址"),
            _("为什么"),
            _("路途"),
        ]
    ]
    for route in plan.routes:
        if route.team_id == team.team_id:
            rows += _route_rows(plan, route, language)
    rows.append([_("队员"), "", "", "", "", "", ", ".join(team.officer_ids), "", "", ""])
    return rows


def _route_rows(plan: Plan, route: Route, language: str) -> list[list[object]]:
    title = day_title(plan, route.day, language)
    _ = translator(language)
    if not route.stops:
        return [[title, "", "", "", "", _("备勤"), "", "", "", ""]]
    legs = [
        _("推算") if estimated_legs.is_estimate(plan, route, leg) else _("道路")
        for leg in range(len(route.stops) + 1)
    ]
    rows = [
        [*_stop_row(title, n, stop, language), leg]
        for n, (stop, leg) in enumerate(zip(route.stops, legs[:-1], strict=True), 1)
    ]
    back = _("收队 {hhmm}", hhmm=clock(route.back_s))
    return [*rows, [title, "", "", "", clock(route.back_s), back, "", "", "", legs[-1]]]


def _stop_row(title: str, number: int, stop: Stop, language: str) -> list[object]:
    visit = stop.visit
    return [
        title,
        number,
        clock(stop.arrive_s),
        clock(stop.start_s),
        clock(stop.depart_s),
        label("inspection_kind", visit.kind, language),
        place_of(visit, language),
        visit.address or "",
        "；".join(say(reason, language) for reason in visit.reasons)
        if language == "zh"
        else "; ".join(say(reason, language) for reason in visit.reasons),
    ]


def _left_out_rows(left_out: Sequence[LeftOut], language: str) -> list[list[object]]:
    _ = translator(language)
    rows: list[list[object]] = [[_("事项"), _("类型"), _("计划价值"), _("原因"), _("最省的补救")]]
    rows += [
        [
            place_of(item.visit, language),
            label("inspection_kind", item.visit.kind, language),
            item.visit.prize / 100,
            say(item.reason, language),
            "" if item.cheapest_fix is None else say(item.cheapest_fix, language),
        ]
        for item in left_out
    ]
    return rows
