"""Files of every format come back as text, row numbers kept."""

import json
import os

import pytest

from data.importers import reading
from errors import BadFileError
from tests.data.importers import files


def texts(table):
    """Return the table as a mapping from header to its texts."""
    columns = [column.to_pylist() for column in table.columns]
    return dict(zip(table.headers, columns, strict=True))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_in_the_usual_encodings_and_separators(tmp_path, encoding, delimiter):
    """Offices send all of them; nobody should have to convert."""
    path = files.write_csv(tmp_path, encoding=encoding, delimiter=delimiter)
    table = reading.read_table(path)
    assert table.headers == tuple(files.HEADER)
    assert texts(table)["name"] == ["测试诊所", "二号"]
    assert table.row.tolist() == [2, 3]


def test_row_numbers_count_as_a_spreadsheet_does(tmp_path):
    """Empty lines and line breaks inside a cell must not shift the numbers in a report."""
    path = tmp_path / "facilities.csv"
    path.write_text('facility_id,name\n\nF1,"two\nlines"\n,\nF2,x\n', encoding="utf-8")
    assert reading.read_table(path).row.tolist() == [3, 5]


def test_text_stays_text(tmp_path):
    """Leading zeros, NA and long numbers are not ours to interpret here."""
    path = files.write_csv(tmp_path, rows=[["0012", "NA", "123456789012345678", "1e5", "nan"]])
    assert texts(reading.read_table(path))["facility_id"] == ["0012"]
    assert texts(reading.read_table(path))["name"] == ["NA"]
    assert texts(reading.read_table(path))["kind"] == ["123456789012345678"]


def test_surplus_cells_are_counted_and_missing_ones_empty(tmp_path):
    """A stray comma shifts values; the row must be refused, not misread."""
    path = tmp_path / "facilities.csv"
    path.write_text("facility_id,name,kind\nF1,x\nF2,y,z,surplus\n", encoding="utf-8")
    table = reading.read_table(path)
    assert table.surplus.tolist() == [0, 1]
    assert texts(table)["kind"] == [None, "z"]


def test_a_workbook_is_read_from_its_first_filled_sheet(tmp_path):
    """Cover sheets are usual; further tables are reported, not dropped in silence."""
    rows = [[None], [], files.HEADER, *files.ROWS]
    path = files.write_xlsx(tmp_path, sheets={"封面": [], "机构": rows, "别的": [["a"]]})
    table = reading.read_table(path)
    assert (table.sheet, table.other_sheets) == ("机构", ("别的",))
    assert table.headers == tuple(files.HEADER)
    assert table.row.tolist() == [4, 5]
    assert texts(table)["lon"] == ["112.1", "112.2"]


def test_a_number_with_lost_digits_is_marked(tmp_path):
    """A spreadsheet keeps 15 digits; an 18-digit id stored as a number is damaged."""
    path = files.write_xlsx(
        tmp_path, sheets={"a": [files.HEADER, [441283198001011234, "x", "y", 1.0, True]]}
    )
    found = texts(reading.read_table(path))
    assert found["facility_id"][0].startswith("\x1a")
    assert (found["lon"], found["lat"]) == (["1"], ["1"])


@pytest.mark.parametrize("driver", ["GPKG", "ESRI Shapefile", "GeoJSON"])
def test_areas_in_three_formats(tmp_path, driver):
    """Shapes come as WKB in lon and lat, attributes as text."""
    if driver == "ESRI Shapefile":
        path = files.write_shapefile(tmp_path)
    elif driver == "GPKG":
        path = files.write_layer(tmp_path / "areas.gpkg", driver="GPKG")
    else:
        document = files.collection(files.area("990101001"), files.area("990101002"))
        path = files.write_geojson(tmp_path, document=document)
    table = reading.read_table(path)
    assert texts(table)["area_code"] == ["990101001", "990101002"]
    assert len(table.shapes) == 2
    assert table.shapes[0].as_py()[:1] == b"\x01"


def test_projected_layers_are_brought_to_degrees(tmp_path):
    """Survey offices deliver CGCS2000 3-degree zones in metres."""
    import shapely

    path = files.write_layer(tmp_path / "areas.gpkg", driver="GPKG", crs="EPSG:4547")
    shape = shapely.from_wkb(reading.read_table(path).shapes[0].as_py())
    assert shape.bounds == pytest.approx((112, 23, 112.5, 23.5), abs=1e-6)


def test_point_layers_give_lon_and_lat(tmp_path):
    """A register drawn in a map program is a table like any other."""
    point = {
        "type": "Feature",
        "properties": {"facility_id": "F1", "name": "x", "kind": "药店"},
        "geometry": {"type": "Point", "coordinates": [112.25, 23.5]},
    }
    path = files.write_geojson(tmp_path, "facilities.geojson", files.collection(point))
    table = reading.read_table(path)
    assert table.shapes is None
    assert (texts(table)["lon"], texts(table)["lat"]) == (["112.25"], ["23.5"])


def test_the_child_has_no_secrets_and_can_not_write(monkeypatch):
    """What a hostile file could reach: nothing worth having."""
    monkeypatch.setenv("MEDPATROL_IDENTITY_KEY", "secret")
    environment = reading._environment("gpkg")
    assert "secret" not in environment.values()
    assert not set(os.environ) & set(environment) - {"PATH", "LC_ALL", "PYTHONPATH", "PYTHONUTF8"}
    assert "OGR_VRT" in environment["OGR_SKIP"].split(",")
    assert "GPKG" not in environment["OGR_SKIP"].split(",")


def test_the_name_it_was_sent_under_decides_the_format(tmp_path):
    """Uploads lie under names of our own."""
    path = files.write_csv(tmp_path, "upload-1234")
    assert reading.read_table(path, name="机构.csv").headers == tuple(files.HEADER)
    with pytest.raises(BadFileError, match="不支持"):
        reading.read_table(path)


def test_attributes_of_lists_and_numbers_become_text(tmp_path):
    """GeoJSON properties may hold anything."""
    feature = files.area(population=12.0, tags=["a"], flag=True)
    path = files.write_geojson(tmp_path, document=files.collection(feature))
    found = texts(reading.read_table(path))
    assert (found["population"], json.loads(found["tags"][0])) == (["12"], ["a"])
