"""Which leads still wait for the bureau."""

import pandas as pd

DONE = frozenset({"closed", "handed_over", "transferred", "returned"})
"""States in which no officer of the bureau has to go there."""


def open_leads(leads: pd.DataFrame) -> pd.DataFrame:
    """Return the leads that wait for the bureau itself; columns closed_on and status."""
    return leads[leads["closed_on"].isna() & ~leads["status"].isin(DONE)]
