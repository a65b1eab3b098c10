"""
Travel times kept on disk: what was computed once is read the next time.

A file is named after everything its times depend on, so it is never out of date.
Several processes may use one folder: a file appears whole (written aside, then
renamed), and one that can't be read counts as absent. Ids are not kept, they are
the caller's; places are in the name's digest only.
"""

import logging
import os
import secrets
import zipfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

log = logging.getLogger(__name__)

MAX_FOLDER_BYTES = 400 * 2**20
_SUFFIX = ".npz"
_ASIDE = ".part"
_FORGOTTEN_S = 3600.0
"""A half-written file this much older than the newest one belongs to nobody any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptTimes:
    """Seconds between places, which of them are estimates, and which places have a road."""

    seconds: NDArray[np.int32]
    estimated: NDArray[np.bool_]
    has_road: NDArray[np.bool_]


def read_times(folder: Path, key: str) -> KeptTimes | None:
    """Return the times kept under ``key``, ``None`` where there are none that can be read."""
    path = folder / f"{key}{_SUFFIX}"
    try:
        # A file of numpy's own opening stays open when its content is damaged.
        with path.open("rb") as source, np.load(source, allow_pickle=False) as kept:
            seconds, has_road = kept["seconds"], kept["has_road"]
            packed = kept["estimated"]
        estimated = np.unpackbits(packed, count=seconds.size).astype(bool)
        times = KeptTimes(
            seconds=seconds, estimated=estimated.reshape(seconds.shape), has_road=has_road
        )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        log.warning("kept travel times can't be read (%s), computing anew", type(error).__name__)
        return None
    with suppress(OSError):
        os.utime(path)
    return times


def read_shapes(folder: Path, key: str) -> list[shapely.Geometry] | None:
    """Return the shapes kept under ``key``, ``None`` where there are none that can be read."""
    path = folder / f"{key}{_SUFFIX}"
    try:
        with path.open("rb") as source, np.load(source, allow_pickle=False) as kept:
            parts = [kept[str(number)].tobytes() for number in range(len(kept.files))]
        shapes = [shapely.from_wkb(part) for part in parts]
    except FileNotFoundError:
        return None
    except (
        OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, shapely.errors.ShapelyError,
    ) as error:  # fmt: skip
        log.warning("kept shapes can't be read (%s), computing anew", type(error).__name__)
        return None
    with suppress(OSError):
        os.utime(path)
    return shapes


def write_shapes(folder: Path, key: str, shapes: Sequence[shapely.Geometry]) -> None:
    """Keep shapes under ``key``, as ``write_times`` keeps times."""
    parts = {
        str(number): np.frombuffer(shapely.to_wkb(shape), dtype=np.uint8)
        for number, shape in enumerate(shapes)
    }
    _write(folder, key, parts, max_bytes=MAX_FOLDER_BYTES)


def write_times(
    folder: Path, key: str, times: KeptTimes, *, max_bytes: int = MAX_FOLDER_BYTES
) -> None:
    """Keep times under ``key``; files used longest ago give way. A full disk is no error."""
    parts: dict[str, NDArray[Any]] = {
        "seconds": times.seconds,
        "estimated": np.packbits(times.estimated),
        "has_road": times.has_road,
    }
    _write(folder, key, parts, max_bytes=max_bytes)


def _write(folder: Path, key: str, parts: Mapping[str, NDArray[Any]], *, max_bytes: int) -> None:
    aside = folder / f"{key}.{secrets.token_hex(4)}{_ASIDE}"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with aside.open("wb") as target:
            np.savez(target, allow_pickle=False, **parts)
        aside.replace(folder / f"{key}{_SUFFIX}")
        _make_room(folder, max_bytes=max_bytes)
    except OSError as error:
        log.warning("travel times could not be kept (%s)", type(error).__name__)
        with suppress(OSError):
            aside.unlink(missing_ok=True)


def _make_room(folder: Path, *, max_bytes: int) -> None:
    files = []
    for path in folder.iterdir():
        # Another process may remove a file while this one looks.
        with suppress(FileNotFoundError):
            files.append((path.stat().st_mtime, path.stat().st_size, path))
    files.sort(reverse=True, key=lambda item: item[0])
    newest_s = files[0][0] if files else 0.0
    used = 0
    for written_s, size, path in files:
        used += size if path.suffix == _SUFFIX else 0
        too_much = path.suffix == _SUFFIX and used > max_bytes
        forgotten = path.suffix == _ASIDE and written_s < newest_s - _FORGOTTEN_S
        if too_much or forgotten:
            path.unlink(missing_ok=True)
