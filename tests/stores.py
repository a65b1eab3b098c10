"""What tests ask of a store that differs between SQLite and PostgreSQL."""

from sqlalchemy import select, text

from data.store import all_tables

_SCHEMA = {
    "sqlite": "SELECT sql FROM sqlite_master ORDER BY name",
    "postgresql": """
        SELECT table_name, column_name, data_type, collation_name, is_nullable, column_default,
               generation_expression, ''
        FROM information_schema.columns WHERE table_schema = 'public'
        UNION ALL
        SELECT tablename, indexname, indexdef, '', '', '', '', ''
        FROM pg_indexes WHERE schemaname = 'public'
        UNION ALL
        SELECT tgrelid::regclass::text, tgname, pg_get_triggerdef(oid), '', '', '', '',
               tgenabled::text
        FROM pg_trigger WHERE NOT tgisinternal
        ORDER BY 1, 2, 3
        """,
}


def all_rows(store):
    """Return every table's rows, ordered by primary key."""
    with store.read() as conn:
        return {
            table.name: [
                tuple(row) for row in conn.execute(select(table).order_by(*table.primary_key))
            ]
            for table in all_tables.metadata.sorted_tables
        }


def stored_bytes(store):
    """Return what a thief of the store would hold: the file, or all that a dump shows."""
    if not store.is_server:
        return store.path.read_bytes()
    values = (value for rows in all_rows(store).values() for row in rows for value in row)
    return b"\n".join(v if isinstance(v, bytes) else str(v).encode() for v in values)


def schema_of(store):
    """Return what the schema is made of, as the store tells it."""
    with store.read() as conn:
        return [tuple(row) for row in conn.execute(text(_SCHEMA[conn.dialect.name]))]


def drop_audit_guards(conn):
    """Do what the owner of a store could do: take the guards of the audit log away."""
    on = ""
    if conn.dialect.name == "postgresql":
        on = " ON audit"
        conn.execute(text("GRANT UPDATE, DELETE ON audit TO CURRENT_USER"))
    for verb in ("UPDATE", "DELETE"):
        conn.execute(text(f"DROP TRIGGER audit_no_{verb}{on}"))
