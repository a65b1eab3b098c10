"""Files of every kind, good and bad, made by the tests themselves."""

import csv
import io
import json
import zipfile
from pathlib import Path

import openpyxl

HEADER = ["facility_id", "name", "kind", "lon", "lat"]
ROWS = [["F1", "测试诊所", "private_clinic", 112.1, 23.1], ["F2", "二号", "药店", 112.2, 23.2]]


def csv_text(header=HEADER, rows=ROWS, delimiter=","):
    """Return CSV text."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter)
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue()


def write_csv(folder, name="facilities.csv", *, encoding="utf-8", **more):
    """Write a CSV file and return its path."""
    path = Path(folder) / name
    path.write_bytes(csv_text(**more).encode(encoding))
    return path


def write_xlsx(folder, name="facilities.xlsx", *, sheets=None):
    """Write a workbook; ``sheets`` maps titles to rows."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in (sheets or {"机构": [HEADER, *ROWS]}).items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    path = Path(folder) / name
    book.save(path)
    return path


def square(west=112.0, south=23.0, size=0.5):
    """Return the coordinates of a square, closed, in degrees."""
    east, north = west + size, south + size
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


def collection(*features, **more):
    """Return a GeoJSON feature collection."""
    return {"type": "FeatureCollection", "features": list(features), **more}


def area(code="990101001", shape=None, **more):
    """Return an area as a GeoJSON feature."""
    return {
        "type": "Feature",
        "properties": {"area_code": code, "name": "测试镇", "level": "township", **more},
        "geometry": shape or {"type": "Polygon", "coordinates": [square()]},
    }


def write_geojson(folder, name="areas.geojson", document=None):
    """Write a GeoJSON file."""
    path = Path(folder) / name
    path.write_text(json.dumps(document or collection(area())), encoding="utf-8")
    return path


def write_layer(path, *, driver, crs="EPSG:4326"):
    """Write two areas through GDAL, as another program would."""
    import geopandas
    import shapely

    frame = geopandas.GeoDataFrame(
        {"area_code": ["990101001", "990101002"], "name": ["甲", "乙"], "level": ["township"] * 2},
        geometry=[shapely.box(112, 23, 112.5, 23.5), shapely.box(112.5, 23, 113, 23.5)],
        crs="EPSG:4326",
    )
    frame.to_crs(crs).to_file(path, driver=driver, encoding="utf-8")
    return path


def zipped(path, folder):
    """Zip all files of a folder."""
    with zipfile.ZipFile(path, "w") as archive:
        for part in sorted(Path(folder).iterdir()):
            archive.write(part, part.name)
    return path


def write_shapefile(folder, name="areas.zip", **more):
    """Write a zipped shapefile."""
    inner = Path(folder) / f"{name}.parts"
    inner.mkdir()
    write_layer(inner / "areas.shp", driver="ESRI Shapefile", **more)
    return zipped(Path(folder) / name, inner)
