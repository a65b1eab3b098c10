"""Facilities: a shrunken rate, fading with time."""

import numpy as np
import pandas as pd
import pytest

from risk import facilities, facility_rates, features
from risk.params import FacilityParams, ScoringParams
from tests.risk import made_up

PARAMS = ScoringParams()


def _scores(visits, *, n=4, clinics=None, calls=None, params=PARAMS, cells=None):
    clinics = made_up.facilities(n) if clinics is None else clinics
    known = features.known_before(
        made_up.frames(
            facilities=clinics,
            inspections=made_up.inspections(visits),
            complaints=pd.DataFrame() if calls is None else calls,
        ),
        as_of=made_up.AS_OF,
    )
    active = features.active_facilities(known)
    expired = features.age_days(active["licence_expiry"], as_of=made_up.AS_OF)
    return facilities.score_facilities(
        active,
        seen=features.looks(known, params, as_of=made_up.AS_OF),
        reported=features.reports(known, params, as_of=made_up.AS_OF),
        cell_ids=np.full(len(active), None, dtype=object) if cells is None else cells,
        licence_age_days=expired,
        params=params,
    )


def test_the_posterior_is_the_one_on_paper():
    """Kind's rate r, strength 8, one find in two fresh visits: (8 r + 1) / 10."""
    params = ScoringParams(facilities=FacilityParams(half_life_days=1e9))
    scores = _scores([("F0", 1, "violation"), ("F0", 1, "pass")], params=params)
    # Overall: (1 + 0.1 * 20) / (2 + 20); the kind: (1 + 20 * overall) / (2 + 20).
    overall = 3 / 22
    rate = (1 + 20 * overall) / 22
    assert scores.kind_rate[0] == pytest.approx(rate)
    assert scores.p[0] == pytest.approx((8 * rate + 1) / 10)
    assert scores.p[1] == pytest.approx(rate)


def test_finds_raise_and_clean_visits_lower():
    """The whole point of a history."""
    scores = _scores([("F0", 9, "violation"), ("F1", 9, "pass")])
    assert scores.p[0] > scores.p[2] > scores.p[1]


def test_time_pulls_back_to_the_rate_of_the_kind():
    """A find of ten years ago says little about today."""
    recent = _scores([("F0", 10, "violation"), ("F1", 10, "pass")])
    old = _scores([("F0", 3650, "violation"), ("F1", 3650, "pass")])
    assert recent.p[0] - recent.kind_rate[0] > 20 * (old.p[0] - old.kind_rate[0]) > 0


def test_parts_add_up_and_the_interval_holds_the_estimate():
    """Reasons are the score, and it is never certain."""
    rng = np.random.default_rng(4)
    visits = [
        (f"F{rng.integers(0, 30)}", int(rng.integers(1, 900)), rng.choice(["pass", "violation"]))
        for _ in range(200)
    ]
    clinics = made_up.facilities(
        30, risk_grade=list(rng.choice(["A", "B", "C", "D"], 30)),
        licence_expiry=[made_up.day(int(d)) for d in rng.integers(-500, 500, 30)],
    )  # fmt: skip
    calls = made_up.complaints([5, 40], facility_id="F3")
    cells = np.array(["88411c2d01fffff"] * 15 + [None] * 15, dtype=object)
    scores = _scores(visits, clinics=clinics, calls=calls, cells=cells)
    assert np.abs(scores.parts.sum(axis=0) - scores.p).max() < 1e-12
    assert (scores.lo <= scores.p).all()
    assert (scores.p <= scores.hi).all()
    assert scores.p.min() > 0
    assert scores.p.max() < 1


def test_a_facility_never_visited_has_the_wider_interval():
    """Not looked is not low, and not sure either."""
    scores = _scores([("F0", 5, "pass")] * 6)
    assert scores.hi[1] - scores.lo[1] > scores.hi[0] - scores.lo[0]
    assert np.isnan(scores.days_unseen[1])


@pytest.mark.parametrize(
    "extra",
    [{"risk_grade": ["D", "B"]}, {"licence_expiry": [made_up.day(5), made_up.day(-5)]}],
)
def test_a_bad_grade_and_an_expired_licence_raise_the_odds(extra):
    """What the bureau itself wrote down counts."""
    scores = _scores([], clinics=made_up.facilities(2, **extra))
    assert scores.p[0] > scores.p[1]


def test_reports_that_name_a_facility_raise_it_but_a_burst_counts_once():
    """Ten tickets of one angry afternoon are one report."""
    one = _scores([], calls=made_up.complaints([5], facility_id="F0"))
    burst = _scores([], calls=made_up.complaints([5] * 10, facility_id="F0"))
    assert one.p[0] > one.p[1]
    assert burst.p[0] == pytest.approx(one.p[0])


def test_bad_neighbours_raise_a_facility_through_others_alone():
    """Its own finds must not count twice."""
    cell = np.array(["88411c2d01fffff"] * 4, dtype=object)
    scores = _scores([("F0", 5, "violation")] * 3, cells=cell)
    assert scores.near_ratio[1] > 1
    assert scores.near_ratio[0] <= 1


def test_the_strength_follows_the_data():
    """Facilities that differ widely are pulled little; all alike are pulled hard."""
    rate, visits = np.full(200, 0.5), np.full(200, 20.0)
    apart = facility_rates.likeliest_strength(
        rate, visits, np.tile([1.0, 19.0], 100), params=PARAMS.facilities
    )
    alike = facility_rates.likeliest_strength(
        rate, visits, np.full(200, 10.0), params=PARAMS.facilities
    )
    assert apart == min(PARAMS.facilities.strengths)
    assert alike == max(PARAMS.facilities.strengths)


def test_no_visits_at_all_give_the_default_rate():
    """A new bureau starts from an assumption that the settings name."""
    scores = _scores([])
    assert scores.p.tolist() == pytest.approx([PARAMS.facilities.default_rate] * 4)
    assert scores.strength == PARAMS.facilities.default_strength


def test_severity_is_the_typical_mix_of_the_kind_moved_by_finds():
    """A restaurant's hygiene weighs 2; what was found there moves it."""
    clinics = made_up.facilities(2, kind=["restaurant", "private_clinic"])
    scores = _scores([], clinics=clinics)
    assert scores.severity[0] == pytest.approx(2.0)
    assert scores.severity[1] == pytest.approx((4 * 6 + 3 * 4 + 2 * 5 + 1 * 4) / 10)
    assert _scores([("F0", 5, "violation")] * 3, clinics=clinics).severity[0] > 2.0


def test_a_kind_the_settings_do_not_know_is_scored_as_other():
    """A new vocabulary must not stop the run."""
    scores = _scores([], clinics=made_up.facilities(1, kind="laboratory"))
    assert scores.severity[0] == pytest.approx((10 + 2 + 1) / 3)
