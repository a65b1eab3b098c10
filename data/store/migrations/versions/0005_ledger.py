"""The ledger of leads: triage, owners, clocks, hand-overs, links."""

from alembic import op
from sqlalchemy import BigInteger, Column, Float, Integer, Text, UniqueConstraint
from sqlalchemy.types import TypeEngine

revision = "0005"
down_revision = "0004"

_TYPES: dict[str, type[TypeEngine]] = {"t": Text, "i": Integer, "b": BigInteger, "f": Float}

# As in the first step: "column:type", ! where a value must be there, * in the primary key.
_TABLES = {
    "lead_acts": (
        "act_id:i* act_key:t! batch:t! complaint_id:t! at:b! actor:t! kind:t! detail:t! note:t "
        "before:t"
    ),
    "lead_states": "complaint_id:t* acted_at:b! document:t!",
    "lead_index": (
        "complaint_id:t* version_id:i! district_code:t area_code:t facility_id:t is_sealed:i! "
        "received_at:b! channel:t topic:t status:t! owner:t clock:t started_at:b amber_at:b "
        "due_at:b n_likely:i!"
    ),
    "lead_pairs": (
        "first_id:t* second_id:t* kind:t! score:f! reasons:t! verdict:t decided_at:b decided_by:t"
    ),
    "lead_views": "view_id:i* account:t! name:t! query:t! created_at:b!",
}
_UNIQUE = {
    "lead_acts": UniqueConstraint("act_key"),
    "lead_views": UniqueConstraint("account", "name", name="uq_lead_views_name"),
}
_INDEXES = (
    ("lead_acts", "complaint_id"),
    ("lead_acts", "batch"),
    ("lead_index", "due_at"),
    ("lead_index", "received_at"),
    ("lead_index", "status received_at district_code is_sealed clock due_at"),
    ("lead_index", "owner district_code is_sealed"),
    ("lead_pairs", "second_id"),
)


def upgrade() -> None:
    """Make the tables; leads get their line in the index when the ledger is opened."""
    for table, columns in _TABLES.items():
        extra = [_UNIQUE[table]] if table in _UNIQUE else []
        op.create_table(table, *(_column(column) for column in columns.split()), *extra)
    for table, columns in _INDEXES:
        listed = columns.split()
        op.create_index(f"ix_{table}_{listed[0]}", table, listed)


def _column(described: str) -> Column:
    name, _, type_ = described.partition(":")
    return Column(name, _TYPES[type_[0]], primary_key=type_.endswith("*"), nullable=len(type_) == 1)
