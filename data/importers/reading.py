"""
Read a file in a child process with limits; this side never parses foreign bytes.

The child has no secrets in its environment, no file writing, bounded memory and
time, and GDAL's drivers cut down before they load. What comes back is Arrow:
every column as text, shapes as WKB.
"""

import hashlib
import json
import os
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from data.importers import problems
from data.importers.child import EXIT_PROBLEM

WALL_S = 300.0
_ROOT = Path(__file__).parent.parent.parent
_TOLD_BYTES = 65_536
_FORMATS = {
    ".csv": "csv",
    ".txt": "csv",
    ".tsv": "csv",
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
    ".xls": "xls",
    ".geojson": "geojson",
    ".json": "geojson",
    ".gpkg": "gpkg",
    ".zip": "shapefile",
    ".pbf": "pbf",
}
_KEPT_DRIVERS = frozenset({"ESRI Shapefile", "GPKG"})


@dataclass(frozen=True, slots=True)
class FileTable:
    """
    What a file holds, still as text.

    ``row`` are row numbers as a spreadsheet shows them (features: from 1),
    ``surplus`` counts cells beyond the headers, ``shapes`` are WKB in lon and lat.
    """

    name: str
    format: str
    headers: tuple[str, ...]
    columns: tuple[pa.ChunkedArray, ...]
    row: NDArray[np.int64]
    surplus: NDArray[np.int64]
    shapes: pa.ChunkedArray | None
    sheet: str | None
    other_sheets: tuple[str, ...]


def format_of(name: str) -> str | None:
    """Return how a file of this name is read, ``None`` for names that are no data file."""
    return _FORMATS.get(Path(name).suffix.lower())


def hash_file(path: Path) -> str:
    """Return the SHA-256 of the file's bytes, in hexadecimal."""
    with path.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def read_table(path: Path, *, name: str | None = None) -> FileTable:
    """Read the first table of a file; parameters and errors as ``read_tables``."""
    return read_tables(path, name=name)[0]


def read_tables(path: Path, *, name: str | None = None) -> list[FileTable]:
    """
    Read one file: one table, or one per sheet of a workbook that holds a table.

    Parameters
    ----------
    name
        The name it was sent under; its ending says the format.

    Raises
    ------
    BadFileError
        With one sentence, if it is no file of its format, empty, cut off, in
        another encoding, or asks for more memory or time than the limits.
    """
    name = name or path.name
    format_ = format_of(name)
    if format_ is None:
        raise problems.to_error("format", file=name)
    if not path.is_file():
        raise problems.to_error("missing", file=name)
    tables, told, code = _run_child(format_, path.resolve())
    if code == EXIT_PROBLEM:
        raise _told_error(told, name=name, format_=format_)
    if code != 0 or not tables:
        # Ended by a limit: memory (abort inside a library), time, or file size.
        raise problems.to_error("too_costly", file=name)
    return [_to_file_table(table, name=name, format_=format_) for table in tables]


def _run_child(format_: str, path: Path) -> tuple[list[pa.Table], bytes, int]:
    child = subprocess.Popen(  # noqa: S603 - our own module, no shell
        [sys.executable, "-P", "-B", "-m", "data.importers.child", format_, str(path)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=_environment(format_),
        cwd="/",
        close_fds=True,
    )
    told: list[bytes] = []
    assert child.stdout is not None  # noqa: S101
    assert child.stderr is not None  # noqa: S101
    listener = threading.Thread(target=_keep_end, args=(child.stderr, told), daemon=True)
    listener.start()
    clock = threading.Timer(WALL_S, child.kill)
    clock.start()
    tables: list[pa.Table] = []
    try:
        # One stream per table; the exit code says whether the last one was whole.
        while True:
            tables.append(pa.ipc.open_stream(child.stdout).read_all())
    except (pa.ArrowInvalid, OSError):
        pass
    finally:
        child.stdout.close()
        code = child.wait()
        clock.cancel()
        listener.join()
        child.stderr.close()
    return tables, b"".join(told), code


def _environment(format_: str) -> dict[str, str]:
    """Return all the child may know: where the code is, and how little GDAL may do."""
    return {
        "PATH": os.defpath,
        "PYTHONPATH": str(_ROOT),
        "PYTHONUTF8": "1",
        "LC_ALL": "C.UTF-8",
        "ARROW_DEFAULT_MEMORY_POOL": "system",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "OSMIUM_POOL_THREADS": "1",
        "OGR_SKIP": _skipped_drivers() if format_ in {"gpkg", "shapefile"} else "",
        "GDAL_SKIP": "VRT,DERIVED,GTI,STACIT,HTTP,WMS,WCS,WMTS",
        "GDAL_HTTP_PROXY": "127.0.0.1:9",
        "PROJ_NETWORK": "OFF",
        "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": ".none",
        "GDAL_DISABLE_READDIR_ON_OPEN": "TRUE",
    }


def _skipped_drivers() -> str:
    """List every vector driver of this GDAL but the few that are needed."""
    import pyogrio

    return ",".join(sorted(set(pyogrio.list_drivers()) - _KEPT_DRIVERS))


def _keep_end(source: IO[bytes], kept: list[bytes]) -> None:
    """Drain a pipe, so that the child never waits for us, and keep its end."""
    end = b""
    while piece := source.read1(_TOLD_BYTES):  # type: ignore[attr-defined]
        end = (end + piece)[-_TOLD_BYTES:]
    kept.append(end)


def _told_error(told: bytes, *, name: str, format_: str) -> Exception:
    try:
        problem = json.loads(told.splitlines()[-1])
        code, values = str(problem["code"]), dict(problem["values"])
    except (ValueError, IndexError, KeyError, TypeError):
        code, values = "unreadable", {}
    safe = {k: v for k, v in values.items() if k in {"row", "limit", "n"} and isinstance(v, int)}
    return problems.to_error(code, file=name, kind=_SPOKEN_FORMATS[format_], **safe)


_SPOKEN_FORMATS = {
    "csv": "CSV",
    "xlsx": "XLSX",
    "xls": "XLS",
    "geojson": "GeoJSON",
    "gpkg": "GeoPackage",
    "shapefile": "Shapefile",
    "pbf": "OSM.PBF",
}


def _to_file_table(table: pa.Table, *, name: str, format_: str) -> FileTable:
    table.validate(full=True)
    about = json.loads(table.schema.metadata[b"about"])
    headers = tuple(str(header) for header in about["headers"])
    return FileTable(
        name=name,
        format=format_,
        headers=headers,
        columns=tuple(table.column(f"c{i}") for i in range(len(headers))),
        row=table.column("row").to_numpy(),
        surplus=table.column("surplus").to_numpy(),
        shapes=table.column("shape") if "shape" in table.column_names else None,
        sheet=about["sheet"],
        other_sheets=tuple(map(str, about["notes"])),
    )
