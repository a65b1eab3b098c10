"""Hospitals, clinics, parlours, pharmacies and markets: the register, and who is at fault."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

from data.synthetic import names
from data.synthetic.lattice import Floats, Ints
from data.synthetic.lines import Ground
from data.synthetic.places import Places, market_text
from data.synthetic.scales import Scale, random_for, week_starts

MEDICAL = (
    "hospital_2plus",
    "hospital",
    "township_health_centre",
    "community_health_centre",
    "private_clinic",
    "village_clinic",
    "dental_clinic",
)
"""Kinds that count as institutions (医疗机构) in the statistics sentence."""
_SCOPES = {
    "hospital_2plus": "内科;外科;妇产科;儿科;急诊医学科;医学检验科;医学影像科",
    "hospital": "内科;外科;妇产科;中医科",
    "township_health_centre": "内科;外科;妇产科;预防保健科;中医科",
    "community_health_centre": "全科医疗科;预防保健科;中医科",
    "village_clinic": "全科医疗科",
    "dental_clinic": "口腔科",
}
_CLINIC_SCOPES = ("内科", "中医科", "内科;儿科", "全科医疗科", "中医科;针灸科", "妇科", "儿科")
_HOURS = {
    "hospital_2plus": "00:00-24:00",
    "hospital": "00:00-24:00",
    "township_health_centre": "08:00-12:00;14:00-17:30",
    "community_health_centre": "08:00-12:00;14:00-17:30",
    "private_clinic": "08:00-12:00;14:30-20:00",
    "village_clinic": "08:00-18:00",
    "dental_clinic": "09:00-12:00;14:00-18:00",
    "beauty_parlour": "10:00-22:00",
    "wellness_shop": "09:00-21:00",
    "pharmacy": "08:00-22:00",
}
_NAMES = {
    "hospital_2plus": "{town}第{n}人民医院",
    "hospital": "{shop}医院",
    "township_health_centre": "{town}卫生院",
    "community_health_centre": "{village}卫生服务站",
    "private_clinic": "{shop}诊所",
    "village_clinic": "{village}卫生室",
    "dental_clinic": "{shop}口腔诊所",
    "beauty_parlour": "{shop}美容院",
    "wellness_shop": "{shop}养生馆",
    "pharmacy": "{shop}大药房",
    "other": "{town}集贸市场",
}
FAULTS = {
    "out_of_scope": 0.085,
    "non_health_staff": 0.065,
    "medical_waste": 0.17,
    "expired_drugs": 0.06,
    "hygiene": 0.07,
}
"""Share of small medical institutions that have a fault at any time: an assumption."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Institutions:
    """
    The register and its truth.

    ``table`` has the columns of a facility, and village, district, urban (an
    address in the main city's urban or fringe villages) and tendency (how prone
    to faults). ``faults`` maps a topic to one flag a facility, true at the start.
    """

    table: pd.DataFrame
    faults: dict[str, np.ndarray]


def make_institutions(
    scale: Scale, places: Places, ground: Ground, *, end: date, seed: int
) -> Institutions:
    """Place the register: care where people are, village clinics in villages."""
    rng = random_for(seed, "institutions")
    kinds, village = _sites(scale, places, rng)
    villages = places.villages.iloc[village].reset_index(drop=True)
    cells = places.cells_in(village, rng)
    lon, lat = ground.place(cells, jitter_m=90.0, rng=rng)
    table = pd.DataFrame({"kind": kinds, "village": village, "lon": lon, "lat": lat})
    table["facility_id"] = [f"F{number:05d}" for number in range(1, len(table) + 1)]
    table["district"] = villages["district"]
    table["area_code"] = villages["code"]
    table["urban"] = villages["urban_rural_code"].isin(("111", "112"))
    table["name"] = _names(table, places, rng)
    table["address"] = _addresses(table, places, rng)
    _add_life(table, end, rng)
    _add_licence(table, end, rng)
    table["tendency"] = rng.gamma(1.6, 1.0, len(table)) * np.where(villages["fringe"], 1.8, 1.0)
    table["risk_grade"] = _grades(table, rng)
    return Institutions(table=table, faults=draw_faults(table, places, rng))


def draw_faults(
    table: pd.DataFrame, places: Places, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Draw who has which fault: small clinics most, the prone ones more."""
    size = table["kind"].map(
        {"private_clinic": 1.25, "dental_clinic": 1.1, "village_clinic": 0.8, "hospital_2plus": 0.3}
    )
    size = size.fillna(0.6).where(table["kind"].isin(MEDICAL), 0.0).to_numpy()
    prone = size * table["tendency"].to_numpy() / 1.6
    one = places.districts["name"].eq(names.FRINGE_COUNTY).to_numpy()[table["district"]]
    fringe = places.villages["fringe"].to_numpy()[table["village"]]
    scope = prone * np.where(one, np.where(fringe, 8.0, 0.22), 1.0)
    faults = {
        topic: rng.random(len(table))
        < np.minimum((scope if topic == "out_of_scope" else prone) * share, 0.7)
        for topic, share in FAULTS.items()
    }
    parlour = (table["kind"] == "beauty_parlour").to_numpy()
    faults["illegal_cosmetic"] = parlour & (
        rng.random(len(table)) < np.minimum(0.13 * table["tendency"].to_numpy(), 0.7)
    )
    return faults


def _counts(scale: Scale) -> dict[str, int]:
    """Give the size of the register by kind; village clinics follow from the villages."""
    whole = {
        "hospital_2plus": 35,
        "hospital": 26,
        "community_health_centre": 62,
        "private_clinic": 1_190,
        "dental_clinic": 130,
        "wellness_shop": 300,
        "pharmacy": 820,
    }
    return {kind: max(2, round(count * scale.share)) for kind, count in whole.items()}


def _sites(scale: Scale, places: Places, rng: np.random.Generator) -> tuple[list[str], Ints]:
    """Draw a village for every facility."""
    v = places.villages
    code = v["urban_rural_code"].to_numpy()
    people = v["residents"].to_numpy()
    urban, town = np.isin(code, ("111", "112")), np.isin(code, ("121", "122", "210"))
    core = np.isin(code, ("111", "121"))
    street = places.townships["is_street"].to_numpy()[v["township"]]
    kinds: list[str] = []
    village: list[int] = []

    def put(kind: str, count: int, weight: Floats) -> None:
        chosen = rng.choice(people.size, count, p=weight / weight.sum())
        kinds.extend([kind] * count)
        village.extend(chosen.tolist())

    count = _counts(scale)
    put("hospital_2plus", count["hospital_2plus"], people * core)
    put("hospital", count["hospital"], people * (core + 0.05))
    towns = places.townships.loc[~places.townships["is_street"], "village"].tolist()
    kinds.extend(["township_health_centre"] * len(towns))
    village.extend(towns)
    put("community_health_centre", count["community_health_centre"], people * (street | core))
    where = people * np.where(urban, 1.2, np.where(town, 1.25, 0.45))
    put("private_clinic", count["private_clinic"], where)
    put("dental_clinic", count["dental_clinic"], people * np.where(core, 1.0, 0.15))
    rural = np.flatnonzero(~core & (rng.random(people.size) < 0.96))
    kinds.extend(["village_clinic"] * rural.size)
    village.extend(rural.tolist())
    put("beauty_parlour", round(470 * scale.share), people * urban * street)
    put("beauty_parlour", round(290 * scale.share), people * ~urban * (town + 0.08))
    put("wellness_shop", count["wellness_shop"], people * np.where(urban | town, 1.0, 0.15))
    put("pharmacy", count["pharmacy"], people * np.where(urban | town, 1.0, 0.25))
    markets = rng.permutation(towns)[: round(0.7 * len(towns))].tolist()
    kinds.extend(["other"] * len(markets))
    village.extend(markets)
    return kinds, np.array(village, dtype=np.int64)


def _names(table: pd.DataFrame, places: Places, rng: np.random.Generator) -> list[str]:
    shops = names.shop_names(len(table), rng)
    towns = places.townships["name"].to_numpy()[places.villages["township"]][table["village"]]
    homes = places.villages["name"].to_numpy()[table["village"]]
    districts = places.districts["name"].to_numpy()[table["district"]]
    hospitals: dict[str, int] = {}
    made = []
    for kind, shop, town, home, district in zip(
        table["kind"], shops, towns, homes, districts, strict=True
    ):
        place = town
        number = 0
        if kind == "hospital_2plus":
            place = district
            number = hospitals[district] = hospitals.get(district, 0) + 1
        text = _NAMES[kind].format(
            shop=home[:-1].removesuffix("社")[:2] + shop if kind != "hospital" else shop,
            town=place,
            village=home,
            n="一二三四五六七八九十"[min(number, 10) - 1],
        )
        made.append(text)
    return made


def _addresses(table: pd.DataFrame, places: Places, rng: np.random.Generator) -> list[str]:
    v = places.villages
    towns = places.townships["name"].to_numpy()[v["township"]][table["village"]]
    homes = v["name"].to_numpy()[table["village"]]
    districts = places.districts["name"].to_numpy()[table["district"]]
    doors = rng.integers(1, 260, len(table))
    return [f"{a}{b}{c}{d}号" for a, b, c, d in zip(districts, towns, homes, doors, strict=True)]


def _add_life(table: pd.DataFrame, end: date, rng: np.random.Generator) -> None:
    """Give dates of opening and closing: most are old, some opened or closed in the history."""
    n = len(table)
    first = week_starts(end)[0]
    small = table["kind"].isin(
        ("private_clinic", "dental_clinic", "beauty_parlour", "wellness_shop", "pharmacy")
    )
    age = rng.integers(200, 5_500, n)
    opened = [first - timedelta(days=int(days)) for days in age]
    new = small & (rng.random(n) < 0.07)
    gone = small & ~new & (rng.random(n) < 0.06)
    table["opened_on"] = [
        first + timedelta(days=int(rng.integers(0, 700))) if is_new else day
        for is_new, day in zip(new, opened, strict=True)
    ]
    table["closed_on"] = [
        first + timedelta(days=int(rng.integers(20, 720))) if is_gone else None for is_gone in gone
    ]
    table["from_week"] = [(day - first).days // 7 for day in table["opened_on"]]
    table["to_week"] = [
        10_000 if not is_gone else (day - first).days // 7
        for is_gone, day in zip(gone, table["closed_on"], strict=True)
    ]


def _add_licence(table: pd.DataFrame, end: date, rng: np.random.Generator) -> None:
    """Give licences to medical institutions; a few have run out."""
    scopes, numbers, expiries, hours = [], [], [], []
    for number, (kind, village) in enumerate(zip(table["kind"], table["village"], strict=True)):
        medical = kind in MEDICAL
        scope = _SCOPES.get(kind) or _CLINIC_SCOPES[int(rng.integers(len(_CLINIC_SCOPES)))]
        scopes.append(scope if medical else None)
        numbers.append(f"PDY99{village:05d}{number:06d}" if medical else None)
        expiries.append(end + timedelta(days=int(rng.integers(-45, 1_700))) if medical else None)
        hours.append(_HOURS.get(kind) or f"{market_text(village % 3)} 06:30-13:00")
    table["licence_scope"], table["licence_no"] = scopes, numbers
    table["licence_expiry"], table["opening_hours"] = expiries, hours


def _grades(table: pd.DataFrame, rng: np.random.Generator) -> list[str | None]:
    """Grade by the bureau's own rating: it knows the tendency only roughly."""
    seen = table["tendency"].to_numpy() * np.exp(rng.normal(0.0, 0.6, len(table)))
    rank = np.argsort(np.argsort(seen)) / len(table)
    grade = np.array(["A", "B", "C", "D"])[np.searchsorted([0.35, 0.75, 0.94], rank)]
    known = table["kind"].isin(MEDICAL) & (rng.random(len(table)) < 0.93)
    return [str(g) if k else None for g, k in zip(grade, known, strict=True)]
