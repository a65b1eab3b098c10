"""Passwords and session tokens: Argon2id, 256 random bits, nothing home-made."""

import functools
import hashlib
import secrets
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

SHORTEST, LONGEST = 10, 200
NO_PASSWORD = "!"  # noqa: S105 - the mark of an account that no password opens
_SIGNS = "abcdefghjkmnpqrstuvwxyz23456789"
"""Letters and digits that nobody mistakes for another when reading them out."""

_hasher = PasswordHasher()


def hashed(password: str) -> str:
    """Return the Argon2id hash of a password; about 0.1 s and 64 MB."""
    return _hasher.hash(_same_form(password))


def fits(password: str, password_hash: str) -> bool:
    """Return whether a password opens an account; as slow for one that none opens."""
    known = password_hash.startswith("$argon2")
    try:
        right = _hasher.verify(
            password_hash if known else _hash_of_nobody(), _same_form(password[: 2 * LONGEST])
        )
    except (Argon2Error, InvalidHashError):
        return False
    return right and known


def new_password() -> str:
    """Return a password for one use: 16 signs in groups of four, 79 bits."""
    signs = "".join(secrets.choice(_SIGNS) for _ in range(16))
    return "-".join(signs[start : start + 4] for start in range(0, 16, 4))


def new_token() -> str:
    """Return the secret of a session, 256 bits."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> bytes:
    """Return what the store keeps of a token: useless to who steals the store."""
    return hashlib.sha256(token.encode()).digest()


@functools.cache
def _hash_of_nobody() -> str:
    return _hasher.hash(secrets.token_urlsafe(32))


def _same_form(password: str) -> str:
    # keyboards compose the same letters in different ways
    return unicodedata.normalize("NFC", password)
