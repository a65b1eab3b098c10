"""Tables of accounts, their sessions, and requests to see a complainant."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, Table, Text

from data.store.tables import metadata

accounts = Table(
    "accounts",
    metadata,
    Column("account", Text, primary_key=True),
    Column("display_name", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("password_at", BigInteger, nullable=False),
    Column("must_change", Integer, nullable=False),
    Column("enabled", Integer, nullable=False),
    Column("is_demo", Integer, nullable=False),
    Column("roles", Text, nullable=False),
    Column("districts", Text, nullable=False),
    Column("sealed", Text, nullable=False),
    Column("officer_id", Text),
    Column("created_at", BigInteger, nullable=False),
)
"""
``roles``, ``districts`` and ``sealed`` are JSON lists of codes, so that one look at one
row says what an account may do; ``districts`` is ``null`` where all are meant.
"""

sessions = Table(
    "sessions",
    metadata,
    Column("session_id", Text, primary_key=True),
    Column("token_hash", LargeBinary, nullable=False),
    Column("account", Text, ForeignKey("accounts.account"), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Index("ix_sessions_token_hash", "token_hash", unique=True),
    Index("ix_sessions_account", "account"),
)
"""The token itself is only in its owner's cookie; ``session_id`` is no secret."""

reveal_requests = Table(
    "reveal_requests",
    metadata,
    Column("request_id", Text, primary_key=True),
    Column("complaint_id", Text, nullable=False),
    Column("asked_by", Text, nullable=False),
    Column("asked_at", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("decided_by", Text),
    Column("decided_at", BigInteger),
    Column("opened_at", BigInteger),
    Index("ix_reveal_requests_complaint_id", "complaint_id"),
    Index("ix_reveal_requests_status", "status"),
)
"""``status``: asked, unlocked, refused, opened (seen once; stays open for a limited time)."""
