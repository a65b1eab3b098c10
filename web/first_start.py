"""
One-time codes for the first two administrators.

They are printed where the server was started, so that only who runs the server
can hand them out; each makes one account, and a new start makes new codes.
"""

import secrets
from collections.abc import Iterable

from workflows import rights

_SIGNS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_GROUPS, _GROUP = 4, 4


class Codes:
    """The codes of this start, 79 bits each: role → code, until it is used."""

    def __init__(self, roles: Iterable[str]) -> None:
        self._codes = {role: _code() for role in roles}

    def __bool__(self) -> bool:
        """Whether a code is still to be used."""
        return bool(self._codes)

    def role_of(self, code: str) -> str | None:
        """Return the role that a code gives."""
        given = "".join(code.upper().split()).encode()
        found = [
            role
            for role, known in self._codes.items()
            if secrets.compare_digest(known.encode(), given)
        ]
        return found[0] if found else None

    def use(self, role: str) -> None:
        """Forget the code of a role."""
        self._codes.pop(role, None)

    def lines(self) -> list[str]:
        """Return what is printed at the start, in both languages."""
        return [
            f"{rights.ROLES[role][0]} / {rights.ROLES[role][1]}: {code}"
            for role, code in self._codes.items()
        ]


def _code() -> str:
    groups = ("".join(secrets.choice(_SIGNS) for _ in range(_GROUP)) for _ in range(_GROUPS))
    return "-".join(groups)
