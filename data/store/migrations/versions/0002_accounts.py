"""Accounts, roles, sessions and sealed audit entries."""

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Nothing yet."""
