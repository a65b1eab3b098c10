"""How many went and with whom: joint operations, extra hands, doors that were not needed."""

from datetime import date, timedelta

import numpy as np
import pandas as pd

from data.synthetic.inspecting import INSPECTED, PARLOURS, Call
from data.synthetic.institutions import Institutions
from data.synthetic.scales import Scale, random_for
from data.synthetic.staff import Staff

PERSON_TIMES, JOINT_OPERATIONS = 5_200, 35
"""Reference numbers of the campaign (docs/demo-city.md)."""
_DEPARTMENTS = ("卫生健康", "市场监管", "公安", "医疗保障", "生态环境", "司法行政")


def trim(
    calls: list[Call],
    scale: Scale,
    institutions: Institutions,
    *,
    campaign: tuple[date, date],
    seed: int,
) -> list[Call]:
    """
    Leave out doors of the campaign that it did not need to reach its numbers.

    Only the sole call at a facility goes, and only one that found nothing and that
    no lead asked for: nothing that anybody learnt is lost.
    """
    rng = random_for(seed, "trim")
    by_facility: dict[int, list[Call]] = {}
    for call in calls:
        if call.facility >= 0 and call.day and campaign[0] <= call.day <= campaign[1]:
            by_facility.setdefault(call.facility, []).append(call)
    kind = institutions.table["kind"].to_numpy()
    urban = institutions.table["urban"].to_numpy()
    seen = np.array(sorted(by_facility))
    drop: set[int] = set()
    wanted = [(kind[seen] == k, n) for k, n in INSPECTED.items()]
    wanted += [
        ((kind[seen] == "beauty_parlour") & (urban[seen] == u), n) for u, n in PARLOURS.items()
    ]
    for mask, number in wanted:
        spare = int(mask.sum()) - round(number * scale.share)
        free = [f for f in seen[mask].tolist() if _is_spare(by_facility[f])]
        for place in rng.permutation(len(free))[: max(0, spare)].tolist():
            drop.add(id(by_facility[free[place]][0]))
    return [call for call in calls if id(call) not in drop]


def _is_spare(calls: list[Call]) -> bool:
    call = calls[0]
    return (
        len(calls) == 1 and call.kind == "special" and call.result == "pass" and call.lead is None
    )


def join_departments(
    calls: list[Call], scale: Scale, *, campaign: tuple[date, date], first: date, seed: int
) -> None:
    """Turn some calls of one day and county into joint operations, one operation a day."""
    rng = random_for(seed, "joint")
    days = [campaign[0] + timedelta(days=n) for n in range((campaign[1] - campaign[0]).days)]
    inside = [day for day in days if day.weekday() < 5]
    count = max(1, round(JOINT_OPERATIONS * scale.share))
    chosen = [inside[i] for i in sorted(rng.choice(len(inside), count, replace=False).tolist())]
    earlier = [first + timedelta(days=21 * n + 2) for n in range(22)]
    by_week: dict[date, list[Call]] = {}
    for call in calls:
        if call.day is not None and call.kind in ("special", "routine", "sweep") and call.case < 0:
            by_week.setdefault(call.day - timedelta(days=call.day.weekday()), []).append(call)
    for number, day in enumerate([*earlier[: round(22 * scale.share)], *chosen]):
        pool = [
            call
            for call in by_week.get(day - timedelta(days=day.weekday()), [])
            if call.kind != "joint" and call.arm != "random"
        ]
        if not pool:
            continue
        lead = pool[int(rng.integers(len(pool)))]
        same = [call for call in pool if call.district == lead.district and call is not lead]
        others = rng.choice(_DEPARTMENTS[1:], int(rng.integers(1, 4)), replace=False).tolist()
        for call in [lead, *same[: int(rng.integers(0, 3))]]:
            call.kind, call.item_code = "joint", f"LH{day:%Y}-{number + 1:03d}"
            call.departments = ";".join([_DEPARTMENTS[0], *sorted(others)])
            call.day = day
            if call.started_at is not None:
                call.started_at = call.started_at.replace(
                    year=day.year, month=day.month, day=day.day
                )


def send_more(
    calls: list[Call], scale: Scale, staff: Staff, *, campaign: tuple[date, date], seed: int
) -> None:
    """Add third and further officers until the campaign has its person-times."""
    rng = random_for(seed, "hands")
    table = staff.officers
    mine = [call for call in calls if call.day and campaign[0] <= call.day <= campaign[1]]
    # Sealed undercover visits count only for those who may see them: aim between both sums.
    sealed = sum(call.n_officers for call in mine if call.kind == "undercover")
    aim = round(PERSON_TIMES * scale.share) + sealed // 2
    missing = aim - sum(call.n_officers for call in mine)
    wanted = sorted(mine, key=lambda call: (-_weight(call), rng.random()))
    while missing > 0 and wanted:
        for call in wanted[:missing]:
            _add_officer(call, table, rng)
        missing = aim - sum(call.n_officers for call in mine)
    for call in calls:
        outside = not (call.day and campaign[0] <= call.day <= campaign[1])
        if outside and call.kind in ("joint", "stakeout"):
            _add_officer(call, table, rng)


def _weight(call: Call) -> int:
    return {"joint": 3, "stakeout": 3, "sweep": 2, "complaint": 1, "undercover": -1}.get(
        call.kind, 0
    )


def _add_officer(call: Call, table: pd.DataFrame, rng: np.random.Generator) -> None:
    same = np.flatnonzero(table["district"].to_numpy() == call.district)
    free = [i for i in same.tolist() if i not in call.officers]
    if free:
        call.officers = (*call.officers, free[int(rng.integers(len(free)))])
    call.n_officers += 1
