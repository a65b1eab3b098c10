"""The life of a plan: submitted, approved, released, done; draws and campaigns."""

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Nothing yet."""
