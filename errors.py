"""
Every error class of the project. Imports nothing.

An error message is a template in the product's source language (Chinese) with
named values, so that a screen or a terminal can say it in the reader's own
language: see ``workflows/wording.py``. Names, addresses, phone numbers and
complaint texts never go into ``values``.
"""


class MedPatrolError(Exception):
    """Something a person can act on: say what, where, expected, got and what to do."""

    def __init__(self, template: str, /, **values: object) -> None:
        super().__init__(template, values)
        self.template = template
        self.values = values

    def __str__(self) -> str:
        """Return the sentence in the source language."""
        return self.template.format(**self.values)


class SettingsError(MedPatrolError, ValueError):
    """A key of the settings file is unknown, missing or out of range."""


class BadFileError(MedPatrolError, ValueError):
    """A file can't be read as what it claims to be; nothing of it was taken."""


class BadProfileError(MedPatrolError, ValueError):
    """A mapping profile names a kind, column or value that does not exist."""


class MissingColumnsError(BadFileError):
    """A source file lacks columns that its kind requires."""


class StoreError(MedPatrolError):
    """The store can't be opened, is of another schema version, or is damaged."""


class StoreBusyError(StoreError):
    """Another process held the store for longer than the busy timeout."""


class ForbiddenError(MedPatrolError):
    """The account lacks the right for this step; says nothing about what is there."""


class AccountError(MedPatrolError, ValueError):
    """An account can't be made or changed as asked: name, password or roles break a rule."""


class LedgerError(MedPatrolError, ValueError):
    """A step of the ledger does not fit where the lead stands, or what was entered."""


class NotFoundError(MedPatrolError, LookupError):
    """What was asked for is not there, or not for this reader: the same answer for both."""


class InUseError(MedPatrolError):
    """Something can't be taken back, because later work builds on it; the message names it."""


class MissingCrsError(MedPatrolError, ValueError):
    """Shapes came without a coordinate reference system."""


class BadCoordinatesError(MedPatrolError, ValueError):
    """A longitude or latitude lies outside the Earth, or the two are swapped."""


class NoDataError(MedPatrolError):
    """A step needs records that the store does not hold yet; the message says which."""


class RecordError(MedPatrolError, ValueError):
    """A case, person or officer can't be changed as asked; nothing was saved."""


class ProblemError(MedPatrolError, ValueError):
    """A planning problem contradicts itself or the format; the message names the entry."""


class BrokenRuleError(MedPatrolError):
    """A plan about to be saved breaks a hard rule: a fault of ours, nothing was saved."""


class PlanError(MedPatrolError, ValueError):
    """A plan can't be changed as asked; it is as it was before."""


class StaleError(MedPatrolError):
    """Somebody else changed the thing in the meantime; nothing was saved."""


class JobCancelledError(MedPatrolError):
    """Long work stopped because somebody asked for it."""


class AssetsError(MedPatrolError):
    """The browser libraries could not be fetched, or are not what the lock file says."""
