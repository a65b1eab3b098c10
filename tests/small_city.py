"""
A made-up district small enough to load, score and plan in seconds.

Two townships side by side, a fringe and a rural one; facilities, two years of
inspections and leads, cases, eight officers at one base. Files as
docs/formats.md describes them. Every name is plainly invented.
"""

import csv
import json
from datetime import date, timedelta
from pathlib import Path

import numpy as np

DISTRICT = "990101"
FRINGE, RURAL = "990101001", "990101002"
WEST, SOUTH, EAST, NORTH = 112.00, 23.00, 112.12, 23.06
MIDDLE = 112.06
FIRST_DAY, LAST_DAY = date(2024, 3, 1), date(2026, 3, 1)
N_FACILITIES, N_VISITS, N_LEADS = 60, 240, 150
CANARY_NAME, CANARY_PHONE = "举报人金丝雀", "00000012345"
KINDS = ("private_clinic", "village_clinic", "beauty_parlour", "pharmacy", "hospital")


def write(folder: Path, *, seed: int = 1) -> Path:
    """Write the files of the district into ``folder`` and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    places = np.column_stack(
        [
            np.clip(rng.normal(MIDDLE - 0.02, 0.02, N_FACILITIES), WEST, EAST),
            np.clip(rng.normal((SOUTH + NORTH) / 2, 0.015, N_FACILITIES), SOUTH, NORTH),
        ]
    ).round(5)
    _areas(folder)
    _facilities(folder, places, rng)
    _inspections(folder, rng)
    _complaints(folder, rng)
    _officers(folder)
    return folder


def _rows(path: Path, header: list[str], rows: list[list[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])


def _day(number: int) -> str:
    return (FIRST_DAY + timedelta(days=int(number))).isoformat()


def _areas(folder: Path) -> None:
    def square(west: float, east: float) -> list[list[list[float]]]:
        return [[[west, SOUTH], [east, SOUTH], [east, NORTH], [west, NORTH], [west, SOUTH]]]

    def area(code, name, level, parent, ring, urban_rural, population):
        return {
            "type": "Feature",
            "properties": {
                "area_code": code,
                "name": name,
                "level": level,
                "parent_code": parent,
                "urban_rural_code": urban_rural,
                "population": population,
            },
            "geometry": {"type": "Polygon", "coordinates": ring},
        }

    features = [
        area(DISTRICT, "试验县", "district", None, square(WEST, EAST), None, 52000),
        area(FRINGE, "东试镇", "township", DISTRICT, square(WEST, MIDDLE), "112", 40000),
        area(RURAL, "西试乡", "township", DISTRICT, square(MIDDLE, EAST), "220", 12000),
    ]
    text = json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False)
    (folder / "areas.geojson").write_text(text, encoding="utf-8")


def _facilities(folder: Path, places, rng) -> None:
    _rows(
        folder / "facilities.csv",
        ["facility_id", "name", "kind", "opened_on", "area_code", "lon", "lat", "risk_grade"],
        [
            [
                f"F{n:03d}",
                f"试验机构{n:03d}",
                KINDS[n % len(KINDS)],
                "2020-01-01",
                FRINGE if lon < MIDDLE else RURAL,
                lon,
                lat,
                "ABCD"[int(rng.integers(4))],
            ]
            for n, (lon, lat) in enumerate(places)
        ],
    )


def _inspections(folder: Path, rng) -> None:
    n_days = (LAST_DAY - FIRST_DAY).days
    days = np.sort(rng.integers(0, n_days, N_VISITS))
    visits, cases = [], []
    for n, day in enumerate(days):
        facility = int(rng.integers(N_FACILITIES))
        found = bool(rng.random() < (0.35 if facility % 7 == 0 else 0.08))
        visits.append(
            [
                f"I{n:04d}",
                f"{_day(day)} 09:30",
                "routine",
                f"F{facility:03d}",
                "O1;O2",
                2,
                45,
                "violation" if found else "pass",
                "medical_waste" if found else "",
            ]
        )
        if found:
            cases.append(
                [
                    f"K{n:04d}",
                    _day(day),
                    _day(min(day + 40, n_days)),
                    "medical_waste",
                    f"F{facility:03d}",
                    2000,
                ]
            )
    _rows(
        folder / "inspections.csv",
        [
            "inspection_id",
            "started_at",
            "kind",
            "facility_id",
            "officer_ids",
            "n_officers",
            "minutes",
            "result",
            "topics",
        ],
        visits,
    )
    _rows(
        folder / "cases.csv",
        ["case_id", "opened_on", "closed_on", "topic", "facility_id", "fine_yuan"],
        cases,
    )


def _complaints(folder: Path, rng) -> None:
    n_days = (LAST_DAY - FIRST_DAY).days
    days = np.sort(rng.integers(0, n_days, N_LEADS))
    rows = []
    for n, day in enumerate(days):
        is_open = day > n_days - 45
        lon = float(np.clip(rng.normal(MIDDLE - 0.01, 0.015), WEST, EAST))
        lat = float(np.clip(rng.normal(23.03, 0.012), SOUTH, NORTH))
        rows.append(
            [
                f"C{n:04d}",
                f"{_day(day)} 10:00",
                "hotline_12345",
                "unlicensed_practice",
                FRINGE if lon < MIDDLE else RURAL,
                round(lon, 5),
                round(lat, 5),
                "村里有人看病",
                CANARY_NAME,
                CANARY_PHONE,
                _day(day + 30),
                "assigned" if is_open else "closed",
                "" if is_open else _day(day + 20),
                "" if is_open else ("substantiated" if n % 3 == 0 else "unsubstantiated"),
            ]
        )
    _rows(
        folder / "complaints.csv",
        [
            "complaint_id",
            "received_at",
            "channel",
            "topic",
            "area_code",
            "lon",
            "lat",
            "summary",
            "complainant_name",
            "complainant_phone",
            "due_on",
            "status",
            "closed_on",
            "outcome",
        ],
        rows,
    )


def _officers(folder: Path) -> None:
    _rows(
        folder / "officers.csv",
        [
            "officer_id",
            "name",
            "district_code",
            "base_lon",
            "base_lat",
            "certificate_no",
            "certificate_expiry",
            "skills",
        ],
        [
            [f"O{n}", f"试验员{n}", DISTRICT, 112.05, 23.03, f"Z{n}", "2030-12-31", ""]
            for n in range(1, 9)
        ],
    )
