"""
Tables of the life of a plan: what happened to it, how it was edited, what came of its visits.

``plans`` itself (``tables.py``) holds every revision. ``plan_events`` only grows.
"""

from sqlalchemy import BigInteger, Column, Float, Index, Integer, Table, Text

from data.store.tables import metadata

plan_events = Table(
    "plan_events",
    metadata,
    Column("event_id", Integer, primary_key=True),
    Column("event_key", Text, nullable=False, unique=True),
    Column("plan_id", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("reason", Text),
    Column("detail", Text, nullable=False),
    Index("ix_plan_events_plan_id", "plan_id"),
)

plan_edits = Table(
    "plan_edits",
    metadata,
    Column("plan_id", Text, primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("edit_key", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    # The revision whose content this one shows, and the one that it was made from.
    Column("content", Integer, nullable=False),
    Column("before", Integer),
    # Contents that "redo" brings back, nearest first, as JSON.
    Column("redo", Text, nullable=False),
    Column("summary", Text, nullable=False),
)

visit_results = Table(
    "visit_results",
    metadata,
    Column("result_id", Integer, primary_key=True),
    Column("result_key", Text, nullable=False, unique=True),
    Column("plan_id", Text, nullable=False),
    Column("visit_id", Text, nullable=False),
    Column("district_code", Text),
    Column("result", Text, nullable=False),
    Column("arm", Text),
    Column("inclusion_prob", Float),
    Column("inspection_id", Text),
    Column("happened_at", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("undone_at", BigInteger),
    Column("undone_by", Text),
    Index("ix_visit_results_plan_id", "plan_id"),
)

plan_margins = Table(
    "plan_margins",
    metadata,
    Column("plan_id", Text, primary_key=True),
    Column("made_at", BigInteger, nullable=False),
    Column("document", Text, nullable=False),
)
