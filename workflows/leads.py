"""Which leads still wait for the bureau."""

import pandas as pd

DONE = frozenset({"closed", "handed_over"})


def open_leads(leads: pd.DataFrame) -> pd.DataFrame:
    """Return the leads that are neither closed nor handed over; columns closed_on and status."""
    return leads[leads["closed_on"].isna() & ~leads["status"].isin(DONE)]
