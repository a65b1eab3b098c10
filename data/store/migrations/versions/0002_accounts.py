"""Accounts, sessions, requests to see a complainant, and sealed audit entries."""

from alembic import op
from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Text,
    bindparam,
    column,
    insert,
    table,
)
from sqlalchemy.types import TypeEngine

revision = "0002"
down_revision = "0001"

_TYPES: dict[str, type[TypeEngine]] = {"t": Text, "i": Integer, "b": BigInteger, "x": LargeBinary}

# Table -> "column:type" with ! where a value must be there, * in the primary key.
_TABLES = {
    "accounts": (
        "account:t* display_name:t! password_hash:t! password_at:b! must_change:i! enabled:i! "
        "is_demo:i! roles:t! districts:t! sealed:t! officer_id:t created_at:b!"
    ),
    "sessions": ("session_id:t* token_hash:x! account:t! created_at:b! seen_at:b! ended_at:b"),
    "reveal_requests": (
        "request_id:t* complaint_id:t! asked_by:t! asked_at:b! reason:t! status:t! decided_by:t "
        "decided_at:b opened_at:b"
    ),
}
_REFERENCES = {("sessions", "account"): "accounts.account"}
_INDEXES = (
    ("ix_sessions_token_hash", "sessions", "token_hash", True),
    ("ix_sessions_account", "sessions", "account", False),
    ("ix_reveal_requests_complaint_id", "reveal_requests", "complaint_id", False),
    ("ix_reveal_requests_status", "reveal_requests", "status", False),
)


def upgrade() -> None:
    """Make the new tables; old audit entries keep their plain hashes, new ones name their key."""
    for name, columns in _TABLES.items():
        op.create_table(name, *_columns(name, columns), _primary_key(columns))
    for name, of, field, unique in _INDEXES:
        op.create_index(name, of, [field], unique=unique)
    op.add_column("audit", Column("role", Text))
    op.add_column("audit", Column("key_id", Text))
    meta = table("meta", column("name", Text), column("value", BigInteger))
    op.get_bind().execute(insert(meta).values(name=bindparam("n"), value=0), {"n": "audit_turn"})


def _columns(of: str, columns: str) -> list[Column]:
    made = []
    for part in columns.split():
        name, _, kind = part.partition(":")
        target = _REFERENCES.get((of, name))
        keys = [] if target is None else [ForeignKey(target)]
        made.append(Column(name, _TYPES[kind[0]], *keys, nullable=len(kind) == 1))
    return made


def _primary_key(columns: str) -> PrimaryKeyConstraint:
    return PrimaryKeyConstraint(*(c.partition(":")[0] for c in columns.split() if c.endswith("*")))
