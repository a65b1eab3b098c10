"""Fitted models, kept so that the next weeks need no fit of their own."""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Table, Text

from data.store.tables import metadata

hidden_fits = Table(
    "hidden_fits",
    metadata,
    Column("fit_id", Text, primary_key=True),
    # The day the fit is of: it has read what was known before, and nothing later.
    Column("fitted_as_of", BigInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    # Model, settings and districts that it holds for.
    Column("setting_hash", Text, nullable=False),
    Column("data_hash", Text, nullable=False),
    Column("n_cells", Integer, nullable=False),
    Column("document", LargeBinary, nullable=False),
    Index("ix_hidden_fits_fitted_as_of", "fitted_as_of"),
)
