"""Replays of past weeks: when, over what, and every figure that came out."""

from sqlalchemy import BigInteger, Column, Float, Index, Integer, PrimaryKeyConstraint, Table, Text

from data.store.tables import metadata

backtest_runs = Table(
    "backtest_runs",
    metadata,
    Column("run_id", Text, primary_key=True),
    Column("from_on", Text, nullable=False),
    Column("to_on", Text, nullable=False),
    Column("every_weeks", Integer, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("method", Text, nullable=False),
    # Districts it was made over, a sorted JSON list; empty for all of them.
    Column("districts", Text),
    Column("summary", Text, nullable=False),
    Index("ix_backtest_runs_created_at", "created_at"),
)

backtest_values = Table(
    "backtest_values",
    metadata,
    Column("run_id", Text, nullable=False),
    # Order in which the figures were made.
    Column("row_no", Integer, nullable=False),
    # Day of the origin; empty for all origins together.
    Column("origin_on", Text),
    Column("target", Text, nullable=False),
    Column("stratum", Text, nullable=False),
    Column("method", Text, nullable=False),
    Column("measure", Text, nullable=False),
    # Share of the cells, or said probability, that the figure is at.
    Column("at", Float),
    Column("value", Float),
    Column("lo", Float),
    Column("hi", Float),
    # Events, visits or pairs behind it.
    Column("n", Float),
    PrimaryKeyConstraint("run_id", "row_no"),
)
