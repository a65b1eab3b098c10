"""Table of the mapping profiles that were made on the import page."""

from sqlalchemy import BigInteger, Column, Index, Integer, Table, Text

from data.store.tables import metadata

import_profiles = Table(
    "import_profiles",
    metadata,
    Column("profile_id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("document", Text, nullable=False),
    Column("saved_at", BigInteger, nullable=False),
    Column("saved_by", Text, nullable=False),
    Index("ix_import_profiles_fingerprint", "fingerprint"),
)
"""``fingerprint`` names a set of headers, ``document`` is what the profile says, as JSON."""
