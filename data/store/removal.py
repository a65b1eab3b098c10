"""Take whole imports out again, as if their files had never been loaded."""

from collections.abc import Sequence

from sqlalchemy import Connection, delete, select

from data.store import ledger_writes, matches, tables

_DERIVED = (
    tables.cell_scores,
    tables.facility_scores,
    tables.score_runs,
    tables.plans,
    tables.jobs,
)


def imports_by(conn: Connection, *, actor: str) -> list[int]:
    """Return the ids of the imports that an actor made."""
    query = select(tables.imports.c.import_id).where(tables.imports.c.actor == actor)
    return [int(row[0]) for row in conn.execute(query.order_by(tables.imports.c.import_id))]


def remove_imports(conn: Connection, import_ids: Sequence[int]) -> dict[str, int]:
    """
    Delete every version, refusal and identity that came with some imports.

    Scores, plans and finished jobs go too: all of them were made from a store that
    held these records. A record that another import changed keeps that import's
    versions. Runs inside the caller's transaction; the audit log stays.

    Returns
    -------
    n_deleted
        Versions deleted, by kind of record.
    """
    n_deleted = {}
    leads = tables.VERSIONED["complaints"]
    ledger_writes.forget_leads_of(conn, import_ids)
    for kind, table in tables.VERSIONED.items():
        gone = conn.execute(delete(table).where(table.c.import_id.in_(import_ids)))
        n_deleted[kind] = int(gone.rowcount)
    known = select(leads.c.complaint_id)
    conn.execute(
        delete(tables.complainants).where(tables.complainants.c.complaint_id.not_in(known))
    )
    for kind in matches.KEYS:
        matches.drop_lost(conn, kind)
    for table in _DERIVED:
        conn.execute(delete(table))
    conn.execute(delete(tables.refusals).where(tables.refusals.c.import_id.in_(import_ids)))
    conn.execute(delete(tables.imports).where(tables.imports.c.import_id.in_(import_ids)))
    return n_deleted
