"""Assumptions about cases, registers and certificates; each is a setting of the bureau."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordParams:
    """
    Time limits and warnings of what is kept by hand.

    Parameters
    ----------
    decision_days
        Days from filing a case until its penalty must be decided (Administrative Penalty
        Law, article 60).
    extension_days
        Days that one extension adds.
    max_extensions
        Extensions of one case at most.
    decision_warn_days
        A case warns when so many days or fewer are left.
    undo_minutes
        Time within which the last step of a case can be taken back.
    penalty_years
        Years within which earlier penalties count towards the transfer prompt.
    penalties_for_transfer
        Penalties for unlicensed practice that raise the prompt to check a transfer to the police.
    certificate_warn_days
        A certificate warns when it ends within so many days.
    licence_warn_days
        A facility's licence warns when it ends within so many days.
    page_rows
        Rows of a list on one page.
    """

    decision_days: int = 90
    extension_days: int = 30
    max_extensions: int = 2
    decision_warn_days: int = 15
    undo_minutes: int = 10
    penalty_years: int = 5
    penalties_for_transfer: int = 2
    certificate_warn_days: int = 60
    licence_warn_days: int = 90
    page_rows: int = 50
