"""What the server store needs beyond the tables: geometry, rights of the audit log."""

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Nothing yet."""
