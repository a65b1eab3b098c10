"""The history as the bureau's ledgers have it: leads, inspections, cases, persons, campaigns."""

from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd

from data.synthetic import names
from data.synthetic.casework import Case
from data.synthetic.hidden import Hidden
from data.synthetic.inspecting import Call
from data.synthetic.institutions import Institutions
from data.synthetic.places import Places
from data.synthetic.reporting import PUBLIC, Lead, words
from data.synthetic.scales import campaign_dates, random_for, week_starts
from data.synthetic.staff import Staff

CAMPAIGN_ID = "ZX2026-01"
_GROUNDS = {
    "routine": "RC",
    "special": "ZX",
    "complaint": "JB",
    "random_draw": "SSJ",
    "reinspection": "FC",
    "sweep": "PC",
    "joint": "LH",
    "undercover": "AF",
    "stakeout": "DS",
}
_TRADES = ("牙科", "中医推拿", "草药", "镶牙", "针灸")


class Numbers:
    """The numbers that leads, cases and inspections get when they are written down in order."""

    def __init__(self, leads: list[Lead], calls: list[Call], cases: list[Case]) -> None:
        self.leads = sorted(leads, key=lambda lead: lead.received_at)
        self.calls = sorted(calls, key=lambda call: call.started_at or datetime.max)  # noqa: DTZ901
        self.cases = sorted(cases, key=lambda case: case.opened_on)
        self.lead_ids = _ids("XS", [(lead.number, lead.received_at) for lead in self.leads])
        self.case_ids = _ids("AJ", [(case.number, case.opened_on) for case in self.cases])


def _ids(prefix: str, items: list[tuple[int, date | datetime]]) -> dict[int, str]:
    """Number items within their year."""
    ids: dict[int, str] = {}
    count: dict[int, int] = {}
    for number, day in items:
        count[day.year] = count.get(day.year, 0) + 1
        ids[number] = f"{prefix}{day.year}{count[day.year]:05d}"
    return ids


def complaints(
    numbers: Numbers, institutions: Institutions, places: Places, *, end: date, seed: int
) -> pd.DataFrame:
    """Write the ledger of leads: some without a point, some at the wrong place."""
    rng = random_for(seed, "ledger")
    opened = {case.number: case.opened_on for case in numbers.cases}
    by_number = {lead.number: lead for lead in numbers.leads}
    rows = []
    for lead in numbers.leads:
        row: dict[str, object] = {
            "complaint_id": numbers.lead_ids[lead.number],
            "received_at": lead.received_at,
            "channel": lead.channel,
            "topic": lead.topic,
            "summary": words(lead, rng),
            "due_on": lead.received_at.date()
            + timedelta(days=60 if lead.channel == "letter" else 15),
        }
        if lead.facility >= 0 and rng.random() < 0.85:
            row["facility_id"] = institutions.table["facility_id"][lead.facility]
        row |= _where(lead, institutions, places, rng)
        if lead.channel in PUBLIC and rng.random() < 0.8:
            row["complainant_name"] = f"举报人{'甲乙丙丁戊己庚辛'[int(rng.integers(8))]}"
            row["complainant_phone"] = "00000000000"
        row |= _answer(lead, by_number, numbers, opened, end, rng)
        rows.append(row)
    return pd.DataFrame(rows)


def _where(
    lead: Lead, institutions: Institutions, places: Places, rng: np.random.Generator
) -> dict[str, object]:
    """Say where it is, as well as the caller could."""
    v = places.villages
    home = v.iloc[lead.village]
    town = places.townships.iloc[int(home["township"])]
    text = f"{town['name']}{home['name']}"
    if lead.facility >= 0:
        row = institutions.table.iloc[lead.facility]
        text, point = str(row["name"]), (float(row["lon"]), float(row["lat"]))
        roll = rng.random() * 0.7
    else:
        point = (float(home["lon"]), float(home["lat"]))
        if lead.site is not None:
            point = (lead.site.lon, lead.site.lat)
        known = lead.channel in ("handover", "patrol_report")
        roll = rng.random() * (0.5 if known else 1.0)
        text += rng.choice(["某出租屋", "集市附近", "老街巷内", "学校后面", "某民房", "村口"])
    base = {"site_text": text, "area_code": home["code"]}
    if roll < 0.42:
        lon, lat = point + rng.normal(0.0, 0.00025, 2)
        return base | {"lon": lon, "lat": lat, "location_precision": "exact"}
    if roll < 0.58:
        return base | {"lon": home["lon"], "lat": home["lat"], "location_precision": "village"}
    if roll < 0.7:
        return base | {"location_precision": "village"}
    if roll < 0.87:
        return base | {
            "area_code": town["code"],
            "lon": town["lon"],
            "lat": town["lat"],
            "location_precision": "township",
        }
    # The caller's own home: another village of the same township.
    others = np.flatnonzero(v["township"].to_numpy() == home["township"])
    other = v.iloc[int(rng.choice(others))]
    lon, lat = np.array([other["lon"], other["lat"]]) + rng.normal(0.0, 0.002, 2)
    return base | {
        "area_code": other["code"],
        "lon": lon,
        "lat": lat,
        "location_precision": "exact",
    }


def _answer(
    lead: Lead,
    by_number: dict[int, Lead],
    numbers: Numbers,
    opened: dict[int, date],
    end: date,
    rng: np.random.Generator,
) -> dict[str, object]:
    """Say how the lead was closed, or where it stands on the last day."""
    received = lead.received_at.date()
    first = by_number.get(lead.same_as, lead)
    outcome, handed = lead.outcome, lead.handed_to
    if handed is not None:
        closed, outcome = received + timedelta(days=int(rng.integers(3, 16))), "no_jurisdiction"
    elif lead.same_as >= 0:
        closed, outcome = received + timedelta(days=int(rng.integers(2, 20))), first.outcome
    elif lead.visited_at is not None:
        closed = lead.visited_at.date() + timedelta(days=int(rng.integers(2, 16)))
        if lead.case >= 0:
            closed = max(closed, opened[lead.case] + timedelta(days=2))
    else:
        closed = end + timedelta(days=30)
    if closed > end:
        waiting = (end - received).days
        status = "new" if waiting <= 4 else "triaged" if waiting <= 9 else "assigned"
        return {"status": "handed_over" if handed else status, "handed_to": handed}
    answer = {"status": "closed", "closed_on": closed, "outcome": outcome, "handed_to": handed}
    if lead.case >= 0:
        answer["case_id"] = numbers.case_ids[lead.case]
    return answer


def inspections(
    numbers: Numbers, institutions: Institutions, places: Places, staff: Staff, *, end: date
) -> pd.DataFrame:
    """Write the ledger of inspections."""
    first, last = campaign_dates(end)
    ids, codes = staff.officers["officer_id"].tolist(), places.villages["code"].tolist()
    count: dict[int, int] = {}
    rows = []
    for call in numbers.calls:
        if call.started_at is None or call.day is None:
            continue
        count[call.day.year] = count.get(call.day.year, 0) + 1
        inside = first <= call.day <= last and call.kind in (
            "special",
            "sweep",
            "joint",
            "stakeout",
        )
        rows.append(
            {
                "inspection_id": f"JC{call.day.year}{count[call.day.year]:06d}",
                "started_at": call.started_at,
                "kind": call.kind,
                "facility_id": institutions.table["facility_id"][call.facility]
                if call.facility >= 0
                else None,
                "lon": call.lon,
                "lat": call.lat,
                "area_code": codes[call.village],
                "officer_ids": ";".join(ids[officer] for officer in call.officers),
                "n_officers": call.n_officers,
                "minutes": call.minutes,
                "result": call.result,
                "topics": ";".join(call.topics) or None,
                "case_id": numbers.case_ids[call.case] if call.case >= 0 else None,
                "departments": call.departments,
                "arm": call.arm,
                "inclusion_prob": call.inclusion_prob,
                "ground": _GROUNDS.get(call.kind),
                "item_code": call.item_code or f"WJ-{_GROUNDS.get(call.kind)}-01",
                "government_level": "city" if call.kind in ("joint", "undercover") else "county",
                "campaign_id": CAMPAIGN_ID if inside else None,
            }
        )
    return pd.DataFrame(rows)


def cases(numbers: Numbers, institutions: Institutions, places: Places) -> pd.DataFrame:
    """Write the ledger of cases."""
    v = places.villages
    towns = places.townships["name"].to_numpy()[v["township"]]
    rows = []
    for case in numbers.cases:
        call = case.call
        facility = call.facility
        place = towns[call.village] + v["name"][call.village]
        rows.append(
            {
                "case_id": numbers.case_ids[case.number],
                "opened_on": case.opened_on,
                "closed_on": case.closed_on,
                "topic": case.topic,
                "facility_id": institutions.table["facility_id"][facility]
                if facility >= 0
                else None,
                "site_text": institutions.table["name"][facility] if facility >= 0 else place,
                "area_code": v["code"][call.village],
                "lon": call.lon,
                "lat": call.lat,
                "source": case.source,
                "complaint_id": numbers.lead_ids[call.lead.number] if call.lead else None,
                "person_id": f"P{case.person:04d}" if case.person >= 0 else None,
                "fine_yuan": case.fine_yuan if case.closed_on else None,
                "confiscated_yuan": case.confiscated_yuan if case.closed_on else None,
                "den_destroyed": case.den_destroyed if case.closed_on else None,
                "transferred_to": case.transferred_to if case.closed_on else None,
            }
        )
    return pd.DataFrame(rows)


def persons(
    numbers: Numbers, hidden: Hidden, places: Places, *, end: date, seed: int
) -> pd.DataFrame:
    """Write the register of persons: those of cases, and itinerants who registered themselves."""
    rng = random_for(seed, "persons")
    codes = places.villages["code"].to_numpy()
    market = np.flatnonzero(places.villages["market"].to_numpy() >= 0)
    rows: list[tuple[str, str, date | None, list[str]]] = []
    for number in sorted({case.person for case in numbers.cases if case.person >= 0}):
        person = hidden.people[number]
        areas = person.circuit or [person.home]
        rows.append((f"P{number:04d}", person.kind, None, codes[areas].tolist()))
    first = week_starts(end)[0]
    for number in range(max(3, round(len(market) * 0.5))):
        day = first + timedelta(days=int(rng.integers(-300, 700)))
        own = rng.choice(market, min(len(market), int(rng.integers(1, 5))), replace=False)
        rows.append((f"B{number:04d}", "itinerant", day, codes[own].tolist()))
    return pd.DataFrame(
        {
            "person_id": [row[0] for row in rows],
            "name": names.person_names(len(rows), rng),
            "kind": [row[1] for row in rows],
            "trade": rng.choice(_TRADES, len(rows)),
            "filed_on": [row[2] for row in rows],
            "usual_area_codes": [";".join(row[3]) for row in rows],
        }
    )


def campaigns(places: Places, *, end: date) -> pd.DataFrame:
    """Write the list of campaigns: the large one, one on waste before it, one just begun."""
    first, last = campaign_dates(end)
    starts = week_starts(end)
    clinics = "private_clinic;village_clinic;dental_clinic;community_health_centre"
    areas = ";".join(places.districts["code"])
    rows = [
        ("ZX2025-01", "医疗废物专项检查", starts[40], starts[52], "province", clinics, 0.25),
        (CAMPAIGN_ID, "打击无证行医和非法医疗美容专项行动", first, last, "city",
         clinics + ";hospital_2plus;township_health_centre;beauty_parlour", 0.7),
        ("ZX2026-02", "冬季村卫生室规范执业检查", end - timedelta(days=13),
         end + timedelta(days=60), "city", "village_clinic;private_clinic", 0.2),
    ]  # fmt: skip
    columns = [
        "campaign_id",
        "name",
        "from_on",
        "to_on",
        "ordered_by",
        "facility_kinds",
        "target_share",
    ]
    table = pd.DataFrame(rows, columns=columns)
    table["area_codes"] = areas
    return table
