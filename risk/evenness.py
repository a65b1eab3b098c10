"""
Does the work follow the risk? Lorenz line, unevenness index, shares by group.

The index is 0 where every place gets its share of the hours in proportion to
its share of the risk, and near 1 where all hours go where hardly any risk is.
Equal hours everywhere are not even in this sense.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lorenz:
    """
    Cumulative shares from the place with the fewest hours per risk to that with the most.

    Both arrays start at 0 and end at 1, shape ``(n_places + 1,)``. ``unevenness`` is 1
    minus twice the area under the line, 0 to 1; NaN where there is no risk or no work.
    """

    risk_share: Floats
    work_share: Floats
    unevenness: float


def lorenz(risk: ArrayLike, work: ArrayLike) -> Lorenz:
    """
    Draw the Lorenz line of work against risk.

    Parameters
    ----------
    risk
        Risk of each place (expected finds x severity), not negative, shape ``(n,)``.
    work
        Visits or officer hours in each place, not negative.

    Raises
    ------
    ValueError
        If the shapes differ or a number is negative or missing.

    References
    ----------
    Concentration index with risk as the reference share: Kakwani (1977),
    Econometrica 45 (3), 719-727.
    """
    risks, works = _checked(risk), _checked(work)
    if risks.shape != works.shape:
        raise ValueError(f"risk and work differ in shape: {risks.shape} and {works.shape}")
    if risks.sum() <= 0 or works.sum() <= 0:
        line = np.array([0.0, 1.0])
        return Lorenz(risk_share=line, work_share=line, unevenness=float("nan"))
    with np.errstate(divide="ignore", invalid="ignore"):
        per_risk = np.where(risks > 0, works / risks, np.where(works > 0, np.inf, 0.0))
    order = np.argsort(per_risk, kind="stable")
    risk_share = np.concatenate([[0.0], np.cumsum(risks[order]) / risks.sum()])
    work_share = np.concatenate([[0.0], np.cumsum(works[order]) / works.sum()])
    under = float(np.trapezoid(work_share, risk_share))
    return Lorenz(
        risk_share=risk_share, work_share=work_share, unevenness=max(0.0, 1.0 - 2.0 * under)
    )


def shares_by_group(frame: pd.DataFrame, *, by: str) -> pd.DataFrame:
    """
    Compare share of risk with share of work, group by group.

    Parameters
    ----------
    frame
        One row per place with ``risk``, ``n_visits``, ``hours`` and the group's column;
        a missing group is a group of its own (None).
    by
        Column that names the group, e.g. ``district_code`` or ``urban_rural_code``.

    Returns
    -------
    frame
        ``group``, ``n_places``, ``risk``, ``n_visits``, ``hours``, ``risk_share``,
        ``visit_share``, ``hour_share`` (0 to 1, NaN where the total is 0) and ``gap`` =
        ``visit_share - risk_share``; the group most short of visits first.
    """
    group = frame[by].astype(object).where(frame[by].notna(), None)
    numbers = frame[["risk", "n_visits", "hours"]].astype(float)
    sums = numbers.groupby(group, dropna=False, sort=False).agg("sum")
    sums.insert(0, "n_places", numbers.groupby(group, dropna=False, sort=False).size())
    totals = sums[["risk", "n_visits", "hours"]].sum()
    for column, name in (
        ("risk", "risk_share"),
        ("n_visits", "visit_share"),
        ("hours", "hour_share"),
    ):
        sums[name] = sums[column] / totals[column] if totals[column] > 0 else np.nan
    sums["gap"] = sums["visit_share"] - sums["risk_share"]
    table = sums.rename_axis("group").reset_index()
    table["group"] = table["group"].astype(object).where(table["group"].notna(), None)
    return table.sort_values(["gap", "risk"], ascending=[True, False], kind="stable").reset_index(
        drop=True
    )


def longest_unseen(places: pd.DataFrame, *, as_of: date, n: int) -> pd.DataFrame:
    """
    Return the places not looked at for longest; never seen first, riskier first among equals.

    Parameters
    ----------
    places
        With ``last_visit_on`` (date or missing) and ``risk``.
    as_of
        Day from which days are counted.
    n
        Most rows returned.

    Returns
    -------
    frame
        The rows with ``days_unseen`` added, NaN where never seen.
    """
    seen = pd.to_datetime(places["last_visit_on"])
    days = (pd.Timestamp(as_of) - seen).dt.days.astype(float)
    table = places.assign(days_unseen=days, _order=days.fillna(np.inf))
    table = table.sort_values(["_order", "risk"], ascending=[False, False], kind="stable")
    return table.drop(columns="_order").head(n).reset_index(drop=True)


def _checked(values: ArrayLike) -> Floats:
    numbers = np.asarray(values, dtype=float)
    if not np.isfinite(numbers).all() or (numbers < 0).any():
        raise ValueError("risk and work must be known and not negative")
    return numbers
