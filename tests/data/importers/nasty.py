"""A folder of nasty files, made by the tests themselves: name → function that writes one."""

import io
import json
import sqlite3
import zipfile

import openpyxl

from tests.data.importers import files

CSV = "facility_id,name,kind,lon,lat\nF1,甲,pharmacy,112.1,23.1\n"


def _raw(name, content):
    def make(folder):
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        return folder / name

    return make


def _json(document):
    return _raw("areas.geojson", json.dumps(document))


def _zip(name, entries, *, level=zipfile.ZIP_DEFLATED):
    def make(folder):
        with zipfile.ZipFile(folder / name, "w", level) as archive:
            for entry, content in entries.items():
                archive.writestr(entry, content)
        return folder / name

    return make


def _sheets(**sheets):
    return lambda folder: files.write_xlsx(folder, sheets=sheets)


def _patched(change):
    """Return a maker of a workbook whose parts ``change(name, content)`` rewrites."""

    def make(folder):
        source = files.write_xlsx(folder, "source.xlsx")
        with (
            zipfile.ZipFile(source) as old,
            zipfile.ZipFile(folder / "facilities.xlsx", "w", zipfile.ZIP_DEFLATED) as new,
        ):
            for entry in old.namelist():
                new.writestr(entry, change(entry, old.read(entry)))
        source.unlink()
        return folder / "facilities.xlsx"

    return make


def _in_sheet(old, new):
    return _patched(
        lambda name, content: (
            content.replace(old, new) if name.startswith("xl/worksheets/") else content
        )
    )


def _shared_bomb(name, content):
    if name.endswith("sharedStrings.xml"):
        return content.replace(b"</sst>", b"<si><t>" + b"A" * (150 * 2**20) + b"</t></si></sst>")
    return content


def _zeros(folder):
    path = files.write_xlsx(folder)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/zeros.bin", b"\0" * (100 * 2**20))
    return path


def _styled(folder):
    row = b'<row r="%d"><c r="A%d" s="0"/></row>'
    extra = b"".join(row % (n, n) for n in range(10, 60_010))
    return _in_sheet(b"</sheetData>", extra + b"</sheetData>")(folder)


def _formulas(folder):
    book = openpyxl.Workbook()
    book.active.append(files.HEADER)
    book.active.append(["F1", '=HYPERLINK("http://127.0.0.1:9","x")', "药店", "=1+1", 23.1])
    book.save(folder / "facilities.xlsx")
    return folder / "facilities.xlsx"


def _encrypted(folder):
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 2000
    return _raw("facilities.xlsx", head + "EncryptedPackage".encode("utf-16-le") + b"\0" * 900)(
        folder
    )


def _gpkg_with(sql):
    def make(folder):
        path = files.write_layer(folder / "areas.gpkg", driver="GPKG")
        with sqlite3.connect(path) as conn:
            conn.execute(sql)
        conn.close()
        return path

    return make


def _view_as_layer(folder):
    path = files.write_layer(folder / "areas.gpkg", driver="GPKG")
    with sqlite3.connect(path) as conn:
        for (trigger,) in conn.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall():
            conn.execute(f'DROP TRIGGER "{trigger}"')
        conn.execute("ALTER TABLE areas RENAME TO hidden")
        conn.execute(
            "CREATE VIEW areas AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
            " SELECT i AS fid, NULL AS geom, i AS area_code, i AS name, i AS level FROM n"
        )
    conn.close()
    return path


def _shape_without(*endings):
    def make(folder):
        good = files.write_shapefile(folder, "good.zip")
        with (
            zipfile.ZipFile(good) as old,
            zipfile.ZipFile(folder / "areas.zip", "w") as new,
        ):
            for entry in old.namelist():
                if not entry.endswith(endings):
                    new.writestr(entry, old.read(entry))
        good.unlink()
        return folder / "areas.zip"

    return make


def _inner_zip():
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("areas.shp", b"x")
    return inner.getvalue()


_UTF8 = "F1,北京市某某诊所,pharmacy,112.1,23.1\nF2,广东省某某诊所,pharmacy,112.1,23.1\n"
_GB = "F3,肇庆市某某门诊,pharmacy,112.1,23.1\n"
_FAR_LINK = {"type": "link", "properties": {"href": "file:///etc/hostname", "type": "esriwkt"}}
_HEAD = CSV.splitlines()[0]

FILES = {
    "byte order mark only": _raw("facilities.csv", b"\xef\xbb\xbf"),
    "utf-16 mark only": _raw("facilities.csv", b"\xff\xfe"),
    "nul bytes": _raw("facilities.csv", CSV.replace("甲", "甲\0乙")),
    "one column": _raw("facilities.csv", "facility_id\nF1\nF2\n"),
    "all blank": _raw("facilities.csv", ",,,,\n,,,,\n"),
    "only delimiters and spaces": _raw("facilities.csv", " ; ; \n\t;\t;\n"),
    "header twice": _raw("facilities.csv", CSV + CSV),
    "duplicate headers": _raw("facilities.csv", CSV.replace("lat", "lon")),
    "every header the same": _raw("facilities.csv", "name,name,name\na,b,c\n"),
    "10,000 columns": _raw("facilities.csv", ",".join(f"c{i}" for i in range(10_000)) + "\n1\n"),
    "mixed encodings": _raw(
        "facilities.csv", f"{_HEAD}\n{_UTF8}".encode() + (_GB * 3).encode("gb18030")
    ),
    "year 9999": _raw("facilities.csv", "facility_id,name,kind,opened_on\nF1,a,other,9999-12-31\n"),
    "year 0": _raw("facilities.csv", "facility_id,name,kind,opened_on\nF1,a,other,0000-01-01\n"),
    "30 February": _raw(
        "facilities.csv", "facility_id,name,kind,opened_on\nF1,a,other,2025-2-30\n"
    ),
    "coordinates swapped": _raw("facilities.csv", CSV.replace("112.1,23.1", "23.1,112.1")),
    "coordinates of infinity": _raw("facilities.csv", CSV.replace("112.1", "inf")),
    "coordinates nan": _raw("facilities.csv", CSV.replace("112.1", "nan")),
    "a cell of a million letters": _raw("facilities.csv", CSV.replace("甲", "甲" * 1_000_001)),
    "a quote never closed": _raw("facilities.csv", CSV + '"' + "x\n" * 1000),
    "a line of 20 MB": _raw("facilities.csv", b"x" * (20 * 2**20)),
    "control characters": _raw("facilities.csv", CSV.replace("甲", "甲\x07\x1b[31m")),
    "right to left marks": _raw("facilities.csv", CSV.replace("甲", "\u202e甲\u2066")),
    "formula texts": _raw("facilities.csv", CSV.replace("甲", "\"=cmd|'/c calc'!A1\"")),
    "script texts": _raw("facilities.csv", CSV.replace("甲", "<script>alert(1)</script>")),
    "sql texts": _raw("facilities.csv", CSV.replace("F1", "F1'; DROP TABLE imports;--")),
    "surrogate bytes": _raw("facilities.csv", CSV.encode() + b"F2,\xed\xa0\x80,other,1,1\n"),
    "old mac line ends": _raw("facilities.csv", CSV.replace("\n", "\r")),
    "a web page": _raw("facilities.csv", "<html><table><tr><td>1</td></tr></table></html>"),
    "a web page as xls": _raw("facilities.xls", "<html><table><tr><td>1</td></tr></table></html>"),
    "a picture as xlsx": _raw("facilities.xlsx", b"\x89PNG\r\n\x1a\n" + b"\0" * 100),
    "a program as csv": _raw("facilities.csv", b"\x7fELF" + b"\0" * 500),
    "noise as xls": _raw("facilities.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x55" * 5000),
    "noise with macros as xls": _raw(
        "facilities.xls",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "_VBA_PROJECT".encode("utf-16-le") * 90,
    ),
    "password-protected xlsx": _encrypted,
    "xlsb renamed": _zip("facilities.xlsx", {"xl/workbook.bin": b"x", "[Content_Types].xml": b""}),
    "csv inside a zip as xlsx": _zip("facilities.xlsx", {"facilities.csv": CSV}),
    "100 MB of zeros": _zeros,
    "shared strings bomb": _patched(_shared_bomb),
    "huge dimension": _in_sheet(b'<dimension ref="A1:E3"', b'<dimension ref="A1:XFD1048576"'),
    "rows numbered backwards": _in_sheet(b'<row r="3"', b'<row r="1"'),
    "row number beyond the sheet": _in_sheet(b'<row r="3"', b'<row r="99999999999"'),
    "60,000 empty styled rows": _styled,
    "formulas without values": _formulas,
    "empty sheets": _sheets(a=[], b=[], c=[]),
    "notes only": _sheets(说明=[["本表由系统导出"], ["不得外传"]]),
    "numbers only": _sheets(a=[[1, 2, 3], [4, 5, 6]]),
    "70 sheets": _sheets(**{f"s{i}": [[1, 2]] for i in range(70)}),
    "xml that breaks off": _in_sheet(b"</sheetData>", b""),
    "empty zip": _zip("areas.zip", {}),
    "absolute path in a zip": _zip("areas.zip", {"/etc/areas.shp": "x"}),
    "backslash path in a zip": _zip("areas.zip", {"..\\areas.shp": "x"}),
    "drive letter in a zip": _zip("areas.zip", {"C:/areas.shp": "x"}),
    "zip in a zip": _zip("areas.zip", {"areas.zip": _inner_zip()}),
    "shapes without dbf": _shape_without(".dbf"),
    "shapes without shx": _shape_without(".shx"),
    "gpkg with a trigger": _gpkg_with(
        "CREATE TRIGGER t AFTER INSERT ON areas BEGIN DELETE FROM areas; END"
    ),
    "gpkg with a view beside": _gpkg_with("CREATE VIEW v AS SELECT * FROM sqlite_master"),
    "gpkg whose layer is an endless view": _view_as_layer,
    "gpkg that is any database": lambda folder: _plain_database(folder / "areas.gpkg"),
    "geojson with a linked crs": _json(files.collection(files.area(), crs=_FAR_LINK)),
    "geojson of one number": _raw("areas.geojson", b"17"),
    "geojson with features that are none": _json({"features": [1, None, "x"]}),
    "geojson with a broken ring": _json(
        files.collection(files.area(shape={"type": "Polygon", "coordinates": [[[1, 2], [3, 4]]]}))
    ),
    "geojson nested deep": _raw("areas.geojson", b'{"features":' + b'{"a":' * 100_000),
    "geojson with nan": _raw("areas.geojson", '{"features": [{"geometry": NaN}]}'),
    "pbf of zeros": _raw("roads.osm.pbf", b"\0" * 1000),
    "pbf that promises 2 GB": _raw("roads.osm.pbf", b"\x7f\xff\xff\xff" + b"x" * 100),
    "vrt as shapefile part": _zip(
        "areas.zip", {f"areas.{end}": "<OGRVRTDataSource/>" for end in ("shp", "dbf", "shx")}
    ),
}


def _plain_database(path):
    with sqlite3.connect(path) as conn:
        conn.execute("CREATE TABLE areas (area_code, name, level)")
    conn.close()
    return path
