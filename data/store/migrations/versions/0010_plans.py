"""The life of a plan: submitted, approved, released, done; draws and campaigns."""

from alembic import op
from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    Integer,
    PrimaryKeyConstraint,
    Text,
    UniqueConstraint,
)

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Keep what happens to plans and their visits."""
    _life_of_plans()


def _life_of_plans() -> None:
    op.create_table(
        "plan_events",
        Column("event_id", Integer, nullable=False),
        Column("event_key", Text, nullable=False),
        Column("plan_id", Text, nullable=False),
        Column("revision", Integer, nullable=False),
        Column("at", BigInteger, nullable=False),
        Column("actor", Text, nullable=False),
        Column("kind", Text, nullable=False),
        Column("reason", Text),
        Column("detail", Text, nullable=False),
        PrimaryKeyConstraint("event_id"),
        UniqueConstraint("event_key"),
    )
    op.create_index("ix_plan_events_plan_id", "plan_events", ["plan_id"])
    op.create_table(
        "plan_edits",
        Column("plan_id", Text, nullable=False),
        Column("revision", Integer, nullable=False),
        Column("edit_key", Text, nullable=False),
        Column("kind", Text, nullable=False),
        Column("content", Integer, nullable=False),
        Column("before", Integer),
        Column("redo", Text, nullable=False),
        Column("summary", Text, nullable=False),
        PrimaryKeyConstraint("plan_id", "revision"),
        UniqueConstraint("edit_key"),
    )
    op.create_table(
        "visit_results",
        Column("result_id", Integer, nullable=False),
        Column("result_key", Text, nullable=False),
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
        PrimaryKeyConstraint("result_id"),
        UniqueConstraint("result_key"),
    )
    op.create_index("ix_visit_results_plan_id", "visit_results", ["plan_id"])
    op.create_table(
        "plan_margins",
        Column("plan_id", Text, nullable=False),
        Column("made_at", BigInteger, nullable=False),
        Column("document", Text, nullable=False),
        PrimaryKeyConstraint("plan_id"),
    )
