"""Pick groups of officers who fit together: a set packing over possible groups by CP-SAT."""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, islice

import numpy as np

from routing.rules import served

MAX_GROUPS = 20_000
"""Possible groups looked at; beyond, a seeded sample of each base."""

KM_PER_DEGREE = 111.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Officer:
    """
    An officer with the days (0 = Monday) on which they may work and are certified.

    ``district`` is the code of the district they serve; empty: unknown, serves any.
    """

    officer_id: str
    base: tuple[float, float]
    days: frozenset[int]
    skills: frozenset[str] = frozenset()
    district: str = ""


Group = tuple[Officer, ...]


def pick_groups(officers: Sequence[Officer], *, n_groups: int, size: int, seed: int) -> list[Group]:
    """
    Pick up to ``n_groups`` disjoint groups of ``size`` officers.

    As many groups as possible, then as many common days, one base, and skills that
    complement each other.

    Parameters
    ----------
    officers
        Those who may work on at least one day.
    n_groups
        Most groups wanted.
    size
        Officers per group.
    seed
        Breaks ties; equal input and seed give equal groups.

    Returns
    -------
    groups
        Sorted by base and first officer; members sorted by officer_id.
    """
    from ortools.sat.python import cp_model

    ordered = sorted(officers, key=lambda officer: officer.officer_id)
    possible = [
        g for g in _possible(ordered, size, seed) if _common_days(g) and _have_common_ground(g)
    ]
    if not possible or n_groups < 1:
        return []
    model = cp_model.CpModel()
    picked = [model.new_bool_var("") for _ in possible]
    of_officer = defaultdict(list)
    for var, group in zip(picked, possible, strict=True):
        for member in group:
            of_officer[member.officer_id].append(var)
    for variables in of_officer.values():
        model.add_at_most_one(variables)
    model.add(sum(picked) <= n_groups)
    model.maximize(sum(_worth(g) * var for g, var in zip(possible, picked, strict=True)))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = seed % 2**31
    solver.parameters.max_deterministic_time = 4.0
    status = solver.solve(model)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return []
    chosen = [g for g, var in zip(possible, picked, strict=True) if solver.value(var)]
    return sorted(chosen, key=lambda group: (group[0].base, group[0].officer_id))


def _possible(officers: Sequence[Officer], size: int, seed: int) -> list[Group]:
    """Return the groups of each base, and of officers of different bases."""
    if math.comb(len(officers), size) <= MAX_GROUPS:
        return list(combinations(officers, size))
    by_base = defaultdict(list)
    for officer in officers:
        by_base[officer.base].append(officer)
    rng = np.random.default_rng(seed)
    share = MAX_GROUPS // (len(by_base) + 1)
    found: dict[Group, None] = {}
    for members in [*by_base.values(), list(officers)]:
        if math.comb(len(members), size) <= share:
            found.update(dict.fromkeys(islice(combinations(members, size), share)))
        elif len(members) >= size:
            for _ in range(share):
                pick = np.sort(rng.choice(len(members), size, replace=False))
                found[tuple(members[k] for k in pick)] = None
            # neighbours in the list always stay possible, so that nobody is left over by chance
            for k in range(len(members) - size + 1):
                found[tuple(members[k : k + size])] = None
    return list(found)


def _common_days(group: Group) -> frozenset[int]:
    return frozenset.intersection(*(member.days for member in group))


def _have_common_ground(group: Group) -> bool:
    """Whether there is a district that all of them may enter: own jurisdiction only."""
    grounds = sorted((served(member.district) for member in group), key=len)
    return all(grounds[-1].startswith(ground) for ground in grounds)


def _worth(group: Group) -> int:
    """Return the worth of a group: being one at all, days, one base, skills, nearness."""
    skills = frozenset[str]().union(*(member.skills for member in group))
    apart_km = max(_apart_km(a.base, b.base) for a in group for b in group)
    nearness = max(0, 2_000 - round(20 * apart_km))
    same_base = 2_000 if len({member.base for member in group}) == 1 else 0
    return 50_000 + 1_000 * len(_common_days(group)) + same_base + nearness + 100 * len(skills)


def _apart_km(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Return a rough distance, good enough to prefer the nearer base."""
    east = (a[0] - b[0]) * math.cos(math.radians((a[1] + b[1]) / 2))
    return KM_PER_DEGREE * math.hypot(east, a[1] - b[1])
