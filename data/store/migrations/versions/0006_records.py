"""Cases, persons and officers kept by hand."""

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Nothing yet."""
