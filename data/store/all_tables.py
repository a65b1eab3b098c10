"""Every table of the store in one metadata, for the schema steps and their test."""

from data.store import (
    account_tables,
    backtest_tables,
    import_tables,
    ledger_tables,
    match_tables,
    model_tables,
    plan_tables,
    record_tables,
    signal_tables,
    tables,
)

TOPICS = (
    account_tables,
    backtest_tables,
    import_tables,
    ledger_tables,
    match_tables,
    model_tables,
    plan_tables,
    record_tables,
    signal_tables,
)
"""Modules whose tables join the metadata when they are imported; one per topic."""

metadata = tables.metadata
