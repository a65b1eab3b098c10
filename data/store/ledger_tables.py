"""
Tables of the ledger of leads: what was done, where a lead stands, likely repeats, saved views.

``lead_acts`` only grows. ``lead_states`` holds what the ledger, not a file, decides of a
lead; ``lead_index`` can be made anew at any time from leads, states and settings.
"""

from sqlalchemy import BigInteger, Column, Float, Index, Integer, Table, Text, UniqueConstraint

from data.store.tables import metadata

lead_acts = Table(
    "lead_acts",
    metadata,
    Column("act_id", Integer, primary_key=True),
    Column("act_key", Text, nullable=False, unique=True),
    Column("batch", Text, nullable=False),
    Column("complaint_id", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("note", Text),
    Column("before", Text),
    Index("ix_lead_acts_complaint_id", "complaint_id"),
    Index("ix_lead_acts_batch", "batch"),
)

lead_states = Table(
    "lead_states",
    metadata,
    Column("complaint_id", Text, primary_key=True),
    Column("acted_at", BigInteger, nullable=False),
    Column("document", Text, nullable=False),
)

lead_index = Table(
    "lead_index",
    metadata,
    Column("complaint_id", Text, primary_key=True),
    Column("version_id", Integer, nullable=False),
    Column("district_code", Text),
    Column("area_code", Text),
    Column("facility_id", Text),
    Column("is_sealed", Integer, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("channel", Text),
    Column("topic", Text),
    Column("status", Text, nullable=False),
    Column("owner", Text),
    Column("clock", Text),
    Column("started_at", BigInteger),
    Column("amber_at", BigInteger),
    Column("due_at", BigInteger),
    Column("n_likely", Integer, nullable=False),
    Index("ix_lead_index_due_at", "due_at"),
    Index("ix_lead_index_received_at", "received_at"),
    # counts and the page's order are answered from these two alone
    Index(
        "ix_lead_index_status",
        "status",
        "received_at",
        "district_code",
        "is_sealed",
        "clock",
        "due_at",
    ),
    Index("ix_lead_index_owner", "owner", "district_code", "is_sealed"),
)

lead_pairs = Table(
    "lead_pairs",
    metadata,
    Column("first_id", Text, primary_key=True),
    Column("second_id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("score", Float, nullable=False),
    Column("reasons", Text, nullable=False),
    Column("verdict", Text),
    Column("decided_at", BigInteger),
    Column("decided_by", Text),
    Index("ix_lead_pairs_second_id", "second_id"),
)

lead_views = Table(
    "lead_views",
    metadata,
    Column("view_id", Integer, primary_key=True),
    Column("account", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("query", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    UniqueConstraint("account", "name", name="uq_lead_views_name"),
)
