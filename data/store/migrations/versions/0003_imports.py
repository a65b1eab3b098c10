"""Imports that can be looked at before and undone after; profiles made on the page."""

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Nothing yet."""
