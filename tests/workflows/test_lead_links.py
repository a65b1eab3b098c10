"""Likely repeats: found with a reason, and not among leads that only use the same phrase."""

import numpy as np
import pandas as pd

from workflows.lead_links import DAY_S, LinkParams, find_pairs, n_groups

PHRASES = (
    "诊所做牙科种植",
    "护理岗位人员无资格",
    "美容店注射玻尿酸",
    "医废混入生活垃圾",
    "药店给顾客扎针",
)


def background(n=120, seed=3):
    """Return leads of a quarter all over a district."""
    rng = np.random.default_rng(seed)
    return [
        row(
            f"B{i:03d}", day=float(rng.uniform(0, 90)), lon=float(rng.uniform(112.0, 112.5)),
            lat=float(rng.uniform(23.0, 23.5)), words=f"{PHRASES[i % 5]}{chr(0x4E00 + i * 37)}",
            topic="out_of_scope", area=f"99010100{i % 9}{i:03d}",
        )
        for i in range(n)
    ]  # fmt: skip


def row(key, *, day, words, lon=112.2, lat=23.2, topic="unlicensed_practice", area="990101001201",
        precision="exact", facility=None, caller=None):  # fmt: skip
    """Return one lead as ``find_pairs`` takes it."""
    return {
        "complaint_id": key, "received_at": int(1_760_000_000 + day * DAY_S), "topic": topic,
        "facility_id": facility, "area_code": area, "lon": lon, "lat": lat,
        "location_precision": precision, "words": words, "caller": caller,
    }  # fmt: skip


def pairs(*rows, **params):
    """Return the pairs of the first lead given."""
    leads = pd.DataFrame([*rows, *background()])
    return find_pairs(leads, [rows[0]["complaint_id"]], LinkParams(**params))


def test_the_same_house_in_other_words_is_found_with_its_reasons():
    """The second report often comes by another channel and says it differently."""
    found = pairs(
        row("A1", day=40, words="下坪村出租屋二楼夜间输液，约三四人"),
        row("A2", day=43, words="下坪村槐树巷出租屋有人夜间打针输液", lon=112.2005),
    )
    assert [(p.first_id, p.second_id, p.kind) for p in found] == [("A1", "A2", "same")]
    templates = [reason.template for reason in found[0].reasons]
    assert templates[:3] == ["相隔 {d} 天", "约 {n} 米", "类别相同"]
    assert 0.5 < found[0].score < 1


def test_a_stock_phrase_does_not_join_two_ends_of_a_district():
    """Templates of a hotline would else join everything with everything."""
    stock = [
        row(
            f"S{n}",
            day=30 + n,
            words="反映有人无证行医",
            lon=112.0 + n / 20,
            area=f"99010100{n}201",
        )
        for n in range(8)
    ]
    assert pairs(*stock) == []


def test_rare_words_in_another_village_suggest_a_moving_practitioner():
    """Some offenders go from village to village; one was caught only by a second report."""
    found = pairs(
        row("A1", day=40, words="骑蓝色三轮车的外地口音老人给人拔牙镶牙"),
        row(
            "A2", day=46, words="骑蓝色三轮车外地口音老人给人拔牙", lon=112.28, area="990101002201"
        ),
    )
    assert [(p.kind, p.second_id) for p in found] == [("moving", "A2")]


def test_two_facilities_are_never_one_place():
    """Neighbours in one street both get complaints."""
    assert pairs(
        row("A1", day=40, words="诊所超范围开展手术", facility="F1"),
        row("A2", day=41, words="诊所超范围开展手术", facility="F2"),
    ) == []  # fmt: skip


def test_village_precision_counts_as_a_village():
    """A point in the middle of a village says no more than the village's name."""
    found = pairs(
        row("A1", day=40, words="村口榕树下红砖楼有人接生", precision="village"),
        row("A2", day=42, words="红砖楼里有人私自接生", precision="village", lon=112.203),
    )
    assert len(found) == 1


def test_a_caller_is_recognised_by_a_token_without_being_known():
    """The blind index of the phone is enough."""
    rows = (
        row("A1", day=40, words="出租屋看病", lon=None, lat=None, caller="x"),
        row("A2", day=41, words="还是那家没人管", lon=None, lat=None, caller="x"),
    )
    found = pairs(*rows)
    assert len(found) == 1
    assert "同一来电人" in [reason.template for reason in found[0].reasons]


def test_what_lies_far_apart_in_time_is_not_compared():
    """A den of last year is another matter."""
    rows = [
        row("A1", day=0, words="出租屋二楼夜间输液"),
        row("A2", day=80, words="出租屋二楼夜间输液"),
    ]
    assert pairs(*rows) == []


def test_groups_count_what_hangs_together():
    """Three leads of one place are one group, however many pairs they make."""
    assert n_groups([("a", "b"), ("b", "c"), ("d", "e")]) == 2
    assert n_groups([]) == 0
