"""What the server store needs beyond the tables: rights of the audit log."""

from alembic import op

from data.store import postgis

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Let the audit log of a server only grow; geometry comes at the end of each upgrade."""
    if op.get_context().dialect.name == "postgresql":
        postgis.guard_audit(op.get_bind())
