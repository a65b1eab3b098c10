"""The layers for QGIS: what a GIS library finds from outside is what the store holds."""

import sqlite3
from dataclasses import replace

import geopandas
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from sqlalchemy import column, create_engine, select, text

from data import audit
from data.scope import EVERYTHING, SEALED_KIND, Scope
from data.store import scores, tables
from data.store.rows import load_rows, save_rows
from errors import ForbiddenError
from tests.conftest import AS_OF
from tests.data.frames_of_records import complaint, inspection, moment, records
from workflows import access, geopackage
from workflows.map_layers import BLUR_M, METRES_PER_DEGREE

pytestmark = pytest.mark.both_stores
LAYERS = {
    "facilities": "facilities",
    "leads": "complaints",
    "cases": "cases",
    "inspections": "inspections",
    "areas": "areas",
    "roads": "roads",
}
UNSEALED = replace(EVERYTHING, sealed=frozenset())


def export(store, path, **more):
    given = {"scope": EVERYTHING, "as_of": AS_OF, "actor": access.COMMAND_LINE, "now": AS_OF}
    return geopackage.export_layers(store, path, **{**given, **more})


@pytest.fixture
def store_of_layers(planned_store):
    """Return the planned district with two roads."""
    ways = [[(112.0, 31.0), (112.1, 31.0)], [(112.1, 31.0), (112.1, 31.1), (112.2, 31.1)]]
    roads = [{"highway": "primary", "shape": shapely.LineString(way).wkb} for way in ways]
    with planned_store.write() as conn:
        given = records("roads", *roads)
        save_rows(conn, "roads", given, import_id=None, known_on=moment("2025-06-01"))
    return planned_store


def last_entry(store):
    with store.read() as conn:
        log = tables.audit
        return conn.execute(select(log).order_by(log.c.seq.desc()).limit(1)).one()


def test_a_gis_library_finds_what_the_store_holds(store_of_layers, tmp_path):
    """Every layer, every row, in degrees of WGS-84, beside its label in both languages."""
    path = tmp_path / "layers.gpkg"
    told = export(store_of_layers, path)
    found = {
        name: pyogrio.read_dataframe(path, layer=name) for name, _ in pyogrio.list_layers(path)
    }
    assert {name: len(layer) for name, layer in found.items()} == told
    assert {str(layer.crs) for layer in found.values()} == {"EPSG:4326"}
    for layer, kind in LAYERS.items():
        held = load_rows(store_of_layers, kind, scope=UNSEALED, as_of=AS_OF)
        assert len(found[layer]) == len(held) > 0
        if "lon" in held:
            assert (~found[layer].geometry.is_empty & found[layer].geometry.notna()).sum() == (
                held["lon"].notna().sum()
            )
    run = scores.latest_run(store_of_layers, scope=EVERYTHING, as_of=AS_OF)
    assert told["cells"] == len(
        scores.load_cell_scores(store_of_layers, run.run_id, scope=EVERYTHING)
    )
    assert told["plan_stops"] >= told["plan_routes"] > 0
    assert set(found["facilities"]["kind_zh"]) & {"个体诊所", "村卫生室", "药店", "口腔诊所"}
    assert found["areas"].geometry.is_valid.all()


def test_no_complainant_no_words_no_officer_no_undercover_row_leaves(loaded_store, tmp_path):
    """The file goes to a laptop; what is in it can't be called back."""
    canary = "金丝雀某某13800001234"
    leads = records(
        "complaints", complaint("Z1", site_text=canary, summary=canary, handed_to=canary)
    )
    sealed = records("complaints", complaint("Z2", channel=SEALED_KIND, received_at="2025-01-01"))
    visits = records(
        "inspections", inspection("Z3", kind=SEALED_KIND), inspection("Z4", officer_ids=canary)
    )
    with loaded_store.write() as conn:
        for kind, given in (("complaints", leads), ("complaints", sealed), ("inspections", visits)):
            save_rows(conn, kind, given, import_id=None, known_on=moment("2025-06-01"))
    path = tmp_path / "layers.gpkg"
    export(loaded_store, path)
    content = path.read_bytes()
    assert canary.encode() not in content
    assert b"Z3" not in content
    assert b"Z4" in content
    found = pyogrio.read_dataframe(path, layer="leads")
    assert SEALED_KIND not in set(found["channel"])
    assert not {"complaint_id", "summary", "site_text", "lon", "lat"} & set(found.columns)


def test_leads_lie_in_the_middle_of_their_square(loaded_store, tmp_path):
    """As on the map: nobody's door is marked."""
    path = tmp_path / "layers.gpkg"
    export(loaded_store, path)
    placed = pyogrio.read_dataframe(path, layer="leads").geometry.dropna()
    step = BLUR_M / METRES_PER_DEGREE
    rest = np.mod(shapely.get_y(placed.to_numpy()) / step, 1)
    assert np.allclose(rest, 0.5, atol=1e-6)


def test_the_same_store_and_date_give_the_same_file(planned_store, tmp_path):
    """Two exports can be compared; a changed byte means changed data."""
    one, other = tmp_path / "one.gpkg", tmp_path / "other.gpkg"
    export(planned_store, one)
    export(planned_store, other)
    assert one.read_bytes() == other.read_bytes()


def test_the_log_knows_of_the_export_before_it_begins(loaded_store, tmp_path, monkeypatch):
    """Bytes that left without an entry would never have left."""

    def fails(*_given, **_more):
        assert last_entry(loaded_store).action == "export.gpkg"
        raise OSError("disk full")

    monkeypatch.setattr(geopackage, "write_layers", fails)
    with pytest.raises(OSError, match="disk full"):
        export(loaded_store, tmp_path / "layers.gpkg")
    entry = last_entry(loaded_store)
    assert (entry.action, entry.actor) == ("export.gpkg", access.COMMAND_LINE)
    assert audit.verify(loaded_store) is None


def test_who_may_not_export_gets_nothing(loaded_store, tmp_path):
    """The right is asked of the store, not of the page."""
    with pytest.raises(ForbiddenError):
        export(loaded_store, tmp_path / "layers.gpkg", actor="nobody")
    assert list(tmp_path.glob("*.gpkg")) == []


def test_a_reader_of_a_district_gets_its_layers_only(loaded_store, tmp_path):
    """Scope is in the query, here as anywhere."""
    none = Scope(user="m", districts=frozenset(), sealed=frozenset())
    told = export(loaded_store, tmp_path / "layers.gpkg", scope=none)
    assert {n for layer, n in told.items() if layer != "roads"} == {0}


def test_an_empty_store_gives_empty_layers(empty_store, tmp_path):
    """A first look at the tool before any file is loaded."""
    path = tmp_path / "layers.gpkg"
    assert set(export(empty_store, path).values()) == {0}
    with sqlite3.connect(path) as conn:
        assert conn.execute("SELECT count(*) FROM gpkg_contents").fetchone() == (9,)


@pytest.mark.parametrize("store_kind", ["postgresql"], indirect=True)
def test_a_gis_library_opens_the_tables_of_the_server(store_of_layers):
    """QGIS opens the database itself: geometry of the right kind, at the right place, all of it."""
    url = store_of_layers.url.replace("postgresql://", "postgresql+psycopg://")
    outside = create_engine(url)
    for name in (*LAYERS.values(), "cell_scores", "facility_scores", "officers"):
        table = tables.metadata.tables[name]
        everything = select(table, column("geom"))
        found = geopandas.read_postgis(everything, outside, geom_col="geom")
        with store_of_layers.read() as conn:
            held = pd.DataFrame(conn.execute(select(table)).all(), columns=table.c.keys())
        assert len(found) == len(held) > 0
        assert set(shapely.get_srid(found.geometry.dropna().to_numpy())) <= {4326}
        if "shape" in held:
            there = shapely.from_wkb(held.set_index("version_id")["shape"])
            assert shapely.equals(found.set_index("version_id").geometry, there).all()
        else:
            lon = "base_lon" if name == "officers" else "lon"
            assert found.geometry.notna().sum() == held[lon].notna().sum()
            assert np.array_equal(found.geometry.x.dropna(), found[lon].dropna())
    with outside.connect() as conn:
        listed = conn.execute(text("SELECT f_table_name, type FROM geometry_columns")).all()
        indexed = conn.execute(text("SELECT count(*) FROM pg_indexes WHERE indexdef ~ 'gist'"))
        assert dict(map(tuple, listed))["areas"] == "MULTIPOLYGON"
        assert dict(map(tuple, listed))["roads"] == "MULTILINESTRING"
        assert indexed.scalar() == len(listed)
    outside.dispose()
