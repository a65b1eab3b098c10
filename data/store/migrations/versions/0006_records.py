"""Cases, persons and officers kept by hand."""

from alembic import op
from sqlalchemy import BigInteger, Column, Integer, PrimaryKeyConstraint, Text, UniqueConstraint

revision = "0006"
down_revision = "0005"

_INDEXES = (
    ("inspections", "facility_id"),
    ("complaints", "facility_id"),
    ("cases", "facility_id"),
    ("cases", "person_id"),
)


def upgrade() -> None:
    """Add the stages of cases, the list of hand-written fields, and what links records."""
    op.create_table(
        "case_events",
        Column("seq", Integer, nullable=False),
        Column("case_id", Text, nullable=False),
        Column("stage", Text, nullable=False),
        Column("happened_on", Text, nullable=False),
        Column("recorded_at", BigInteger, nullable=False),
        Column("actor", Text, nullable=False),
        Column("changes", Text, nullable=False),
        Column("withdraws", Integer),
        Column("request_key", Text),
        PrimaryKeyConstraint("seq"),
        UniqueConstraint("request_key"),
    )
    op.create_index("ix_case_events_case_id", "case_events", ["case_id"])
    op.create_table(
        "hand_edits",
        Column("kind", Text, nullable=False),
        Column("record_key", Text, nullable=False),
        Column("column_name", Text, nullable=False),
        Column("base", Text),
        Column("edited_at", BigInteger, nullable=False),
        Column("actor", Text, nullable=False),
        PrimaryKeyConstraint("kind", "record_key", "column_name"),
    )
    for table, column in _INDEXES:
        op.create_index(f"ix_{table}_{column}", table, [column])
    op.add_column("officers", Column("certificate_level", Text))
    op.add_column("cases", Column("decided_on", Text))
