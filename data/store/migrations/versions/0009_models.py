"""Fitted models, and what a search of a cell is expected to find."""

from alembic import op
from sqlalchemy import BigInteger, Column, Float, Integer, LargeBinary, PrimaryKeyConstraint, Text

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Keep fits of the hidden-site model; add severity and finds of a search to cells."""
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
