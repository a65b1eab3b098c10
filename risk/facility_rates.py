"""Rates of violations by kind of facility, and how hard a history is pulled to them."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import betaln

from risk.features import Floats
from risk.params import FacilityParams

LEAST, MOST = 1e-4, 1.0 - 1e-4
"""No facility is certain."""


def kind_rates(
    kinds: NDArray[np.object_], visits: Floats, found: Floats, *, params: FacilityParams
) -> Floats:
    """
    Return the violation rate of each facility's kind, pulled to the rate of all.

    Parameters
    ----------
    kinds
        Kind of each facility, shape ``(n,)``.
    visits, found
        Weighted visits and violations of each facility.

    Returns
    -------
    rate
        0 to 1, never at the ends; the default rate where nothing is known.
    """
    overall = (found.sum() + params.default_rate * params.kind_visits) / (
        visits.sum() + params.kind_visits
    )
    table = pd.DataFrame({"kind": kinds, "visits": visits, "found": found})
    sums = table.groupby("kind", dropna=False)[["visits", "found"]].transform("sum")
    rate = (sums["found"] + params.kind_visits * overall) / (sums["visits"] + params.kind_visits)
    rates: Floats = np.clip(rate.to_numpy(float), LEAST, MOST)
    return rates


def likeliest_strength(
    rate: Floats, visits: Floats, found: Floats, *, params: FacilityParams
) -> float:
    """
    Return the pull to the kind's rate, in visits, that makes the histories likeliest.

    The beta-binomial marginal likelihood over ``params.strengths``; the default where
    there are fewer than ``params.min_visits`` visits.
    """
    if visits.sum() < params.min_visits:
        return params.default_strength
    known = visits > 0
    p, n, k = rate[known], visits[known], found[known]
    likelihood = {
        s: float((betaln(s * p + k, s * (1 - p) + n - k) - betaln(s * p, s * (1 - p))).sum())
        for s in params.strengths
    }
    return max(likelihood, key=lambda s: likelihood[s])
