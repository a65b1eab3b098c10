"""Two years, week by week: sites come and go, people report, inspectors call and find."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from data.synthetic import casework
from data.synthetic.casework import Case
from data.synthetic.hidden import Hidden, Site, season_of
from data.synthetic.inspecting import Call, Inspecting
from data.synthetic.institutions import Institutions
from data.synthetic.quotas import LEADS, Quotas, surge_of, weighted_order
from data.synthetic.reporting import PUBLIC, Lead, Reporting
from data.synthetic.scales import CAMPAIGN_WEEKS, N_WEEKS, Scale, random_for, week_starts

_FESTIVALS = (date(2025, 1, 29), date(2026, 2, 17), date(2027, 2, 6))
"""First days of the lunar years: tables of the lunar calendar."""
_FACILITY_FAULTS = (
    "non_health_staff",
    "medical_waste",
    "illegal_cosmetic",
    "expired_drugs",
    "hygiene",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultEnd:
    """A fault of a facility that was found and mended, or came back."""

    facility: int
    topic: str
    week: int
    is_back: bool


class History:
    """The history as it runs; afterwards ``calls``, ``cases`` and ``reporting.leads`` hold it."""

    def __init__(
        self,
        scale: Scale,
        institutions: Institutions,
        hidden: Hidden,
        reporting: Reporting,
        inspecting: Inspecting,
        *,
        end: date,
        seed: int,
    ) -> None:
        self.calls: list[Call] = []
        self.cases: list[Case] = []
        self.fault_ends: list[FaultEnd] = []
        self._rng = random_for(seed, "history")
        self._quotas = Quotas(scale, seed=seed)
        self._scale, self._hidden = scale, hidden
        self._reporting, self._inspecting = reporting, inspecting
        self._faults, self._table = institutions.faults, institutions.table
        self._starts = week_starts(end)
        self.first_faults = {topic: has.copy() for topic, has in institutions.faults.items()}
        self._counted: set[tuple[int, str]] = set()
        self._mended: list[tuple[int, str, int]] = []
        self._watch: list[tuple[int, Lead, Site]] = []

    def run(self) -> None:
        """Run all weeks."""
        for week in range(N_WEEKS):
            self._run_week(week)

    def _run_week(self, week: int) -> None:
        monday = self._starts[week]
        to_festival = min((f - monday).days for f in _FESTIVALS if (f - monday).days >= -6)
        self._hidden.step(week, season=season_of(week, to_festival))
        self._come_back(week)
        quiet = -6 <= to_festival <= 3 or _holds(monday, date(monday.year, 10, 2))
        self._hear(week, monday, surge_of(to_festival, week))
        due = [lead for lead in self._reporting.leads if lead.visit_week == week]
        calls = self._inspecting.calls(week, leads=due, monday=monday, quiet=quiet)
        calls.extend(self._stakeouts(week, monday))
        self._doors(calls, week)
        self._find_sites(calls, week, monday)
        self._find_faults(calls, week)
        self._conclude(calls)
        self.calls.extend(calls)

    def _hear(self, week: int, monday: date, surge: float) -> None:
        """Register the leads of a week."""
        at = datetime.combine(monday, time())
        count = self._quotas.due(LEADS, week, surge=surge)
        sites = self._hidden.open_sites(week) + [
            s
            for s in self._hidden.sites[-200:]
            if s.ended in ("warned", "moved") and s.to_week == week
        ]
        told = sum(
            lead.topic == "out_of_scope" and lead.channel in PUBLIC and lead.same_as < 0
            for lead in self._reporting.leads
            if lead.week >= CAMPAIGN_WEEKS[0]
        )
        n_scope = int(self._quotas.is_behind("out_of_scope_lead", week, told, lead=1.5))
        self._reporting.public(week, at, count, sites, n_scope=n_scope)
        self._quotas.book(LEADS, week, count)
        rate = 0.8 * self._scale.share
        for channel, chance in (("handover", rate * 0.55), ("patrol_report", rate)):
            for _ in range(int(self._rng.poisson(chance))):
                about = None
                if sites and self._rng.random() < 0.6:
                    about = sites[int(self._rng.integers(len(sites)))]
                self._reporting.other(week, at, channel, about)

    def _stakeouts(self, week: int, monday: date) -> list[Call]:
        due = [(lead, site) for when, lead, site in self._watch if when == week]
        return [
            self._inspecting.stakeout(lead, week, site, monday)
            for lead, site in due
            if site.is_open(week)
        ]

    def _doors(self, calls: list[Call], week: int) -> None:
        """Let some doors stay closed and put them on the plan again."""
        for call in calls:
            if call.kind in ("sweep", "undercover", "stakeout") or call.result == "moved":
                continue
            roll = self._rng.random()
            if roll < 0.02:
                call.result = "closed_door"
                self._inspecting.again(call, min(week + 1, _same_side(week)), "routine")
            elif roll < 0.023 and call.facility >= 0:
                call.result = "refused"
                self._inspecting.again(call, min(week + 1, _same_side(week)), "reinspection")

    def _chances(self, calls: list[Call], week: int) -> list[tuple[float, Call, Site]]:
        """List the sites that this week's calls could find, and warn some of them."""
        by_village: dict[int, list[Site]] = {}
        by_facility: dict[int, list[Site]] = {}
        for site in self._hidden.open_sites(week):
            by_village.setdefault(site.village, []).append(site)
            if site.facility >= 0:
                by_facility.setdefault(site.facility, []).append(site)
        found: list[tuple[float, Call, Site]] = []
        for call in calls:
            if call.result != "pass" or call.kind == "undercover":
                continue
            if call.kind == "sweep":
                near = [
                    (s, 0.25 if s.kind == "itinerant" else 0.5)
                    for s in by_village.get(call.village, [])
                ]
            elif call.lead is not None and call.lead.site is not None:
                near = [(call.lead.site, 0.9 if call.kind == "stakeout" else 0.65)]
            else:
                near = [(s, 0.45) for s in by_facility.get(call.facility, [])]
            for site, chance in near:
                if not site.is_open(week):
                    continue
                if self._rng.random() < (0.06 if call.kind == "stakeout" else 0.13):
                    self._hidden.warn(site, week)
                    continue
                found.append((chance * self._inspecting.ability(call), call, site))
        return found

    def _find_sites(self, calls: list[Call], week: int, monday: date) -> None:
        chances = self._chances(calls, week)
        by_lead = [c for c in chances if _counts_as_lead(c[1], week)]
        other = [c for c in chances if c[1].lead is None or c[1].lead.channel not in PUBLIC]
        done = self._take_sites(by_lead, "unlicensed_lead", week, monday, set())
        if CAMPAIGN_WEEKS[0] <= week < CAMPAIGN_WEEKS[1]:
            calls.extend(self._watch_again(week, monday, done))
        if week == CAMPAIGN_WEEKS[1] - 1:
            self._quotas.shift("unlicensed_lead", "unlicensed_other")
        done = self._take_sites(other, "unlicensed_other", week, monday, done)
        if CAMPAIGN_WEEKS[0] <= week < CAMPAIGN_WEEKS[1]:
            self._follow_tips(calls, week, monday)
        for _, call, site in chances:
            if call.lead is None or site.number in done or call.kind == "stakeout":
                continue
            if self._rng.random() < 0.5:
                call.result = "closed_door" if self._rng.random() < 0.6 else call.result
                if week + 2 < N_WEEKS and _same_side(week) >= week + 2:
                    self._watch.append((week + 2, call.lead, site))

    def _take_sites(
        self,
        chances: list[tuple[float, Call, Site]],
        what: str,
        week: int,
        monday: date,
        done: set[int],
    ) -> set[int]:
        """Find as many sites as are due, likelier ones first, each call at most one."""
        due = self._quotas.due(what, week)
        used: set[int] = set()
        count = 0
        for place in weighted_order([chance for chance, _, _ in chances], self._rng):
            _, call, site = chances[place]
            if count >= due or site.number in done or id(call) in used or call.case >= 0:
                continue
            self._book_site(call, site, week, monday)
            done.add(site.number)
            used.add(id(call))
            count += 1
        self._quotas.book(what, week, count)
        return done

    def _book_site(self, call: Call, site: Site, week: int, monday: date) -> None:
        call.site, call.result = site, "violation"
        call.topics.append("unlicensed_practice")
        call.lon, call.lat = site.lon, site.lat
        self._file("unlicensed_practice", call, monday)
        self._hidden.find(site, week, call.day or monday)

    def _watch_again(self, week: int, monday: date, done: set[int]) -> list[Call]:
        """
        Where true leads were taken too slowly, wait at the door of those that were missed.

        The person may have moved on since: who is watched is found at the new place.
        """
        slack = 0 if week >= CAMPAIGN_WEEKS[1] - 3 else 3
        short = self._quotas.due("unlicensed_lead", week) - slack
        now = {site.practitioner: site for site in self._hidden.open_sites(week)}
        calls: list[Call] = []
        for lead in self._reporting.leads:
            known = lead.week >= CAMPAIGN_WEEKS[0] and lead.channel in PUBLIC and lead.case < 0
            if len(calls) >= short or not known or lead.site is None or lead.same_as >= 0:
                continue
            site = now.get(lead.site.practitioner)
            if site is None or site.number in done or lead.week > week - 1:
                continue
            call = self._inspecting.stakeout(lead, week, site, monday)
            self._book_site(call, site, week, monday)
            lead.visit_week = min(lead.visit_week, week)
            done.add(site.number)
            calls.append(call)
        self._quotas.book("unlicensed_lead", week, len(calls))
        return calls

    def _follow_tips(self, calls: list[Call], week: int, monday: date) -> None:
        """Where the course is short near its end, another department's hint fills in."""
        short = self._quotas.due("unlicensed_other", week)
        slack = 0 if week == CAMPAIGN_WEEKS[1] - 1 else 2
        sites = [s for s in self._hidden.open_sites(week) if s.facility < 0]
        for _ in range(max(0, min(short - slack, len(sites)))):
            site = sites.pop(int(self._rng.integers(len(sites))))
            at = datetime.combine(monday, time())
            lead = self._reporting.other(week, at, "handover", site)
            lead.received_at = at - timedelta(days=2, hours=-10)
            lead.visit_week = week
            call = self._inspecting.tip(site, lead, week, monday)
            self._book_site(call, site, week, monday)
            calls.append(call)
            self._quotas.book("unlicensed_other", week, 1)

    def _find_faults(self, calls: list[Call], week: int) -> None:
        """Find faults of facilities among this week's calls, as many as are due."""
        seen = [
            c for c in calls if c.facility >= 0 and c.result == "pass" and c.kind != "undercover"
        ]
        for topic in ("out_of_scope", *_FACILITY_FAULTS):
            fit = [
                c for c in seen if self._faults[topic][c.facility] and self._is_new(c, topic, week)
            ]
            if topic != "out_of_scope":
                self._take_faults(fit, topic, topic, week)
                continue
            told = [c for c in fit if _counts_as_lead(c, week)]
            self._take_faults(told, topic, "out_of_scope_lead", week)
            if week == CAMPAIGN_WEEKS[1] - 1:
                self._quotas.shift("out_of_scope_lead", "out_of_scope_other")
            rest = [c for c in fit if c.lead is None or c.lead.channel not in PUBLIC]
            self._take_faults(rest, topic, "out_of_scope_other", week)

    def _is_new(self, call: Call, topic: str, week: int) -> bool:
        """Count each institution and fault once in the campaign."""
        campaign = CAMPAIGN_WEEKS[0] <= week < CAMPAIGN_WEEKS[1]
        return not campaign or (call.facility, topic) not in self._counted

    def _take_faults(self, fit: list[Call], topic: str, what: str, week: int) -> None:
        due, count = self._quotas.due(what, week), 0
        chances = [self._inspecting.ability(call) * (2.0 if call.lead else 1.0) for call in fit]
        taken: set[int] = set()
        for place in weighted_order(chances, self._rng):
            call = fit[place]
            if (
                count >= due
                or call.facility in taken
                or (call.case >= 0 and topic == "out_of_scope")
            ):
                continue
            taken.add(call.facility)
            call.result = "violation"
            call.topics.append(topic)
            if CAMPAIGN_WEEKS[0] <= week < CAMPAIGN_WEEKS[1]:
                self._counted.add((call.facility, topic))
            if topic == "out_of_scope":
                self._file(topic, call, self._starts[week])
            if self._rng.random() < 0.7:
                self._faults[topic][call.facility] = False
                self._mended.append((call.facility, topic, week))
                self.fault_ends.append(
                    FaultEnd(facility=call.facility, topic=topic, week=week, is_back=False)
                )
            if self._rng.random() < 0.6:
                self._inspecting.again(call, week + int(self._rng.integers(4, 9)), "reinspection")
            count += 1
        self._quotas.book(what, week, count)

    def _come_back(self, week: int) -> None:
        """Let mended faults come back, sooner once the campaign is over."""
        chance = 0.05 if week >= CAMPAIGN_WEEKS[1] else 0.012
        for item in list(self._mended):
            facility, topic, since = item
            if week - since > 6 and self._rng.random() < chance:
                self._faults[topic][facility] = True
                self._mended.remove(item)
                self.fault_ends.append(
                    FaultEnd(facility=facility, topic=topic, week=week, is_back=True)
                )

    def _file(self, topic: str, call: Call, monday: date) -> None:
        case = casework.open_case(
            len(self.cases), topic, call, monday + timedelta(days=6), self._rng
        )
        call.case = case.number
        if call.lead is not None:
            call.lead.case = case.number
        self.cases.append(case)

    def _conclude(self, calls: list[Call]) -> None:
        """Write down what a lead came to; undercover finds become leads."""
        for call in calls:
            lead = call.lead
            if lead is not None:
                lead.visited_at = call.started_at
                if call.result == "violation":
                    lead.outcome = "substantiated"
                elif lead.outcome is None:
                    gone = lead.site is not None or call.result == "moved"
                    lead.outcome = "not_found" if gone else "unsubstantiated"
            elif call.kind == "undercover" and self._faults["out_of_scope"][call.facility]:
                at = datetime.combine(self._starts[call.week], time())
                tip = self._reporting.other(call.week, at, "undercover", None)
                tip.topic, tip.facility, tip.village = "out_of_scope", call.facility, call.village
                tip.visit_week = min(call.week + 1, _same_side(call.week))
                if call.started_at is not None:
                    tip.received_at = call.started_at + timedelta(hours=3)
                tip.visit_week = max(tip.visit_week, call.week + 1)


def _counts_as_lead(call: Call, week: int) -> bool:
    """Say whether a find by this call counts as a case from a public lead of its period."""
    if call.lead is None or call.lead.channel not in PUBLIC:
        return False
    return _same_side(call.lead.week) == _same_side(week)


def _same_side(week: int) -> int:
    """Give the last week of the period (before, in or after the campaign) that holds a week."""
    low, high = CAMPAIGN_WEEKS
    return low - 1 if week < low else high - 1 if week < high else N_WEEKS - 1


def _holds(monday: date, day: date) -> bool:
    return monday <= day <= monday + timedelta(days=6)
