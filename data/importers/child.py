"""
The process that touches foreign bytes: ``python -m data.importers.child FORMAT PATH``.

It gives up memory, time and file writing before it opens the file, writes what it
read as an Arrow stream to standard output (all values as text, shapes as WKB),
and names a problem as JSON on standard error with exit code 3.
"""

import json
import os
import resource
import sys
from collections.abc import Callable, Mapping

EXIT_PROBLEM = 3
ADDRESS_SPACE_BYTES = 1_500 * 2**20
DATA_BYTES = 900 * 2**20
"""Limit of what the process may fill; libraries take up address space without filling it."""
CPU_S = 120
MAX_OPEN_FILES = 64


def main(arguments: list[str]) -> int:
    """Read one file under limits and return the exit code."""
    give_up_rights()
    from data.importers.problems import ProblemError

    format_, path = arguments
    try:
        _reader(format_)(path)
    except ProblemError as problem:
        return _tell(problem.code, problem.values)
    except MemoryError:
        return _tell("too_costly", {})
    except BrokenPipeError:
        return 1
    except Exception as error:  # noqa: BLE001 - any failure of a reader means: not readable
        # The type only: a message may quote the file.
        return _tell("unreadable", {"why": type(error).__name__})
    return 0


def give_up_rights() -> None:
    """Limit memory, time, open files; forbid writing files and dumping memory."""
    for what, limit in (
        (resource.RLIMIT_AS, ADDRESS_SPACE_BYTES),
        (resource.RLIMIT_DATA, DATA_BYTES),
        (resource.RLIMIT_CPU, CPU_S),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, MAX_OPEN_FILES),
    ):
        resource.setrlimit(what, (limit, limit))


def _reader(format_: str) -> Callable[[str], None]:
    if format_ in {"csv", "xlsx", "xls"}:
        from data.importers import child_tables

        return child_tables.read_table_file
    if format_ == "pbf":
        from data.importers import child_roads

        return child_roads.read_pbf
    from data.importers import child_shapes

    return {
        "geojson": child_shapes.read_geojson,
        "gpkg": child_shapes.read_gpkg,
        "shapefile": child_shapes.read_zipped_shapefile,
    }[format_]


def _tell(code: str, values: Mapping[str, object]) -> int:
    sys.stderr.write("\n" + json.dumps({"code": code, "values": values}, default=str))
    sys.stderr.flush()
    # Do not wait for what libraries still want to write or tidy up.
    os._exit(EXIT_PROBLEM)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
