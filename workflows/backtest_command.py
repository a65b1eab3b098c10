"""The command ``backtest``: replay past weeks and write every figure to a folder."""

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
    """Add the command; parameters as in ``workflows.store_commands.add``."""

    def replayed(options: argparse.Namespace) -> int:
        return _backtest(options, bar, end_bar)

    told = "replay past weeks, every method beside the simple ones"
    parser = command("backtest", replayed, told, with_settings=True)
    parser.add_argument("--from", dest="from_on", type=day, required=True, metavar="DATE")
    parser.add_argument("--to", dest="to_on", type=day, required=True, metavar="DATE")
    parser.add_argument(
        "--every", type=int, default=1, metavar="WEEKS", help="weeks from one origin to the next"
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="also write values.csv and summary.json there"
    )


def _backtest(options: argparse.Namespace, bar: Bar, end_bar: Callable[[], None]) -> int:
    from data.store.engine import open_store
    from workflows import access, backtest
    from workflows.settings import read_settings

    settings = read_settings(options.settings)
    store = open_store(access.store_in_use(options.store), create=False)
    scope = access.scope_of(store, access.COMMAND_LINE)
    period = backtest.Period(
        from_on=options.from_on, to_on=options.to_on, every_weeks=options.every
    )
    run_id = backtest.run_backtest(
        store,
        settings.scoring,
        period,
        scope=scope,
        actor=access.COMMAND_LINE,
        now=datetime.now(UTC),
        progress=bar,
        seat_params=settings.seat_params(),
    )
    end_bar()
    if options.out:
        for path in backtest.write(store, run_id, options.out, scope=scope):
            sys.stdout.write(f"{path}\n")
    (run,) = (one for one in backtest.runs(store, scope=scope) if one.run_id == run_id)
    for target, told in run.summary["verdicts"].items():
        sys.stdout.write(f"{run_id} {target}: {_line(told)}\n")
    return 0


def _line(told: dict[str, object]) -> str:
    shown = (f"{k} {v:.3f}" if isinstance(v, float) else f"{k} {v}" for k, v in told.items())
    return ", ".join(shown)
