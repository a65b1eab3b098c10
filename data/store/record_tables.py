"""Tables of what is kept by hand: stages of cases, and which fields a person wrote last."""

from sqlalchemy import BigInteger, Column, Index, Integer, Table, Text

from data.store.tables import VERSIONED, metadata

case_events = Table(
    "case_events",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("case_id", Text, nullable=False),
    Column("stage", Text, nullable=False),
    Column("happened_on", Text, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("changes", Text, nullable=False),
    Column("withdraws", Integer),
    Column("request_key", Text, unique=True),
    Index("ix_case_events_case_id", "case_id"),
)
"""
Append only. ``changes`` is JSON, column → [before, after]: what the step wrote into the case.
An entry with ``withdraws`` takes back the entry of that number.
"""

hand_edits = Table(
    "hand_edits",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("record_key", Text, primary_key=True),
    Column("column_name", Text, primary_key=True),
    Column("base", Text),
    Column("edited_at", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
)
"""
Fields that a person wrote and no file has confirmed since. ``base`` is what the last file said.
``column_name`` ``*`` means the record was removed by hand.
"""

LINK_INDEXES = (
    ("inspections", "facility_id"),
    ("complaints", "facility_id"),
    ("cases", "facility_id"),
    ("cases", "person_id"),
)
"""What the page of a facility or a person is found by."""

for _kind, _column in LINK_INDEXES:
    Index(f"ix_{_kind}_{_column}", VERSIONED[_kind].c[_column])
