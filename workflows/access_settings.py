"""Settings of accounts and sessions, apart because both the settings and access need them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessSettings:
    """
    Who reaches the server and how long a session lives.

    Parameters
    ----------
    idle_minutes
        A session without work for so long ends, minutes.
    session_hours
        A session ends after so long whatever is done in it, hours.
    reveal_minutes
        An unlocked complainant may be looked at for so long after the first look, minutes.
    hosts
        Names under which other machines reach this server, as ``name`` or ``name:port``;
        needed only with ``serve --host``.
    https
        Whether people reach the server by https (a proxy in front of it ends TLS).
    anchor_file
        File to which each day's head of the audit log is written; empty: beside the store.
        Best on another machine's disk.
    """

    idle_minutes: int = 30
    session_hours: int = 12
    reveal_minutes: int = 15
    hosts: tuple[str, ...] = ()
    https: bool = False
    anchor_file: str = ""

    def __post_init__(self) -> None:
        """Refuse lengths that lock everybody out."""
        if min(self.idle_minutes, self.session_hours, self.reveal_minutes) < 1:
            raise ValueError("idle_minutes, session_hours and reveal_minutes must be at least 1")
