"""Where records were placed and how precisely; pairs that may be the same thing."""

from alembic import op
from sqlalchemy import BigInteger, Column, Float, Integer, Text

revision = "0004"
down_revision = "0003"

_PLACED = ("facilities", "cases", "inspections")


def upgrade() -> None:
    for table in _PLACED:
        op.add_column(table, Column("location_precision", Text()))
    op.add_column("areas", Column("former_names", Text()))
    op.create_table(
        "match_pairs",
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
    )
    op.create_index("ux_match_pairs", "match_pairs", ["kind", "left_id", "right_id"], unique=True)
    op.create_index("ix_match_pairs_status", "match_pairs", ["status"])
    op.create_table(
        "same_records",
        Column("kind", Text, primary_key=True),
        Column("record_id", Text, primary_key=True),
        Column("canonical_id", Text, nullable=False),
        Column("known_from", BigInteger, nullable=False),
    )
