"""Urban-rural classes that were computed or corrected; how far cells are from the seat."""

from alembic import op
from sqlalchemy import Column, Float, Integer, Text

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Say of each class where it comes from, of which year and why, and which cells are remote."""
    op.add_column("areas", Column("class_source", Text()))
    op.add_column("areas", Column("class_year", Integer()))
    op.add_column("areas", Column("class_reason", Text()))
    op.add_column("cell_scores", Column("minutes_to_seat", Float()))
    op.add_column("cell_scores", Column("minutes_source", Text()))
    op.add_column("cell_scores", Column("is_remote", Integer()))
