"""The hidden truth: dens, dental dens, shops that treat patients, practitioners on the road."""

from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pandas as pd

from data.synthetic import names
from data.synthetic.institutions import Institutions
from data.synthetic.lattice import Floats
from data.synthetic.lines import Ground
from data.synthetic.places import Places
from data.synthetic.scales import CAMPAIGN_WEEKS, N_WEEKS, Scale, random_for
from data.synthetic.terrain import Terrain, noise

STOCK = {"den": 96, "dental_den": 26, "shop_clinic": 28}
"""Hidden sites of each kind open at a time in a prefecture: an assumption."""
_CLOSES = {"den": 0.012, "dental_den": 0.003, "shop_clinic": 0.008}
_N_ITINERANT = 24
_REGION_M = 14_000.0


@dataclass(slots=True, eq=False)
class Site:
    """
    One hidden site. Weeks count from the start of the history; ``to_week`` is the
    first week in which it is gone, ``ended`` how: found, quiet, warned, moved, or "".
    """

    number: int
    kind: str
    village: int
    lon: float
    lat: float
    from_week: int
    practitioner: int
    facility: int = -1
    to_week: int = 10_000
    ended: str = ""
    found_on: date | None = None
    n_leads: int = 0
    appeal: float = 1.0

    def is_open(self, week: int) -> bool:
        """Say whether it works in a week."""
        return self.from_week <= week < self.to_week


@dataclass(slots=True, eq=False)
class Practitioner:
    """Who runs a site. ``circuit`` holds the villages that an itinerant works in turn."""

    number: int
    kind: str
    home: int
    circuit: list[int] = field(default_factory=list)
    is_stopped: bool = False


class Hidden:
    """All hidden sites and how they come, go and move from week to week."""

    def __init__(
        self,
        scale: Scale,
        terrain: Terrain,
        places: Places,
        institutions: Institutions,
        ground: Ground,
        *,
        seed: int,
    ) -> None:
        self.sites: list[Site] = []
        self.people: list[Practitioner] = []
        self._rng = random_for(seed, "hidden")
        self._scale, self._places, self._ground = scale, places, ground
        self._register = institutions.table
        self._weight = _attraction(terrain, places, self._rng)
        self._reopen: list[tuple[int, Site]] = []
        self._x = places.villages["lon"].to_numpy() * 100_600.0
        self._y = places.villages["lat"].to_numpy() * 110_800.0
        for kind, count in STOCK.items():
            for _ in range(max(1, round(count * scale.share))):
                self._open(kind, -int(self._rng.integers(1, 150)))
        for _ in range(max(2, round(_N_ITINERANT * scale.share))):
            self._add_itinerant()

    def open_sites(self, week: int) -> list[Site]:
        """List the sites that work in a week."""
        return [site for site in self.sites if site.is_open(week)]

    def step(self, week: int, *, season: float) -> None:
        """Let a week pass: some sites close by themselves, new ones and old hands open."""
        for site in self.open_sites(week):
            if site.kind in _CLOSES and self._rng.random() < _CLOSES[site.kind]:
                site.to_week, site.ended = week, "quiet"
        for kind, count in STOCK.items():
            open_now = sum(site.kind == kind for site in self.open_sites(week))
            aim = count * self._scale.share * season
            rate = _CLOSES[kind] * aim + 0.09 * max(0.0, aim - open_now)
            for _ in range(int(self._rng.poisson(rate))):
                self._open(kind, week)
        for when, old in [item for item in self._reopen if item[0] == week]:
            self._reopen.remove((when, old))
            self._open(old.kind, week, near=old)
        for person in self.people:
            if person.circuit and not person.is_stopped:
                self._move(person, week)

    def warn(self, site: Site, week: int) -> None:
        """Tell a site of the visit: it closes now and mostly opens elsewhere soon."""
        site.to_week, site.ended = week, "warned"
        if site.kind in ("den", "dental_den") and self._rng.random() < 0.8:
            self._reopen.append((week + int(self._rng.integers(1, 4)), site))

    def find(self, site: Site, week: int, day: date) -> None:
        """Close a site for good; nearly half the people behind it try again elsewhere."""
        site.to_week, site.ended, site.found_on = week + 1, "found", day
        person = self.people[site.practitioner]
        if person.circuit:
            person.is_stopped = bool(self._rng.random() < 0.7)
        elif site.kind in ("den", "dental_den") and self._rng.random() < 0.45:
            self._reopen.append((week + int(self._rng.integers(4, 11)), site))

    def _open(self, kind: str, week: int, *, near: Site | None = None) -> None:
        weight = self._weight.copy()
        if near is not None:
            away = np.hypot(self._x - self._x[near.village], self._y - self._y[near.village])
            weight *= np.exp(-((away / 9_000.0) ** 2))
            weight[near.village] = 0.0
        facility = -1
        if kind == "shop_clinic":
            shops = self._register["kind"].isin(("wellness_shop", "pharmacy")).to_numpy()
            chance = shops * weight[self._register["village"]] * self._register["tendency"]
            facility = int(self._rng.choice(len(chance), p=chance / chance.sum()))
            village = int(self._register["village"][facility])
        else:
            village = int(self._rng.choice(weight.size, p=weight / weight.sum()))
        if near is None:
            person = len(self.people)
            self.people.append(Practitioner(person, "resident", village))
        else:
            person = near.practitioner
        self._add(kind, village, week, person, facility)

    def _add(self, kind: str, village: int, week: int, person: int, facility: int = -1) -> None:
        if facility >= 0:
            lon = float(self._register["lon"][facility])
            lat = float(self._register["lat"][facility])
        else:
            cell = self._places.cells_in(np.array([village]), self._rng)
            lons, lats = self._ground.place(cell, jitter_m=100.0, rng=self._rng)
            lon, lat = float(lons[0]), float(lats[0])
        self.sites.append(
            Site(
                number=len(self.sites),
                kind=kind,
                village=village,
                lon=lon,
                lat=lat,
                from_week=week,
                practitioner=person,
                facility=facility,
                appeal=float(self._rng.lognormal(0.0, 0.6)),
            )
        )

    def _add_itinerant(self) -> None:
        market = np.flatnonzero(self._places.villages["market"].to_numpy() >= 0)
        home = int(self._rng.choice(market))
        away = np.hypot(self._x[market] - self._x[home], self._y[market] - self._y[home])
        round_trip = market[np.argsort(away)[: int(self._rng.integers(3, 7))]]
        person = Practitioner(len(self.people), "itinerant", home, round_trip.tolist())
        self.people.append(person)
        self._move(person, 0)

    def _move(self, person: Practitioner, week: int) -> None:
        mine = [s for s in self.sites[-400:] if s.practitioner == person.number and s.is_open(week)]
        if mine and (self._rng.random() < 0.6 or week == mine[0].from_week):
            return
        for site in mine:
            site.to_week, site.ended = week, "moved"
        self._add("itinerant", int(self._rng.choice(person.circuit)), week, person.number)

    def table(self, starts: list[date]) -> pd.DataFrame:
        """Give the truth as a table: who, where, from when to when, found on which day."""
        villages = self._places.villages
        first, last = starts[0], N_WEEKS
        return pd.DataFrame(
            {
                "site_id": [f"S{site.number:04d}" for site in self.sites],
                "kind": [site.kind for site in self.sites],
                "practitioner_id": [f"P{site.practitioner:04d}" for site in self.sites],
                "village_code": villages["code"].to_numpy()[[s.village for s in self.sites]],
                "lon": [site.lon for site in self.sites],
                "lat": [site.lat for site in self.sites],
                "facility_id": [
                    self._register["facility_id"][s.facility] if s.facility >= 0 else None
                    for s in self.sites
                ],
                "from_on": [
                    pd.Timestamp(first) + pd.Timedelta(weeks=site.from_week) for site in self.sites
                ],
                "to_on": [
                    pd.Timestamp(first) + pd.Timedelta(weeks=site.to_week)
                    if site.to_week <= last
                    else pd.NaT
                    for site in self.sites
                ],
                "ended": [site.ended if site.to_week <= last else "" for site in self.sites],
                "found_on": pd.to_datetime([site.found_on for site in self.sites]),
            }
        )


def _attraction(terrain: Terrain, places: Places, rng: np.random.Generator) -> Floats:
    """Rate villages for a den: people, fringe and remote ground, and luck of the region."""
    v = places.villages
    region = noise(terrain.grid.shape, rng, power=1.5, low_m=_REGION_M).ravel()[v["cell"]]
    form = v["urban_rural_code"].map(
        {"111": 0.6, "112": 4.6, "121": 0.7, "122": 4.0, "123": 1.2, "210": 0.8, "220": 0.75}
    )
    remote = np.where(v["remote"], 3.2, 1.0)
    weight = (v["residents"].to_numpy() + 100.0) ** 0.8 * form.to_numpy() * remote
    weight *= np.exp(0.7 * region + rng.normal(0.0, 0.35, len(v)))
    county = places.districts["name"].eq(names.FRINGE_COUNTY).to_numpy()[v["district"]]
    made: Floats = weight * np.where(county, np.where(v["fringe"], 8.0, 0.22), 1.0)
    return made


def season_of(week: int, days_to_festival: int) -> float:
    """Rate how many sites a week supports: more before Spring Festival, a rebound afterwards."""
    before_festival = 1.25 if 0 <= days_to_festival <= 60 else 1.0
    low, high = CAMPAIGN_WEEKS
    campaign = 0.9 if low + 4 <= week < high else 1.25 if week >= high else 1.0
    return before_festival * campaign
