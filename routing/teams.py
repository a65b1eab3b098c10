"""
Officers to teams for the days of a week.

A law enforcement visit needs at least two officers with a certificate valid that
day, so only those count, on the days they are there. CP-SAT pairs officers of one
base where it can and spreads skills; without a model the pairing would leave the
last officers of two bases over.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd

from data.records import Message, Team
from routing.pairing import Officer, pick_groups


@dataclass(frozen=True, slots=True, kw_only=True)
class FormedTeams:
    """The teams of a week and what the planner ought to know about them."""

    teams: tuple[Team, ...]
    warnings: tuple[Message, ...]


def form_teams(
    officers: pd.DataFrame,
    absences: pd.DataFrame,
    *,
    week_start: date,
    n_teams: int | None,
    team_size: int = 2,
    days: int = 5,
    seed: int = 0,
) -> FormedTeams:
    """
    Form teams of officers who are certified and present together.

    Parameters
    ----------
    officers
        Columns officer_id, base_lon, base_lat (degrees), certificate_expiry (last
        valid day; missing: not certified), skills (tuple, list or ``;``-text).
    absences
        Columns officer_id, from_on, to_on: first and last day away.
    week_start
        The Monday of the week.
    n_teams
        Teams wanted; fewer are formed where officers are short. None: as many as possible.
    team_size
        Officers per team, at least 2 by law.
    days
        Working days from Monday on.
    seed
        Of the pairing; equal input and seed give equal teams.

    Returns
    -------
    formed
        Teams with the days on which all members may work. Warnings say what is short.

    Raises
    ------
    ValueError
        If ``team_size`` is below 2 or ``days`` outside 1 to 7.
    """
    if team_size < 2 or not 1 <= days <= 7:
        msg = f"team_size must be at least 2 and days 1 to 7, got {team_size} and {days}"
        raise ValueError(msg)
    week = [week_start + timedelta(days=k) for k in range(days)]
    free, warnings = free_officers(officers, absences, week)
    n_wanted = len(free) if n_teams is None else max(0, n_teams)
    groups = pick_groups(free, n_groups=n_wanted, size=team_size, seed=seed)
    teams = tuple(_team(k, members) for k, members in enumerate(groups))
    if n_teams is not None and len(teams) < n_wanted and n_wanted * team_size > len(free):
        warnings.append(
            Message(
                "需要 {wanted} 队，只能编成 {n} 队：本周持证在岗 {free} 名，每队 {size} 名",
                {"wanted": n_wanted, "n": len(teams), "free": len(free), "size": team_size},
            )
        )
    elif n_teams is not None and len(teams) < n_wanted:
        warnings.append(
            Message(
                "需要 {wanted} 队，只能编成 {n} 队：其余人员没有共同在岗的日子",
                {"wanted": n_wanted, "n": len(teams)},
            )
        )
    warnings += [
        Message("队 {team} 成员不在同一驻地", {"team": team.team_id})
        for team, members in zip(teams, groups, strict=True)
        if len({member.base for member in members}) > 1
    ]
    return FormedTeams(teams=teams, warnings=tuple(warnings))


def free_officers(
    officers: pd.DataFrame, absences: pd.DataFrame, week: Sequence[date]
) -> tuple[list[Officer], list[Message]]:
    """Return who may work on which day, and a warning for each reason that keeps some out."""
    away: dict[str, set[int]] = {}
    for row in absences.itertuples(index=False):
        first, last = _day(row.from_on), _day(row.to_on)
        if first is not None:
            days = {k for k, day in enumerate(week) if first <= day <= (last or first)}
            away.setdefault(str(row.officer_id), set()).update(days)
    free: list[Officer] = []
    unknown = expired = absent = 0
    for row in officers.itertuples(index=False):
        expiry = _day(getattr(row, "certificate_expiry", None))
        certified = {k for k, day in enumerate(week) if expiry is not None and day <= expiry}
        days = certified - away.get(str(row.officer_id), set())
        unknown += expiry is None
        expired += expiry is not None and not certified
        absent += bool(certified) and not days
        if days:
            free.append(
                Officer(
                    officer_id=str(row.officer_id),
                    base=(float(row.base_lon), float(row.base_lat)),
                    days=frozenset(days),
                    skills=_skills(getattr(row, "skills", None)),
                    district=str(getattr(row, "district_code", None) or ""),
                )
            )
    counted = (
        ("{n} 名执法人员没有执法证有效期，未编入", unknown),
        ("{n} 名执法人员证件到期，未编入", expired),
        ("{n} 名执法人员整周不在岗，未编入", absent),
    )
    return free, [Message(template, {"n": int(n)}) for template, n in counted if n]


def _day(value: object) -> date | None:
    """Return a day from whatever a frame holds for one; None where it is missing."""
    if value is None or value is pd.NaT or pd.isna(value):
        return None
    return pd.Timestamp(value).date()


def _skills(value: object) -> frozenset[str]:
    if isinstance(value, str):
        value = value.split(";")
    if isinstance(value, list | tuple | set | frozenset):
        return frozenset(str(skill).strip() for skill in value if str(skill).strip())
    return frozenset()


def team_letter(number: int) -> str:
    """Return A to Z for the first 26 teams, then AA, AB and so on."""
    first, last = divmod(number, 26)
    return (team_letter(first - 1) if first else "") + chr(ord("A") + last)


def _team(number: int, members: Sequence[Officer]) -> Team:
    bases = [member.base for member in members]
    base = max(bases, key=lambda b: (bases.count(b), -bases.index(b)))
    days = frozenset.intersection(*(member.days for member in members))
    skills = frozenset[str]().union(*(member.skills for member in members))
    return Team(
        team_id=team_letter(number),
        officer_ids=tuple(member.officer_id for member in members),
        base_lon=base[0],
        base_lat=base[1],
        days=tuple(sorted(days)),
        skills=tuple(sorted(skills)),
    )
