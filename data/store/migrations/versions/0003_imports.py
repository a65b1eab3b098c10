"""Imports that can be looked at before and undone after; profiles made on the page."""

from alembic import op
from sqlalchemy import BigInteger, Column, Integer, Text

revision = "0003"
down_revision = "0002"

_IMPORT_COLUMNS = (
    ("n_warned", Integer),
    ("sha256", Text),
    ("sheet", Text),
    ("job_id", Text),
    ("undone_at", BigInteger),
    ("undone_by", Text),
    ("undo_reason", Text),
)


def upgrade() -> None:
    for name, type_ in _IMPORT_COLUMNS:
        op.add_column("imports", Column(name, type_()))
    op.add_column("refusals", Column("level", Text()))
    op.create_table(
        "import_profiles",
        Column("profile_id", Integer, primary_key=True),
        Column("name", Text, nullable=False, unique=True),
        Column("kind", Text, nullable=False),
        Column("fingerprint", Text, nullable=False),
        Column("document", Text, nullable=False),
        Column("saved_at", BigInteger, nullable=False),
        Column("saved_by", Text, nullable=False),
    )
    op.create_index("ix_import_profiles_fingerprint", "import_profiles", ["fingerprint"])
