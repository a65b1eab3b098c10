"""Fitted models, what a search of a cell is expected to find, and replays of past weeks."""

from alembic import op
from sqlalchemy import BigInteger, Column, Float, Integer, LargeBinary, PrimaryKeyConstraint, Text

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Keep fits and replays; add severity and finds of a search to cells."""
    op.create_table(
        "hidden_fits",
        Column("fit_id", Text, nullable=False),
        Column("fitted_as_of", BigInteger, nullable=False),
        Column("created_at", BigInteger, nullable=False),
        Column("actor", Text, nullable=False),
        Column("setting_hash", Text, nullable=False),
        Column("data_hash", Text, nullable=False),
        Column("n_cells", Integer, nullable=False),
        Column("document", LargeBinary, nullable=False),
        PrimaryKeyConstraint("fit_id"),
    )
    op.create_index("ix_hidden_fits_fitted_as_of", "hidden_fits", ["fitted_as_of"])
    op.add_column("cell_scores", Column("site_severity", Float))
    op.add_column("cell_scores", Column("sweep_finds", Float))
    op.create_table(
        "backtest_runs",
        Column("run_id", Text, nullable=False),
        Column("from_on", Text, nullable=False),
        Column("to_on", Text, nullable=False),
        Column("every_weeks", Integer, nullable=False),
        Column("created_at", BigInteger, nullable=False),
        Column("actor", Text, nullable=False),
        Column("method", Text, nullable=False),
        Column("districts", Text),
        Column("summary", Text, nullable=False),
        PrimaryKeyConstraint("run_id"),
    )
    op.create_index("ix_backtest_runs_created_at", "backtest_runs", ["created_at"])
    op.create_table(
        "backtest_values",
        Column("run_id", Text, nullable=False),
        Column("row_no", Integer, nullable=False),
        Column("origin_on", Text),
        Column("target", Text, nullable=False),
        Column("stratum", Text, nullable=False),
        Column("method", Text, nullable=False),
        Column("measure", Text, nullable=False),
        Column("at", Float),
        Column("value", Float),
        Column("lo", Float),
        Column("hi", Float),
        Column("n", Float),
        PrimaryKeyConstraint("run_id", "row_no"),
    )
