"""
Files that are broken, or made to break things.

Each must give exactly one clear sentence, leave the store as it was, and cost no
more than the limits. Most attacks are those that worked on unguarded readers.
"""

import json
import struct
import zipfile

import openpyxl
import pytest

from data.importers import problems
from data.records import Message
from data.scope import EVERYTHING
from data.store import engine, rows
from tests.data.frames_of_records import moment
from tests.data.importers import files
from workflows.importing import import_paths

NOW = moment("2025-06-02 09:30")
GOOD = files.csv_text()


def _bytes(name, content):
    def make(folder):
        path = folder / name
        path.write_bytes(content)
        return path

    return make


def _cut(make, share=0.6):
    def cut(folder):
        path = make(folder)
        content = path.read_bytes()
        path.write_bytes(content[: int(len(content) * share)])
        return path

    return cut


def _json(document, name="areas.geojson"):
    return _bytes(name, json.dumps(document).encode())


def _far_cell(folder):
    book = openpyxl.Workbook()
    book.active["A1"] = "facility_id"
    book.active["XFD1048576"] = "x"
    book.save(folder / "facilities.xlsx")
    return folder / "facilities.xlsx"


def _wide(folder):
    return files.write_xlsx(folder, sheets={"a": [[f"c{i}" for i in range(500)], [1] * 500]})


def _zip(name, entries):
    def make(folder):
        with zipfile.ZipFile(folder / name, "w", zipfile.ZIP_DEFLATED) as archive:
            for entry, content in entries.items():
                archive.writestr(entry, content)
        return folder / name

    return make


def _bomb(folder):
    path = files.write_xlsx(folder)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/pad.xml", b" " * 2**20 * 700)
    return path


def _xxe(folder):
    source = files.write_xlsx(folder, "source.xlsx")
    secret = folder / "secret.txt"
    secret.write_text("SECRET")
    target = folder / "facilities.xlsx"
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for entry in old.namelist():
            content = old.read(entry)
            if entry.startswith("xl/worksheets/"):
                dtd = f'<!DOCTYPE x [<!ENTITY leak SYSTEM "file://{secret}">]>'
                content = dtd.encode() + content.replace(b"<sheetData>", b"<sheetData>&leak;")
            new.writestr(entry, content)
    source.unlink()
    return target


def _laughs(folder):
    source = files.write_xlsx(folder, "source.xlsx")
    target = folder / "facilities.xlsx"
    lines = ['<!ENTITY a0 "ha">']
    lines += [f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 12)]
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for entry in old.namelist():
            content = old.read(entry)
            if entry.startswith("xl/worksheets/"):
                dtd = f"<!DOCTYPE x [{''.join(lines)}]>".encode()
                content = dtd + content.replace(b"<sheetData>", b"<sheetData>&a11;")
            new.writestr(entry, content)
    source.unlink()
    return target


def _vrt(name):
    def make(folder):
        secret = folder.parent / "secret.csv"
        secret.write_text("area_code,name,level\nS,SECRET,township\n")
        text = (
            '<OGRVRTDataSource><OGRVRTLayer name="secret"><SrcDataSource>'
            f"{secret}</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>"
        )
        (folder / name).write_text(text)
        return folder / name

    return make


def _gdalg(folder):
    document = {"type": "gdal_streamed_alg", "command_line": "gdal vector pipeline ! read x.csv"}
    return _json(document)(folder)


def _zipped_vrt(folder):
    parts = folder / "parts"
    parts.mkdir()
    _vrt("areas.shp")(parts)
    for ending in ("dbf", "shx"):
        (parts / f"areas.{ending}").write_bytes(b"\0" * 200)
    return files.zipped(folder / "areas.zip", parts)


def _short_dbf(folder):
    good = files.write_shapefile(folder, "good.zip")
    with zipfile.ZipFile(good) as old, zipfile.ZipFile(folder / "areas.zip", "w") as new:
        for entry in old.namelist():
            content = old.read(entry)
            if entry.endswith(".dbf"):
                content = content[:4] + struct.pack("<I", 1) + content[8:]
            new.writestr(entry, content)
    good.unlink()
    return folder / "areas.zip"


def _no_layer(folder):
    import geopandas

    frame = geopandas.GeoDataFrame(
        {"a": [1]}, geometry=geopandas.points_from_xy([1], [2]), crs=4326
    )
    path = folder / "areas.gpkg"
    frame.to_file(path, driver="GPKG", layer="one")
    frame.to_file(path, driver="GPKG", layer="two", mode="a")
    return path


def _missing(folder):
    return folder / "facilities.csv"


_LINK = {"type": "link", "properties": {"href": "http://127.0.0.1:9/x", "type": "proj4"}}
_METRES = {"type": "Polygon", "coordinates": [files.square(500_000, 2_500_000, 900)]}
_DEEP = b'{"type":"FeatureCollection","features":' + b"[" * 200_000

BAD = {
    "empty csv": (_bytes("facilities.csv", b""), "empty"),
    "blank csv": (_bytes("facilities.csv", b"\n \n\n"), "empty"),
    "header only": (_bytes("facilities.csv", b"facility_id,name,kind\n"), "no_rows"),
    "picture": (_bytes("facilities.csv", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"), "unreadable"),
    "half of utf-16": (_bytes("facilities.csv", GOOD.encode("utf-16")[:-1]), "encoding"),
    "neither encoding": (
        _bytes("facilities.csv", "facility_id,name,kind\nF1,\xff\xff,x\n".encode("latin-1")),
        "encoding",
    ),
    "cut inside quotes": (
        _bytes("facilities.csv", b'facility_id,name,kind\nF1,"an unfinished'),
        "cut_off",
    ),
    "cut inside a row": (
        _bytes("facilities.csv", b"facility_id,name,kind\nF1,x,y\nF2,z"),
        "cut_off",
    ),
    "stray quote": (
        _bytes("facilities.csv", b'facility_id,name,kind\nF1,"a"b,y\nF2,z,q\n'),
        "quotes",
    ),
    "columns missing": (_bytes("facilities.csv", b"facility_id,name\nF1,x\n"), "columns"),
    "kind unknown": (_bytes("list.csv", b"a,b\n1,2\n"), "kind"),
    "web page": (_bytes("list.csv", b"<html><body>no table</body></html>\n<p>\n"), "kind"),
    "cut xlsx": (_cut(files.write_xlsx), "unreadable"),
    "zip as xlsx": (_zip("facilities.xlsx", {"a.txt": "x"}), "unreadable"),
    "empty xlsx": (lambda folder: files.write_xlsx(folder, sheets={"a": []}), "empty"),
    "far cell": (_far_cell, "no_rows"),
    "wide sheet": (_wide, "too_wide"),
    "zip bomb": (_bomb, "too_big"),
    "external entity": (_xxe, "unreadable"),
    "entity bomb": (_laughs, "unreadable"),
    "vrt as geojson": (_vrt("areas.geojson"), "unreadable"),
    "vrt as gpkg": (_vrt("areas.gpkg"), "unreadable"),
    "vrt as csv": (_vrt("areas.csv"), "no_rows"),
    "vrt in a zip": (_zipped_vrt, "count"),
    "pipeline as geojson": (_gdalg, "unreadable"),
    "linked crs": (_json(files.collection(files.area(), crs=_LINK)), "crs"),
    "metres as degrees": (_json(files.collection(files.area(shape=_METRES))), "crs"),
    "cut geojson": (_cut(files.write_geojson), "unreadable"),
    "deep geojson": (_bytes("areas.geojson", _DEEP), "unreadable"),
    "cut gpkg": (
        _cut(lambda folder: files.write_layer(folder / "areas.gpkg", driver="GPKG")),
        "unreadable",
    ),
    "two layers": (_no_layer, "many_layers"),
    "cut zip": (_cut(files.write_shapefile), "unreadable"),
    "zip leaving its folder": (_zip("areas.zip", {"../areas.shp": "x"}), "bad_names"),
    "zip without layer": (_zip("areas.zip", {"readme.txt": "x"}), "no_layer"),
    "table shorter than shapes": (_short_dbf, "count"),
    "pbf of noise": (_bytes("roads.osm.pbf", b"noise" * 100), "unreadable"),
    "cut old workbook": (_bytes("facilities.xls", b"\xd0\xcf\x11\xe0"), "unreadable"),
    "no file": (_missing, "missing"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_gives_one_sentence_and_changes_nothing(tmp_path, empty_store, name):
    """All or nothing, told in words a clerk can act on."""
    make, code = BAD[name]
    folder = tmp_path / "files"
    folder.mkdir()
    path = make(folder)
    report = import_paths(empty_store, [path], actor="t", now=NOW)
    (file,) = report.files
    assert isinstance(file.error, Message)
    assert file.error.template == problems.SENTENCES[code]
    assert (file.rows, file.taken, file.updated, file.refused) == (0, 0, 0, ())
    assert engine.data_version(empty_store) == 0
    counts = rows.count_rows(empty_store, scope=EVERYTHING, as_of=moment("2100-01-01"))
    assert set(counts.values()) == {0}
    assert "SECRET" not in json.dumps(report.to_json("zh"), ensure_ascii=False)


def test_a_good_file_beside_a_bad_one_is_loaded(tmp_path, empty_store):
    """One broken file must not hold up the rest."""
    files.write_csv(tmp_path)
    (tmp_path / "complaints.csv").write_bytes(b"")
    report = import_paths(empty_store, [tmp_path], actor="t", now=NOW)
    assert report.has_errors
    assert report.n_taken == 2
