"""Urban-rural classes that were computed or corrected."""

from alembic import op
from sqlalchemy import Column, Integer, Text

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Say of each area's class where it comes from, of which year, and why."""
    op.add_column("areas", Column("class_source", Text()))
    op.add_column("areas", Column("class_year", Integer()))
    op.add_column("areas", Column("class_reason", Text()))
