"""Which doors are knocked at: plans of the campaign, routine, draws, sweeps, leads, re-checks."""

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

import numpy as np

from data.synthetic.hidden import Site
from data.synthetic.institutions import Institutions
from data.synthetic.lattice import Floats, Ints
from data.synthetic.places import Places
from data.synthetic.reporting import Lead
from data.synthetic.scales import CAMPAIGN_WEEKS, N_WEEKS, Scale, random_for
from data.synthetic.staff import Staff

INSPECTED = {
    "hospital_2plus": 35,
    "hospital": 8,
    "township_health_centre": 89,
    "community_health_centre": 62,
    "private_clinic": 840,
    "dental_clinic": 42,
    "village_clinic": 294,
    "wellness_shop": 40,
    "pharmacy": 40,
}
"""Facilities that the campaign inspects, by kind; parlours are told apart by place."""
PARLOURS = {True: 320, False: 160}
"""Parlours that the campaign inspects: in the main city's urban and fringe villages, elsewhere."""
_MINUTES = {"sweep": 140, "stakeout": 240, "joint": 90, "undercover": 35, "complaint": 60}
_SPARE = 1.03


@dataclass(slots=True, eq=False)
class Call:
    """One inspection: at a ``facility``, or (-1) at a place in a village."""

    kind: str
    week: int
    district: int
    village: int
    lon: float
    lat: float
    facility: int = -1
    lead: Lead | None = None
    day: date | None = None
    started_at: datetime | None = None
    officers: tuple[int, ...] = ()
    n_officers: int = 2
    minutes: int = 45
    result: str = "pass"
    topics: list[str] = field(default_factory=list)
    case: int = -1
    departments: str | None = None
    arm: str | None = None
    inclusion_prob: float | None = None
    item_code: str | None = None
    site: Site | None = None


class Inspecting:
    """The calls of every week, before anybody knows what they find."""

    def __init__(
        self, scale: Scale, places: Places, institutions: Institutions, staff: Staff, *, seed: int
    ) -> None:
        self._rng = random_for(seed, "inspecting")
        self._scale, self._places, self._staff = scale, places, staff
        self._table = institutions.table
        self._weeks_open = _weeks_open(institutions, N_WEEKS)
        minutes = places.villages["seat_minutes"].to_numpy()
        self._habit: Floats = np.exp(-minutes / 45.0)
        self.plan: list[list[tuple[int, str, float | None]]] = [[] for _ in range(N_WEEKS + 12)]
        self.campaign_set = self._plan_campaign()
        self._plan_routine()

    def calls(self, week: int, *, leads: list[Lead], monday: date, quiet: bool) -> list[Call]:
        """Make the calls of a week: planned doors, sweeps, and the leads that are due."""
        made = [self._at_facility(f, kind, week, prob) for f, kind, prob in self.plan[week]]
        if quiet:
            self.plan[week + 1].extend(self.plan[week])
            made = []
        for lead in leads:
            made.append(self._for_lead(lead, week))
        heard = np.zeros(len(self._places.villages))
        for lead in leads:
            heard[lead.village] += 1.0
        if not quiet:
            made.extend(self._sweeps(week, heard))
        for call in made:
            self.send(call, monday)
        return made

    def send(self, call: Call, monday: date) -> None:
        """Give a call its day, hour and officers."""
        rng = self._rng
        weekend = call.kind in ("sweep", "stakeout") and rng.random() < 0.15
        day = monday + timedelta(days=int(rng.integers(5, 7) if weekend else rng.integers(0, 5)))
        if call.lead is not None and call.lead.received_at.date() >= day:
            day = min(call.lead.received_at.date() + timedelta(days=1), monday + timedelta(days=6))
        minute = int(rng.choice([0, 1], p=[0.56, 0.44])) * 335 + int(rng.integers(0, 30)) * 5
        call.day = day
        call.started_at = datetime.combine(day, time(8, 40)) + timedelta(minutes=minute)
        call.officers = self._staff.pick(call.district, call.lon, call.lat, day, rng)
        usual = _MINUTES.get(call.kind, 45)
        call.minutes = max(15, 5 * round(usual * float(rng.lognormal(0.0, 0.3)) / 5))

    def ability(self, call: Call) -> float:
        """Rate the pair that goes, 1 on average."""
        return float(np.mean(self._staff.officers["ability"].to_numpy()[list(call.officers)]))

    def again(self, call: Call, week: int, kind: str) -> None:
        """Put a door on the plan of a later week."""
        if call.facility >= 0 and week < N_WEEKS:
            self.plan[week].append((call.facility, kind, None))

    def stakeout(self, lead: Lead, week: int, site: Site, monday: date) -> Call:
        """Watch a place where a lead found a closed door."""
        call = self._for_lead(lead, week)
        call.kind, call.lon, call.lat = "stakeout", site.lon, site.lat
        call.village = site.village
        call.district = int(self._places.villages["district"][site.village])
        self.send(call, monday)
        return call

    def tip(self, site: Site, lead: Lead, week: int, monday: date) -> Call:
        """Follow the hint of another department."""
        call = self._for_lead(lead, week)
        call.lon, call.lat = site.lon, site.lat
        self.send(call, monday)
        return call

    def _at_facility(self, facility: int, kind: str, week: int, prob: float | None) -> Call:
        row = self._table.iloc[facility]
        call = Call(
            kind=kind,
            week=week,
            district=int(row["district"]),
            village=int(row["village"]),
            lon=float(row["lon"]),
            lat=float(row["lat"]),
            facility=facility,
        )
        if prob is not None:
            call.arm, call.inclusion_prob = "random", prob
        if self._weeks_open[facility, 1] <= week:
            call.result = "moved"
        return call

    def _for_lead(self, lead: Lead, week: int) -> Call:
        if lead.facility >= 0:
            call = self._at_facility(lead.facility, "complaint", week, None)
        else:
            v = self._places.villages.iloc[lead.village]
            lon, lat = float(v["lon"]), float(v["lat"])
            if lead.site is not None:
                lon, lat = lead.site.lon, lead.site.lat
            call = Call("complaint", week, int(v["district"]), lead.village, lon, lat)
        call.lead = lead
        return call

    def _sweeps(self, week: int, heard: Floats) -> list[Call]:
        """Search villages: near ones and loud ones by habit, two a week by lot."""
        rng, v = self._rng, self._places.villages
        campaign = CAMPAIGN_WEEKS[0] <= week < CAMPAIGN_WEEKS[1]
        count = int(rng.poisson((3.4 if campaign else 2.2) * self._scale.share))
        weight = self._habit * (1.0 + 2.2 * v["fringe"].to_numpy()) * (1.0 + 4.0 * heard)
        chosen = rng.choice(len(v), count, replace=False, p=weight / weight.sum())
        made = [self._sweep(int(village), week, None) for village in chosen]
        for stratum in (v["remote"].to_numpy(), ~v["remote"].to_numpy()):
            pool = np.flatnonzero(stratum)
            if self._scale.share >= 1.0 or rng.random() < 0.3:
                prob = (1.0 if self._scale.share >= 1.0 else 0.3) / pool.size
                made.append(self._sweep(int(rng.choice(pool)), week, round(prob, 6)))
        return made

    def _sweep(self, village: int, week: int, prob: float | None) -> Call:
        row = self._places.villages.iloc[village]
        call = Call(
            "sweep", week, int(row["district"]), village, float(row["lon"]), float(row["lat"])
        )
        call.arm = "random" if prob is not None else "targeted"
        call.inclusion_prob = prob
        return call

    def _plan_campaign(self) -> set[int]:
        """Choose whom the campaign inspects and in which week: township after township."""
        rng, table = self._rng, self._table
        low, high = CAMPAIGN_WEEKS
        alive = (self._weeks_open[:, 0] < low) & (self._weeks_open[:, 1] > high)
        turn = rng.permutation(len(self._places.townships)) / len(self._places.townships)
        when = turn[self._places.villages["township"].to_numpy()[table["village"]]]
        chosen: set[int] = set()
        drawn = self._draws(alive, low, high)
        kind, urban = table["kind"].to_numpy(), table["urban"].to_numpy()
        wanted = [(kind == k, n) for k, n in INSPECTED.items()]
        wanted += [((kind == "beauty_parlour") & (urban == u), n) for u, n in PARLOURS.items()]
        for mask, number in wanted:
            pool = np.flatnonzero(mask & (alive | (number <= 35)))
            aim = min(pool.size, round(number * self._scale.share * _SPARE))
            first = [f for f in drawn if mask[f]]
            rest = np.setdiff1d(pool, first)
            weight = self._habit[table["village"].to_numpy()[rest]] ** 0.6
            more = max(0, min(rest.size, aim - len(first)))
            picked = rng.choice(rest, more, replace=False, p=weight / weight.sum())
            chosen.update(first)
            chosen.update(int(f) for f in picked)
            for f in picked.tolist():
                at = low + int(np.clip(when[f] * (high - low) + rng.normal(0, 1.5), 0, 25.9))
                self.plan[at].append((f, "special", None))
        pool = np.array(sorted(chosen))
        for week in range(low, high):
            for f in rng.choice(pool, int(rng.poisson(self._scale.share))).tolist():
                self.plan[week].append((f, "undercover", None))
        return chosen

    def _draws(self, alive: np.ndarray, low: int, high: int) -> list[int]:
        """Draw objects by lot every fourth week, each with the same chance."""
        drawn: list[int] = []
        pool = np.flatnonzero(alive & self._drawable())
        count = max(2, round(22 * self._scale.share))
        prob = round(count / pool.size, 6)
        for week in range(low, high, 4):
            for f in self._rng.choice(pool, count, replace=False).tolist():
                at = min(high - 1, week + int(self._rng.integers(0, 4)))
                self.plan[at].append((f, "random_draw", prob))
                drawn.append(f)
        return sorted(set(drawn))

    def _drawable(self) -> np.ndarray:
        made: np.ndarray = (
            ~self._table["kind"].isin(("other", "pharmacy", "wellness_shop")).to_numpy()
        )
        return made

    def _plan_routine(self) -> None:
        """Plan the weeks outside the campaign: fewer doors, near ones, badly graded ones."""
        rng, table = self._rng, self._table
        low, high = CAMPAIGN_WEEKS
        grade = table["risk_grade"].map({"A": 0.6, "B": 1.0, "C": 1.6, "D": 2.2}).fillna(0.7)
        kinds = table["kind"].map({"hospital_2plus": 4.0, "township_health_centre": 2.0})
        habit = self._habit[table["village"]] * grade * kinds.fillna(1.0)
        weight = habit.to_numpy() * (table["kind"] != "other").to_numpy()
        self._draws(self._weeks_open[:, 1] > low, 2, low)
        self._draws(self._weeks_open[:, 1] > high, high, N_WEEKS)
        for week in [*range(low), *range(high, N_WEEKS)]:
            busy = 30.0 if 40 <= week < 52 else 21.0 if week < low else 15.0
            chance = weight * (self._weeks_open[:, 0] <= week) * (self._weeks_open[:, 1] > week - 2)
            count = int(rng.poisson(busy * self._scale.share))
            for f in rng.choice(
                chance.size, count, replace=False, p=chance / chance.sum()
            ).tolist():
                self.plan[week].append((f, "routine", None))
            if rng.random() < 0.6 * self._scale.share:
                self.plan[week].append(
                    (int(rng.choice(chance.size, p=chance / chance.sum())), "undercover", None)
                )


def _weeks_open(institutions: Institutions, n_weeks: int) -> Ints:
    """Give the first and the last week of business of each facility."""
    return np.column_stack(
        [institutions.table["from_week"], institutions.table["to_week"].clip(upper=n_weeks + 99)]
    )
