"""
Pairs of records that may be one thing, what was decided, and the links that follow.

``same_records`` is made from the decided pairs: each record of a group that is one
thing names the group's oldest id. The records themselves stay as they came.
"""

from sqlalchemy import BigInteger, Column, Float, Index, Integer, Table, Text

from data.store.tables import metadata

match_pairs = Table(
    "match_pairs",
    metadata,
    Column("pair_id", Integer, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("left_id", Text, nullable=False),
    Column("right_id", Text, nullable=False),
    Column("left_district", Text),
    Column("right_district", Text),
    Column("score", Float, nullable=False),
    Column("reasons", Text, nullable=False),
    Column("found_at", BigInteger, nullable=False),
    Column("status", Text, nullable=False),
    Column("decided_at", BigInteger),
    Column("decided_by", Text),
    Index("ux_match_pairs", "kind", "left_id", "right_id", unique=True),
    Index("ix_match_pairs_status", "status"),
)

same_records = Table(
    "same_records",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("record_id", Text, primary_key=True),
    Column("canonical_id", Text, nullable=False),
    Column("known_from", BigInteger, nullable=False),
)
