"""The ledger of leads: triage, owners, clocks, hand-overs, links."""

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Nothing yet."""
