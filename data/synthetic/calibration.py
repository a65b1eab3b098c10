"""The made-up city beside the reference numbers of docs/demo-city.md, counted from its files."""

from dataclasses import dataclass
from datetime import date

import pandas as pd

from data.synthetic.names import FRINGE_COUNTY
from data.synthetic.reporting import PUBLIC

_KINDS = {
    "hospital_2plus": 35,
    "township_health_centre": 89,
    "community_health_centre": 62,
    "private_clinic": 870,
    "village_clinic": 294,
}
_MEDICAL = (*_KINDS, "hospital", "dental_clinic")
URBAN_CODES = ("111", "112")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One reference number: its name, what the city shows and what it should show."""

    name: str
    value: float
    target: float

    @property
    def deviation(self) -> float:
        """Relative deviation from the target."""
        return self.value / self.target - 1.0


def calibration(
    tables: dict[str, pd.DataFrame], *, campaign: tuple[date, date], share: float
) -> tuple[Target, ...]:
    """
    Count the campaign's numbers as docs/demo-city.md defines them.

    Parameters
    ----------
    tables
        facilities (all), complaints, cases, inspections and areas, with codes.
    campaign
        First and last day.
    share
        Part of the reference numbers that a place of this size should show.
    """
    found = {**_visits(tables, campaign), **_cases(tables, campaign)}
    whole = {
        "officer person-times": 5_200,
        "institutions inspected": 1_350,
        **{f"  {kind}": number for kind, number in _KINDS.items()},
        "beauty parlours inspected": 480,
        "  urban": 320,
        "  township": 160,
        "violations found": 230,
        "cases filed": 86,
        "  unlicensed practice": 58,
        "  out of scope": 28,
        "cases closed": 72,
        "fines, yuan": 1_850_000,
        "confiscated, yuan": 320_000,
        "dens destroyed": 15,
        "public leads": 120,
        "  leads to cases": 45,
        "joint operations": 35,
        "institutions out of scope": 28,
        "institutions with non-health staff": 15,
        "institutions with waste": 65,
    }
    return tuple(
        Target(name=name, value=found[name], target=number * share)
        for name, number in whole.items()
    )


def _visits(tables: dict[str, pd.DataFrame], campaign: tuple[date, date]) -> dict[str, float]:
    visits = tables["inspections"]
    days = visits["started_at"].dt.date
    mine = visits[(days >= campaign[0]) & (days <= campaign[1])]
    kind = tables["facilities"].set_index("facility_id")["kind"]
    area = tables["facilities"].set_index("facility_id")["area_code"]
    code = tables["areas"].set_index("area_code")["urban_rural_code"]
    seen = mine["facility_id"].dropna().unique()
    kinds = kind.loc[seen]
    medical = kinds[kinds.isin(_MEDICAL)]
    # The bureau's 个体诊所 include the dental ones.
    by_kind = medical.replace({"dental_clinic": "private_clinic"}).value_counts()
    parlours = kinds[kinds == "beauty_parlour"].index
    urban = code.loc[area.loc[parlours]].isin(URBAN_CODES)
    topics = mine[["facility_id", "topics"]].dropna(subset="topics")
    topics = topics.assign(topic=topics["topics"].str.split(";")).explode("topic")
    at_fault = topics[topics["facility_id"].map(kind).isin(_MEDICAL)]
    faulty = at_fault.groupby("topic")["facility_id"].nunique()
    joint = mine[mine["departments"].fillna("").str.contains(";")]
    return {
        "officer person-times": float(mine["n_officers"].sum()),
        "institutions inspected": float(len(medical)),
        **{f"  {name}": float(by_kind.get(name, 0)) for name in _KINDS},
        "beauty parlours inspected": float(len(parlours)),
        "  urban": float(urban.sum()),
        "  township": float((~urban).sum()),
        "violations found": float(len(topics)),
        "joint operations": float(
            (joint["started_at"].dt.date.astype(str) + joint["item_code"]).nunique()
        ),
        "institutions out of scope": float(faulty.get("out_of_scope", 0)),
        "institutions with non-health staff": float(faulty.get("non_health_staff", 0)),
        "institutions with waste": float(faulty.get("medical_waste", 0)),
    }


def _cases(tables: dict[str, pd.DataFrame], campaign: tuple[date, date]) -> dict[str, float]:
    cases, leads = tables["cases"], tables["complaints"]
    opened = cases[(cases["opened_on"] >= campaign[0]) & (cases["opened_on"] <= campaign[1])]
    with_end = cases.dropna(subset="closed_on")
    closed = with_end[
        (with_end["closed_on"] >= campaign[0]) & (with_end["closed_on"] <= campaign[1])
    ]
    days = leads["received_at"].dt.date
    mine = leads[(days >= campaign[0]) & (days <= campaign[1]) & leads["channel"].isin(PUBLIC)]
    return {
        "cases filed": float(len(opened)),
        "  unlicensed practice": float((opened["topic"] == "unlicensed_practice").sum()),
        "  out of scope": float((opened["topic"] == "out_of_scope").sum()),
        "cases closed": float(len(closed)),
        "fines, yuan": float(closed["fine_yuan"].sum()),
        "confiscated, yuan": float(closed["confiscated_yuan"].sum()),
        "dens destroyed": float(closed["den_destroyed"].sum()),
        "public leads": float(len(mine)),
        "  leads to cases": float(mine["case_id"].nunique()),
    }


def fringe_share(tables: dict[str, pd.DataFrame]) -> float:
    """Give the share of all cases of one county that lie in its urban-rural fringe, 0 to 1."""
    areas = tables["areas"].set_index("area_code")
    county = areas.index[areas["name"] == FRINGE_COUNTY]
    if len(county) == 0:
        return float("nan")
    mine = tables["cases"][tables["cases"]["area_code"].str.startswith(county[0])]
    return float(mine["area_code"].map(areas["urban_rural_code"]).isin(("112", "122")).mean())
