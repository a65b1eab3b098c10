"""Officers, their leave and recusals: who can be sent where."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

from data.synthetic import names
from data.synthetic.lattice import Floats
from data.synthetic.places import Places
from data.synthetic.scales import Scale, random_for, week_starts

_SKILLS = ("dental", "tcm", "cosmetic", "waste", "gynaecology")
_REASONS = ("年休假", "病假", "培训", "事假", "值班")


@dataclass(frozen=True, slots=True, kw_only=True)
class Staff:
    """
    Tables of officers, absences and recusals.

    ``officers`` also has district (number) and ability (0.6 to 1.4: the truth, kept
    out of the files). ``away`` maps an officer to first and last days of leave.
    """

    officers: pd.DataFrame
    absences: pd.DataFrame
    recusals: pd.DataFrame
    away: dict[int, list[tuple[date, date]]]

    def pick(
        self, district: int, lon: float, lat: float, day: date, rng: np.random.Generator
    ) -> tuple[int, int]:
        """Send two officers of a district: mostly those whose base is near, never one on leave."""
        rows = np.flatnonzero(self.officers["district"].to_numpy() == district)
        here = [i for i in rows.tolist() if not self._is_away(i, day)]
        if len(here) < 2:
            here = rows.tolist()
        away_km: Floats = 105.0 * np.hypot(
            self.officers["base_lon"].to_numpy()[here] - lon,
            self.officers["base_lat"].to_numpy()[here] - lat,
        )
        keys = rng.random(len(here)) ** (1.0 + away_km / 9.0)
        best = np.argsort(-keys)[:2]
        return here[int(best[0])], here[int(best[1])]

    def _is_away(self, officer: int, day: date) -> bool:
        return any(first <= day <= last for first, last in self.away.get(officer, ()))


def make_staff(
    scale: Scale, places: Places, facilities: pd.DataFrame, *, end: date, seed: int
) -> Staff:
    """Hire officers, two bases a county, and write down their leave up to five weeks ahead."""
    rng = random_for(seed, "staff")
    officers = _officers(places, end, rng)
    absences, away = _absences(officers, end, rng)
    count = max(2, round(14 * scale.share))
    chosen = rng.choice(len(officers), count)
    recusals = []
    for officer in chosen.tolist():
        district = officers["district"][officer]
        own = facilities.index[facilities["district"] == district].to_numpy()
        recusals.append(
            {
                "officer_id": officers["officer_id"][officer],
                "facility_id": facilities["facility_id"][int(rng.choice(own))],
                "reason": str(rng.choice(["亲属任职", "曾任职于该机构", "持有股份"])),
            }
        )
    return Staff(
        officers=officers,
        absences=absences,
        recusals=pd.DataFrame(recusals).drop_duplicates(["officer_id", "facility_id"]),
        away=away,
    )


def _officers(places: Places, end: date, rng: np.random.Generator) -> pd.DataFrame:
    rows = []
    for district, unit in places.districts.iterrows():
        number = int(str(district))
        towns = places.townships[places.townships["district"] == number]
        second = towns.iloc[int(rng.integers(len(towns)))]
        for place in range(8 if number < 2 else 7):
            base = unit if place < 5 else second
            skills = rng.choice(_SKILLS, int(rng.integers(0, 3)), replace=False)
            days = int(rng.integers(60, 1_500)) if rng.random() > 0.06 else -20
            rows.append(
                {
                    "district": number,
                    "district_code": unit["code"],
                    "base_lon": base["lon"],
                    "base_lat": base["lat"],
                    "certificate_expiry": end + timedelta(days=days),
                    "skills": ";".join(sorted(skills.tolist())),
                    "ability": float(np.clip(rng.normal(1.0, 0.2), 0.6, 1.4)),
                }
            )
    table = pd.DataFrame(rows)
    table["officer_id"] = [f"Z{number:03d}" for number in range(1, len(table) + 1)]
    table["name"] = names.person_names(len(table), rng)
    table["certificate_no"] = [f"99-WJ-{number:05d}" for number in range(1, len(table) + 1)]
    return table


def _absences(
    officers: pd.DataFrame, end: date, rng: np.random.Generator
) -> tuple[pd.DataFrame, dict[int, list[tuple[date, date]]]]:
    first = week_starts(end)[0]
    away: dict[int, list[tuple[date, date]]] = {}
    rows = []
    for number, officer_id in enumerate(officers["officer_id"]):
        begins = np.unique(rng.integers(0, 728 + 35, int(rng.poisson(9)) + 1))
        for begin in begins.tolist():
            start = first + timedelta(days=begin)
            last = start + timedelta(days=int(rng.integers(0, 8)))
            if away.get(number) and away[number][-1][1] >= start:
                continue
            away.setdefault(number, []).append((start, last))
            reason = str(rng.choice(_REASONS))
            rows.append(
                {"officer_id": officer_id, "from_on": start, "to_on": last, "reason": reason}
            )
    return pd.DataFrame(rows), away
