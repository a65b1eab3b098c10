"""Write many rows at once, the fast way of each kind of store."""

from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import Connection, Table, bindparam, exc, insert
from sqlalchemy.dialects import postgresql, sqlite


def insert_columns(
    conn: Connection, table: Table, names: Sequence[str], columns: Sequence[Sequence[object]]
) -> None:
    """
    Insert rows given as columns of equal length, inside the caller's transaction.

    The values must be of the columns' own Python types; nothing is converted.
    """
    rows = zip(*columns, strict=True)
    if conn.dialect.name == "postgresql":
        _copy_in(conn, table, names, rows)
        return
    statement = insert(table).values({name: bindparam(name) for name in names})
    compiled = statement.compile(dialect=conn.dialect)
    order = [list(names).index(name) for name in compiled.positiontup or ()]
    ordered = list(zip(*(columns[i] for i in order), strict=True))
    if ordered:
        conn.exec_driver_sql(str(compiled), ordered)


def upsert(
    conn: Connection, table: Table, rows: Sequence[Mapping[str, Any]], *, key: Sequence[str]
) -> None:
    """Insert rows; where one of the same ``key`` is there, replace its other values."""
    if not rows:
        return
    make = postgresql.insert if conn.dialect.name == "postgresql" else sqlite.insert
    statement = make(table)
    fields = {name: statement.excluded[name] for name in rows[0] if name not in key}
    conn.execute(
        statement.on_conflict_do_update(index_elements=list(key), set_=fields),
        [dict(row) for row in rows],
    )


def _copy_in(conn: Connection, table: Table, names: Sequence[str], rows: "zip[Any]") -> None:
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table.name), sql.SQL(", ").join(map(sql.Identifier, names))
    )
    driver = conn.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)  # noqa: S101
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
    except psycopg.Error as error:
        # The row, which the server repeats, stays out of the message: it may be a person's.
        plain = type(error)(error.diag.message_primary or "")
        raise exc.DBAPIError.instance(
            f"COPY {table.name}", None, plain, psycopg.Error, hide_parameters=True
        ) from None
