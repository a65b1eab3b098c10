"""Where records were placed and how precisely; pairs that may be the same thing."""

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Nothing yet."""
