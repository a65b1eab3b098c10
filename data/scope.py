"""Who asks: the districts a reader may see and the sealed rows they are cleared for."""

from dataclasses import dataclass

SEALED_KIND = "undercover"
"""Kind of inspection and channel of lead that only named persons may see."""

WITHOUT_DISTRICT = frozenset({"roads", "population", "campaigns"})
"""Kinds every reader sees: public geography, and orders that concern all districts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """
    What one reader may see; every read of the store takes one.

    ``districts`` are district codes, ``None`` means all. ``sealed`` holds what
    the reader is cleared for among sealed rows: the word ``undercover`` for all
    of them, or single inspection or lead ids; ``None`` means everything.
    """

    user: str
    districts: frozenset[str] | None
    sealed: frozenset[str] | None

    @property
    def sees_all_districts(self) -> bool:
        """Whether rows of every district, and rows without one, are visible."""
        return self.districts is None

    @property
    def sees_all_sealed(self) -> bool:
        """Whether every sealed row is visible."""
        return self.sealed is None or SEALED_KIND in self.sealed


EVERYTHING = Scope(user="local", districts=None, sealed=None)
"""The scope of a server on loopback before accounts exist."""
