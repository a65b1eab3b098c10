"""
SQLAlchemy Core tables, made from ``data/schema.py``.

A versioned table holds one row per version of a record: it was what the bureau
knew from ``known_from`` (exclusive, see ``rows.load_rows``) to ``known_to``.
Seconds are whole seconds since 1970 UTC.
"""

from collections.abc import Mapping

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.types import TypeEngine

from data import schema

SCHEMA_VERSION = "0010"
"""The newest alembic revision; ``migrations/versions`` holds its file."""

_TYPES: Mapping[str, type[TypeEngine]] = {
    "text": Text,
    "integer": Integer,
    "real": Float,
    "flag": Integer,
    "date": Text,
    "instant": BigInteger,
    "list": Text,
    "shape": LargeBinary,
}

metadata = MetaData()

meta = Table(
    "meta",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", BigInteger, nullable=False),
)

imports = Table(
    "imports",
    metadata,
    Column("import_id", Integer, primary_key=True),
    Column("imported_at", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("file_name", Text, nullable=False),
    Column("file_hash", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("datum", Text, nullable=False),
    Column("n_rows", Integer, nullable=False),
    Column("n_taken", Integer, nullable=False),
    Column("n_updated", Integer, nullable=False),
    Column("n_unchanged", Integer, nullable=False),
    Column("n_refused", Integer, nullable=False),
    # Empty in imports made before these were kept.
    Column("n_warned", Integer),
    Column("sha256", Text),
    Column("sheet", Text),
    Column("job_id", Text),
    Column("undone_at", BigInteger),
    Column("undone_by", Text),
    Column("undo_reason", Text),
    Index("ix_imports_file_hash", "file_hash"),
)

refusals = Table(
    "refusals",
    metadata,
    Column("refusal_id", Integer, primary_key=True),
    Column("import_id", Integer, ForeignKey("imports.import_id"), nullable=False),
    Column("row", Integer, nullable=False),
    Column("column", Text),
    Column("value", Text),
    Column("reason", Text, nullable=False),
    Column("level", Text),
    Index("ix_refusals_import_id", "import_id"),
)

complainants = Table(
    "complainants",
    metadata,
    Column("complaint_id", Text, primary_key=True),
    Column("key_id", Text, nullable=False),
    Column("name_sealed", LargeBinary),
    Column("phone_sealed", LargeBinary),
    Column("phone_index", LargeBinary),
    Column("digest", LargeBinary, nullable=False),
    Index("ix_complainants_phone_index", "phone_index"),
)

audit = Table(
    "audit",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("object_id", Text),
    Column("reason", Text),
    Column("detail", Text, nullable=False),
    Column("previous_hash", Text, nullable=False),
    Column("entry_hash", Text, nullable=False),
    Column("role", Text),
    Column("key_id", Text),
)

score_runs = Table(
    "score_runs",
    metadata,
    Column("run_id", Text, primary_key=True),
    Column("as_of", BigInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("method", Text, nullable=False),
    Column("params", Text, nullable=False),
    Column("summary", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Index("ix_score_runs_as_of", "as_of"),
)

cell_scores = Table(
    "cell_scores",
    metadata,
    Column("run_id", Text, ForeignKey("score_runs.run_id"), primary_key=True),
    Column("cell_id", Text, primary_key=True),
    Column("lon", Float, nullable=False),
    Column("lat", Float, nullable=False),
    Column("district_code", Text),
    Column("area_code", Text),
    Column("area_name", Text),
    Column("urban_rural_code", Text),
    Column("class_source", Text),
    Column("score", Float, nullable=False),
    Column("mean", Float),
    Column("lo", Float),
    Column("hi", Float),
    Column("p_hidden", Float),
    Column("p_lo", Float),
    Column("p_hi", Float),
    Column("knowledge", Float),
    Column("last_visit_on", Text),
    Column("n_visits_year", Integer),
    Column("n_open_leads", Integer),
    Column("n_facilities", Integer),
    Column("population", Float),
    Column("reasons", Text),
    # Points of a site, and what one search is expected to find; empty in older runs.
    Column("site_severity", Float),
    Column("sweep_finds", Float),
    # Drive from the seat of the district; empty in older runs.
    Column("minutes_to_seat", Float),
    Column("minutes_source", Text),
    Column("is_remote", Integer),
)

facility_scores = Table(
    "facility_scores",
    metadata,
    Column("run_id", Text, ForeignKey("score_runs.run_id"), primary_key=True),
    Column("facility_id", Text, primary_key=True),
    Column("cell_id", Text),
    Column("district_code", Text),
    Column("area_code", Text),
    Column("name", Text),
    Column("kind", Text),
    Column("lon", Float),
    Column("lat", Float),
    Column("p", Float),
    Column("lo", Float),
    Column("hi", Float),
    Column("severity", Float),
    Column("score", Float, nullable=False),
    Column("last_visit_on", Text),
    Column("n_visits", Integer),
    Column("n_found", Integer),
    Column("reasons", Text),
)

plans = Table(
    "plans",
    metadata,
    Column("plan_id", Text, primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("week_start", Text, nullable=False),
    Column("district_code", Text),
    Column("status", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("saved_at", BigInteger, nullable=False),
    Column("saved_by", Text, nullable=False),
    Column("prize", Integer, nullable=False),
    Column("upper_bound", Integer, nullable=False),
    Column("n_planned", Integer, nullable=False),
    Column("n_left_out", Integer, nullable=False),
    Column("document", Text, nullable=False),
    Index("ix_plans_week_start", "week_start"),
)

jobs = Table(
    "jobs",
    metadata,
    Column("job_id", Text, primary_key=True),
    Column("idempotency_key", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("params", Text, nullable=False),
    Column("district_code", Text),
    Column("actor", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("progress", Float, nullable=False),
    Column("message", Text),
    Column("value", Float),
    Column("bound", Float),
    Column("result", Text),
    Column("stop_mode", Text),
    Column("created_at", BigInteger, nullable=False),
    Column("started_at", BigInteger),
    Column("finished_at", BigInteger),
    Column("worker", Text),
    Column("lease_until", BigInteger),
    Column("n_attempts", Integer, nullable=False),
    Index("ix_jobs_status", "status"),
)


def _versioned(kind: schema.Kind) -> Table:
    columns: list[Column] = [Column("version_id", Integer, primary_key=True)]
    if "row_id" in kind.key:
        columns.append(Column("row_id", Text, nullable=False))
    columns += [
        Column("known_from", BigInteger, nullable=False),
        Column("known_to", BigInteger),
        Column("import_id", Integer, ForeignKey("imports.import_id")),
        Column("content_hash", LargeBinary, nullable=False),
    ]
    if "district_code" not in kind.by_name:
        columns.append(Column("district_code", Text))
    columns += [
        Column(column.name, _TYPES[column.type], nullable=column.name not in kind.key)
        for column in kind.columns
        if not column.identity
    ]
    indexes = [UniqueConstraint(*kind.key, "known_from", name=f"uq_{kind.name}_version")]
    table = Table(kind.name, metadata, *columns, *indexes)
    if kind.event is not None:
        Index(f"ix_{kind.name}_{kind.event}", table.c[kind.event])
    return table


VERSIONED: Mapping[str, Table] = {name: _versioned(kind) for name, kind in schema.KINDS.items()}
"""Kind of record → its table."""
