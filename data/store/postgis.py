"""
What a PostgreSQL store has beyond the tables: geometry that a GIS opens, text order.

Every table with longitude and latitude, or with a shape as WKB, gets a column
``geom`` that the server computes from them (EPSG:4326), with an index. Nothing
in the product reads it: it is there for QGIS and its like. Texts are ordered by
their code points, so that both kinds of store list rows in one order.
"""

from sqlalchemy import Connection, LargeBinary, Table, Text, exc
from sqlalchemy.dialects import postgresql

from data.store import all_tables
from errors import StoreError

GEOMETRY = "geom"
POINTS = (("lon", "lat"), ("base_lon", "base_lat"))
SHAPES = {"areas": "MultiPolygon", "roads": "MultiLineString"}
"""Table → what its shapes are; other tables' shapes may be of any sort."""

_PART = {"MultiPolygon": 3, "MultiLineString": 2}
_COLUMNS = """
SELECT table_name, column_name, collation_name FROM information_schema.columns
WHERE table_schema = current_schema()
"""
_GUARD = """
CREATE OR REPLACE FUNCTION audit_only_grows() RETURNS trigger LANGUAGE plpgsql AS
$$BEGIN RAISE EXCEPTION 'the audit log only grows'; END$$
"""


def add_extension(conn: Connection) -> None:
    """
    Switch PostGIS on in this database.

    Raises
    ------
    StoreError
        If it is not on and this account may not switch it on, or it is not installed.
    """
    if conn.exec_driver_sql("SELECT 1 FROM pg_extension WHERE extname = 'postgis'").scalar():
        return
    try:
        with conn.begin_nested():
            conn.exec_driver_sql("CREATE EXTENSION postgis")
    except exc.DBAPIError as error:
        raise StoreError(
            "数据库没有 PostGIS 扩展，且本账号不能添加；"
            "请数据库管理员安装 PostGIS 并在该库执行 CREATE EXTENSION postgis"
        ) from error


def guard_audit(conn: Connection) -> None:
    """Let the audit log only grow: rights for reading and adding, a trigger against the rest."""
    conn.exec_driver_sql(_GUARD)
    for verb in ("UPDATE", "DELETE", "TRUNCATE"):
        conn.exec_driver_sql(
            f"CREATE TRIGGER audit_no_{verb.lower()} BEFORE {verb} ON audit "
            "FOR EACH STATEMENT EXECUTE FUNCTION audit_only_grows()"
        )
    for who in ("PUBLIC", "CURRENT_USER"):
        conn.exec_driver_sql(f"REVOKE UPDATE, DELETE, TRUNCATE ON audit FROM {who}")


def prepare(conn: Connection) -> None:
    """Add the geometry columns that are missing and set the order of texts."""
    quote = postgresql.dialect().identifier_preparer.quote
    held: dict[str, dict[str, object]] = {}
    for row in conn.exec_driver_sql(_COLUMNS).all():
        held.setdefault(str(row[0]), {})[str(row[1])] = row[2]
    for table in all_tables.metadata.sorted_tables:
        columns = held.get(table.name)
        if columns is None:
            continue
        changes = [
            f'ALTER COLUMN {quote(c.name)} TYPE text COLLATE "C"'
            for c in table.columns
            if isinstance(c.type, Text) and columns[c.name] != "C"
        ]
        computed = None if GEOMETRY in columns else geometry_of(table)
        if computed is not None:
            type_, expression = computed
            changes.append(
                f"ADD COLUMN {GEOMETRY} geometry({type_}, 4326) "
                f"GENERATED ALWAYS AS ({expression}) STORED"
            )
        if changes:
            conn.exec_driver_sql(f"ALTER TABLE {quote(table.name)} {', '.join(changes)}")
        if computed is not None:
            conn.exec_driver_sql(
                f"CREATE INDEX {quote(f'ix_{table.name}_{GEOMETRY}')} "
                f"ON {quote(table.name)} USING gist ({GEOMETRY})"
            )


def geometry_of(table: Table) -> tuple[str, str] | None:
    """Return the type of a table's geometry and what computes it; ``None`` if it has no place."""
    if "shape" in table.c and isinstance(table.c["shape"].type, LargeBinary):
        type_ = SHAPES.get(table.name, "Geometry")
        flat = "ST_Force2D(ST_GeomFromWKB(shape, 4326))"
        part = _PART.get(type_)
        return type_, flat if part is None else f"ST_Multi(ST_CollectionExtract({flat}, {part}))"
    for lon, lat in POINTS:
        if lon in table.c and lat in table.c:
            # A point with an empty coordinate is no point: the functions return none.
            return "Point", f"ST_SetSRID(ST_MakePoint({lon}, {lat}), 4326)"
    return None
