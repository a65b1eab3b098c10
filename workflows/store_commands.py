"""The commands ``copy`` and ``export-gpkg``: a whole store elsewhere, all layers for QGIS."""

import argparse
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

from data.records import Message

Bar = Callable[[float, Message], None]


def add(
    command: Callable[..., argparse.ArgumentParser],
    *,
    day: Callable[[str], date],
    bar: Bar,
    end_bar: Callable[[], None],
) -> None:
    """
    Add both to the command line.

    Parameters
    ----------
    command
        Makes a command from its name, what runs it and its help.
    day
        Reads a date argument.
    bar, end_bar
        Show progress on the terminal, and end it.
    """

    def copied(options: argparse.Namespace) -> int:
        return _copy(options, bar, end_bar)

    def exported(options: argparse.Namespace) -> int:
        return _export(options, bar, end_bar)

    copy = command("copy", copied, "copy a whole store into an empty one, of either kind")
    copy.add_argument("source", metavar="FROM_URL", help="sqlite:///path or postgresql://…")
    copy.add_argument("target", metavar="TO_URL", help="an empty store; a new file is made")
    export = command("export-gpkg", exported, "write all layers to a GeoPackage for QGIS")
    export.add_argument("out", type=Path, metavar="OUT.gpkg")
    export.add_argument(
        "--as-of", type=day, metavar="YYYY-MM-DD", help="what was known before it (default: now)"
    )


def _copy(options: argparse.Namespace, bar: Bar, end_bar: Callable[[], None]) -> int:
    from data import audit
    from data.store.copying import copy_store
    from data.store.engine import open_store
    from errors import StoreError

    source = open_store(options.source, create=False)
    target = open_store(options.target)
    counts = copy_store(source, target, progress=bar)
    end_bar()
    bad = audit.verify(target)
    if bad is not None:
        raise StoreError("已复制，但审计记录第 {n} 条起校验不符；源库请先检查", n=bad)
    for table, n_rows in counts.items():
        if n_rows:
            sys.stdout.write(f"{table}: {n_rows:,}\n")
    sys.stdout.write(f"{target.label}\n")
    return 0


def _export(options: argparse.Namespace, bar: Bar, end_bar: Callable[[], None]) -> int:
    from data.store.engine import open_store
    from workflows import access, geopackage
    from workflows.score_runs import default_as_of
    from workflows.weeks import midnight

    store = open_store(access.store_in_use(options.store), create=False)
    now = datetime.now(UTC)
    as_of = midnight(options.as_of) if options.as_of else default_as_of(store, now=now)
    counts = geopackage.export_layers(
        store,
        options.out,
        scope=access.scope_of(store, access.COMMAND_LINE),
        as_of=as_of,
        actor=access.COMMAND_LINE,
        now=now,
        progress=bar,
    )
    end_bar()
    for layer, n_rows in counts.items():
        sys.stdout.write(f"{layer}: {n_rows:,}\n")
    sys.stdout.write(f"{options.out}\n")
    return 0
