"""Two years of made-up history: it must hang together, and hide what a real one hides."""

import numpy as np
import pandas as pd
import pytest

from data.synthetic.city import _make_world
from data.synthetic.reporting import PUBLIC
from data.synthetic.scales import CAMPAIGN_WEEKS, END, N_WEEKS, week_starts

FIRST = pd.Timestamp(week_starts(END)[0])


@pytest.fixture(scope="module")
def world(prefecture_land):
    return _make_world(prefecture_land, end=END, seed=3)


def test_the_history_is_104_weeks_from_a_monday_to_a_sunday(world):
    """Weekly replays count on whole weeks."""
    assert len(week_starts(END)) == N_WEEKS == 104
    assert {day.weekday() for day in week_starts(END)} == {0}
    for table, column in (("complaints", "received_at"), ("inspections", "started_at")):
        times = pd.to_datetime(world.tables[table][column])
        assert times.min() < FIRST + pd.Timedelta(weeks=2)
        assert FIRST - pd.Timedelta(days=3) <= times.min()
        assert times.max() < pd.Timestamp(END) + pd.Timedelta(days=1)


def test_a_site_is_found_only_while_it_is_there(world):
    """A find before the opening would teach a model to see the future."""
    sites = world.hidden.table(week_starts(END))
    found = sites[sites["found_on"].notna()]
    assert len(found) > 60
    assert (found["found_on"] >= found["from_on"]).all()
    assert (found["found_on"] < found["to_on"]).all()
    assert (found["ended"] == "found").all()


def test_every_case_of_unlicensed_practice_is_a_site_of_the_truth(world):
    """The truth must explain the ledger, or a score of hidden sites has no yardstick."""
    cases = [case for case in world.history.cases if case.topic == "unlicensed_practice"]
    assert cases
    assert all(case.site is not None and case.site.found_on == case.call.day for case in cases)
    assert len({case.site.number for case in cases}) == len(cases)


def test_most_sites_are_never_found_and_dental_dens_last_longest(world):
    """One dental den ran for three years: such places are what the city is looking for."""
    sites = world.hidden.table(week_starts(END))
    still = sites[sites["kind"] != "itinerant"]
    assert (still["ended"] == "found").mean() < 0.5
    weeks = (still["to_on"].fillna(pd.Timestamp(END)) - still["from_on"]).dt.days / 7
    typical = weeks.groupby(still["kind"]).median()
    assert typical["dental_den"] > 1.3 * typical["den"]
    assert weeks[still["kind"] == "dental_den"].max() > 104


def test_warned_dens_reopen_elsewhere(world):
    """A den that was told of the visit is gone when the door opens, and not for good."""
    warned = [site for site in world.hidden.sites if site.ended == "warned" and site.kind == "den"]
    again = 0
    for site in warned:
        later = [
            other
            for other in world.hidden.sites
            if other.practitioner == site.practitioner and other.from_week > site.to_week - 1
        ]
        again += any(other.village != site.village for other in later)
    assert len(warned) > 5
    assert again > 0.5 * len(warned)


def test_itinerant_practitioners_work_several_market_villages_in_turn(world, prefecture_land):
    """One person in many places is what a model of fixed places gets wrong."""
    market = set(np.flatnonzero(prefecture_land.places.villages["market"] >= 0).tolist())
    stays: dict[int, set[int]] = {}
    for site in world.hidden.sites:
        if site.kind == "itinerant":
            stays.setdefault(site.practitioner, set()).add(site.village)
    assert len(stays) >= 20
    assert all(villages <= market for villages in stays.values())
    assert np.median([len(villages) for villages in stays.values()]) >= 3


def test_silent_villages_report_next_to_nothing(world):
    """Few complaints from a village must not mean that nothing is there."""
    silent = world.reporting.is_silent
    weeks, leads = np.zeros(silent.size), np.zeros(silent.size)
    for site in world.hidden.sites:
        weeks[site.village] += max(0, min(N_WEEKS, site.to_week) - max(0, site.from_week))
    for lead in world.reporting.leads:
        if lead.site is not None and lead.channel in PUBLIC:
            leads[lead.village] += 1
    rate = [leads[mask].sum() / weeks[mask].sum() for mask in (silent, ~silent)]
    assert weeks[silent].sum() > 500
    assert rate[0] < 0.3 * rate[1]


def test_leads_come_late_twice_and_to_the_wrong_place(world, prefecture_land):
    """Clean data would flatter every method."""
    leads = world.tables["complaints"]
    places = prefecture_land.places.villages.set_index("code")
    assert leads["lon"].isna().mean() > 0.05
    assert (leads["location_precision"] == "township").mean() > 0.03
    assert sum(lead.same_as >= 0 for lead in world.reporting.leads) > 10
    assert set(leads["area_code"].str.len()) == {9, 12}
    true = [
        places.index[lead.village]
        for lead in sorted(world.reporting.leads, key=lambda lead: lead.received_at)
    ]
    elsewhere = (leads["area_code"] != true) & (leads["area_code"].str.len() == 12)
    assert 0.01 < elsewhere.mean() < 0.15


def test_leads_surge_before_spring_festival_and_when_the_campaign_is_announced(world):
    """Methods that take a surge for more dens must be caught here."""
    weeks = np.bincount(
        [lead.week for lead in world.reporting.leads if lead.channel in PUBLIC], minlength=N_WEEKS
    )
    starts = week_starts(END)
    festival = [
        week
        for week, day in enumerate(starts)
        if any(
            0 <= (f - day).days <= 28
            for f in (pd.Timestamp("2025-01-29").date(), pd.Timestamp("2026-02-17").date())
        )
    ]
    usual = np.setdiff1d(np.arange(CAMPAIGN_WEEKS[0]), [*festival, 40, 41])
    assert weeks[festival].mean() > 1.25 * weeks[usual].mean()


def test_random_visits_carry_their_chance_and_are_few(world):
    """Without inclusion probabilities the random arm proves nothing."""
    visits = world.tables["inspections"]
    drawn = visits[visits["arm"] == "random"]
    assert 0.03 < len(drawn) / len(visits) < 0.2
    assert drawn["inclusion_prob"].between(0, 1, inclusive="right").all()
    assert set(drawn["kind"]) <= {"sweep", "random_draw", "joint"}
    assert visits.loc[visits["arm"] != "random", "inclusion_prob"].isna().all()


def test_inspectors_keep_to_their_habits(world, prefecture_land):
    """Cases exist where inspectors go: the near villages, not the risky ones."""
    minutes = prefecture_land.places.villages["seat_minutes"].to_numpy()
    seen = [c.village for c in world.history.calls if c.kind == "sweep" and c.arm == "targeted"]
    assert minutes[seen].mean() < 0.75 * minutes.mean()


def test_nobody_is_sent_while_on_leave(world):
    """A visit by an officer on leave is a record that a lawyer would tear up."""
    staff = world.staff
    late = [
        (call.day, officer)
        for call in world.history.calls
        for officer in call.officers[:2]
        if any(first <= call.day <= last for first, last in staff.away.get(officer, ()))
        and call.kind != "joint"
    ]
    assert late == []


def test_undercover_visits_find_nothing_in_the_ledger_of_inspections(world):
    """What they see becomes a lead of its own; the sealed lane says nothing else."""
    visits = world.tables["inspections"]
    sealed = visits[visits["kind"] == "undercover"]
    assert len(sealed) > 20
    assert sealed["topics"].isna().all()
    assert (world.tables["complaints"]["channel"] == "undercover").any()


def test_what_is_learnt_late_is_dated_late(world):
    """A closing before the visit, or an outcome without a date, would leak into back-tests."""
    leads, cases = world.tables["complaints"], world.tables["cases"]
    closed = leads[leads["closed_on"].notna()]
    assert (
        pd.to_datetime(closed["closed_on"]) >= pd.to_datetime(closed["received_at"]).dt.normalize()
    ).all()
    assert leads.loc[leads["closed_on"].isna(), ["outcome", "case_id"]].isna().all().all()
    done = cases[cases["closed_on"].notna()]
    assert (pd.to_datetime(done["closed_on"]) >= pd.to_datetime(done["opened_on"])).all()
    assert cases.loc[cases["closed_on"].isna(), ["fine_yuan", "den_destroyed"]].isna().all().all()


def test_work_is_left_on_the_last_day(world):
    """A first page with nothing open and nothing late shows nothing."""
    leads = world.tables["complaints"]
    waiting = leads[leads["status"] != "closed"]
    assert len(waiting) >= 10
    assert (waiting["due_on"] < END).any()
    assert {"new", "assigned"} <= set(waiting["status"])


def test_references_between_ledgers_hold(world):
    """A case that names a lead nobody registered would be refused by a careful reader."""
    tables = world.tables
    leads = set(tables["complaints"]["complaint_id"])
    cases = set(tables["cases"]["case_id"])
    facilities = set(tables["facilities"]["facility_id"])
    assert set(tables["cases"]["complaint_id"].dropna()) <= leads
    assert set(tables["complaints"]["case_id"].dropna()) <= cases
    assert set(tables["inspections"]["case_id"].dropna()) == cases
    assert set(tables["inspections"]["facility_id"].dropna()) <= facilities
    assert set(tables["cases"]["person_id"].dropna()) <= set(tables["persons"]["person_id"])
    for name in ("complaints", "cases", "inspections", "facilities", "persons", "officers"):
        column = tables[name].columns[tables[name].columns.str.endswith("_id")][0]
        key = {"inspections": "inspection_id", "facilities": "facility_id"}.get(name, column)
        assert tables[name][key].is_unique
