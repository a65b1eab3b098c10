"""The ``medpatrol`` command: thin, calls workflows."""

import argparse
import contextlib
import errno
import json
import logging
import os
import signal
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from errors import MedPatrolError, NoDataError

if TYPE_CHECKING:
    from data.records import Message
    from data.store.engine import Store
    from risk.params import ScoringParams
    from routing.solve import SolveProgress

OK, FAILED, WRONG_USE = 0, 1, 2


def language() -> str:
    """Return the language of the terminal: Chinese where LANG says so, else English."""
    chosen = os.environ.get("MEDPATROL_LANG") or os.environ.get("LC_ALL") or os.environ.get("LANG")
    return "zh" if (chosen or "").lower().startswith("zh") else "en"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return 0 when done, 1 when it failed (told in one line), 2 on wrong use."""
    options = _parser().parse_args(arguments)  # ends the process with 2 on wrong use
    logging.basicConfig(
        level=logging.WARNING if not options.verbose else logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    try:
        code: int = options.run(options)
    except MedPatrolError as error:
        return _failed(error)
    except OSError as error:
        told = NoDataError(
            "不能读写 {file}：{detail}",
            file=str(error.filename or "—"),
            detail=error.strerror or type(error).__name__,
        )
        return _failed(told)
    except KeyboardInterrupt:
        _end_bar()
        sys.stderr.write("medpatrol: stopped\n")
        return FAILED
    return code


def _failed(error: MedPatrolError) -> int:
    from workflows.wording import say

    _end_bar()
    sys.stderr.write(f"medpatrol: {say(error, language())}\n")
    return FAILED


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, and where the help is."""

    def error(self, message: str) -> NoReturn:
        """End with 2."""
        self.exit(WRONG_USE, f"{self.prog}: {message} (see {self.prog} --help)\n")


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a date like 2026-03-02, got {text!r}") from None


def _at_least_one(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1, got {text!r}")
    return int(text)


def _opened(options: argparse.Namespace, *, create: bool = False) -> "Store":
    from data.store.engine import open_store
    from workflows.access import store_in_use

    return open_store(store_in_use(options.store), create=create)


def _check_writable(*paths: Path | None) -> None:
    """Raise OSError now where a result could not be written after minutes of work."""
    for path in filter(None, paths):
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        if not os.access(path if path.exists() else path.parent, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))


def _parser() -> argparse.ArgumentParser:
    from workflows import backtest_command, store_commands

    parser = _Parser(prog="medpatrol", description="MedPatrol 医巡")
    parser.set_defaults(verbose=False)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(
        name: str,
        run: Callable[[argparse.Namespace], int],
        text: str,
        *,
        with_settings: bool = False,
    ) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.add_argument(
            "--store",
            metavar="URL",
            help="where the data is (default: $MEDPATROL_STORE, else var/medpatrol.sqlite here)",
        )
        if with_settings:
            sub.add_argument("--settings", type=Path, metavar="FILE", help="another medpatrol.toml")
        sub.add_argument("--verbose", action="store_true", help="log each step")
        sub.set_defaults(run=run)
        return sub

    load = command("load", _load, "import files or a folder of them")
    load.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    load.add_argument("--kind", help="kind of record, where the file name does not say it")
    load.add_argument(
        "--datum", choices=["auto", "wgs84", "gcj02", "bd09", "cgcs2000"], default="auto"
    )
    load.add_argument("--mapping", type=Path, metavar="FILE", help="mapping profile (TOML)")
    load.add_argument("--report", type=Path, metavar="FILE", help="write the report as JSON")

    score = command(
        "score",
        _score,
        "score cells and facilities from what was known before a date",
        with_settings=True,
    )
    score.add_argument("--as-of", type=_date, required=True, metavar="DATE")
    score.add_argument("--cells", type=Path, metavar="FILE", help="parquet or CSV")
    score.add_argument("--facilities", type=Path, metavar="FILE", help="parquet or CSV")

    plan = command("plan", _plan, "make the weekly plan", with_settings=True)
    plan.add_argument("--week", type=_date, required=True, metavar="YYYY-MM-DD")
    plan.add_argument("--district", metavar="CODE")
    plan.add_argument(
        "--teams", type=_at_least_one, metavar="N", help="default: as many as officers allow"
    )
    plan.add_argument("--seconds", type=float, metavar="S", help="time to search")
    plan.add_argument("--seed", type=int, default=0, metavar="N")
    plan.add_argument("--out", type=Path, required=True, metavar="DIR")

    solve = command("solve", _solve, "solve a planning problem file")
    solve.add_argument("problem", type=Path, metavar="PROBLEM.json")
    solve.add_argument("--seconds", type=float, default=30.0, metavar="S")
    solve.add_argument("--seed", type=int, default=0, metavar="N")
    solve.add_argument("--out", type=Path, required=True, metavar="SOLUTION.json")

    demo = command("demo", _demo, "write the made-up demo city's files")
    demo.add_argument("--seed", type=int, default=1, metavar="N")
    demo.add_argument("--scale", choices=["county", "prefecture"], default="prefecture")
    demo.add_argument("--out", type=Path, default=Path("demo-city"), metavar="DIR")

    serve = command("serve", _serve, "start the dashboard", with_settings=True)
    serve.add_argument("--port", type=int, default=8501, metavar="P")
    serve.add_argument(
        "--host",
        default="127.0.0.1",
        metavar="ADDRESS",
        help="address to listen on; beyond this machine only once there are accounts",
    )
    serve.add_argument(
        "--demo", action="store_true", help="fill an empty store with the made-up demo city"
    )

    command("migrate", _migrate, "bring the store up to the schema of this version")
    command("verify", _verify, "check the store and the audit log", with_settings=True)
    store_commands.add(command, day=_date, bar=_bar, end_bar=_end_bar)
    backtest_command.add(command, day=_date, bar=_bar, end_bar=_end_bar)
    worker = "run queued jobs (the dashboard starts this itself)"
    command("worker", _worker, worker, with_settings=True)
    job = "run one leased job (the worker starts this itself)"
    command("job", _job, job, with_settings=True).add_argument("job_id")
    return parser


def _bar(share: float, message: "Message") -> None:
    """Show progress on a terminal, on one line."""
    from workflows.wording import say

    if sys.stderr.isatty():
        sys.stderr.write(f"\r\033[K{share:4.0%} {say(message, language())}"[:120])
        sys.stderr.flush()


def _end_bar() -> None:
    if sys.stderr.isatty():
        sys.stderr.write("\r\033[K")


def _load(options: argparse.Namespace) -> int:
    from workflows.clocks import Clocks
    from workflows.import_lines import report_lines
    from workflows.importing import import_paths
    from workflows.ledger import Book
    from workflows.settings import read_settings

    settings = read_settings()
    _check_writable(options.report)
    store = _opened(options, create=True)
    report = import_paths(
        store,
        options.paths,
        kind=options.kind,
        datum=options.datum,
        profile=options.mapping,
        actor="command line",
        now=datetime.now(UTC),
        progress=_bar,
    )
    # new leads have clocks and likely repeats before a page asks for them
    Book(store, Clocks(settings.ledger), settings.links).sync(datetime.now(UTC))
    _end_bar()
    if options.report:
        options.report.write_text(
            json.dumps(report.to_json(language()), ensure_ascii=False, indent=1), encoding="utf-8"
        )
    for line in report_lines(report, language()):
        print(line)
    return FAILED if report.has_errors else OK


def _score(options: argparse.Namespace) -> int:
    from data.scope import EVERYTHING
    from workflows import signal_step
    from workflows.score_runs import check_tables, write_scores
    from workflows.scoring import score
    from workflows.settings import read_settings
    from workflows.weeks import midnight

    settings = read_settings(options.settings)
    check_tables(options.cells, options.facilities)
    _check_writable(options.cells, options.facilities)
    store = _opened(options)
    run = score(
        store,
        settings.scoring,
        scope=EVERYTHING,
        as_of=midnight(options.as_of),
        actor="command line",
        progress=_bar,
        seat_params=settings.seat_params(),
    )
    signal_step.run(store, settings, as_of=run.as_of, actor="command line", progress=_bar)
    _end_bar()
    written = write_scores(
        store, run.run_id, scope=EVERYTHING, cells=options.cells, facilities=options.facilities
    )
    print(f"{run.run_id}: {written.n_cells} cells, {written.n_facilities} facilities scored")
    return OK


def _plan(options: argparse.Namespace) -> int:
    from data.schema import TIME_ZONE
    from data.scope import EVERYTHING
    from routing.solve import SolverParams
    from workflows import exports, planning, rule_check
    from workflows.settings import read_settings
    from workflows.weeks import midnight

    settings = read_settings(options.settings)
    seconds = settings.solver.seconds if options.seconds is None else options.seconds
    request = planning.WeekRequest(
        week_start=options.week,
        district_code=options.district,
        n_teams=options.teams,
        solver=SolverParams(seconds=seconds, seed=options.seed),
    )
    _check_writable(options.out / "plan.json")
    store = _opened(options)
    as_of = midnight(options.week)
    _score_unless_fresh(store, settings.scoring, as_of)
    plan = planning.make_plan(
        store,
        request,
        settings.planning,
        settings.scoring,
        scope=EVERYTHING,
        as_of=as_of,
        now=datetime.now(TIME_ZONE),
        actor="command line",
        progress=_solving(seconds),
    )
    _end_bar()
    report = rule_check.check_saved_plan(store, plan, scope=EVERYTHING, params=settings.planning)
    for path in exports.write_plan(plan, options.out, language=language(), report=report):
        print(path)
    return OK


def _score_unless_fresh(store: "Store", params: "ScoringParams", as_of: datetime) -> None:
    """Score as of the Monday that is planned, unless that was done in the week before it."""
    from data.scope import EVERYTHING
    from data.store.scores import latest_run
    from workflows.scoring import score

    newest = latest_run(store, scope=EVERYTHING, as_of=as_of)
    if newest is None or newest.as_of < as_of - timedelta(days=7):
        score(store, params, scope=EVERYTHING, as_of=as_of, actor="command line", progress=_bar)


def _solving(seconds: float) -> "Callable[[SolveProgress], None]":
    """Return what shows the progress of a solve on the terminal."""
    from data.records import Message

    def show(step: "SolveProgress") -> None:
        _bar(
            min(1.0, step.elapsed_s / seconds),
            Message("当前 {v}，上界 {u}", {"v": step.value / 100, "u": step.bound / 100}),
        )

    return show


def _solve(options: argparse.Namespace) -> int:
    from routing.solve import solve_file

    _check_writable(options.out)
    solve_file(options.problem, options.out, seconds=options.seconds, seed=options.seed)
    return OK


def _demo(options: argparse.Namespace) -> int:
    from workflows.demo import write_demo

    summary = write_demo(options.out, seed=options.seed, scale=options.scale, progress=_bar)
    _end_bar()
    for target in summary.targets:
        beside = f"target {target.target:,.6g}, {target.deviation:+.1%}"
        print(f"{target.name}: {target.value:,.6g} ({beside})")
    for kind, n_rows in summary.n_rows.items():
        print(f"{kind}: {n_rows:,}")
    print(summary.folder)
    return OK


def _serve(options: argparse.Namespace) -> int:
    from web.server import serve
    from workflows.settings import use_settings

    use_settings(options.settings)
    if options.demo:
        from workflows.requests import request_first_demo

        request_first_demo(_opened(options, create=True))
    serve(options.store, port=options.port, host=options.host, with_demo=options.demo)
    return OK


def _migrate(options: argparse.Namespace) -> int:
    from data.store.engine import open_for_upgrade, schema_version, upgrade
    from workflows.access import store_in_use

    store = open_for_upgrade(store_in_use(options.store))
    upgrade(store)
    print(schema_version(store))
    return OK


def _verify(options: argparse.Namespace) -> int:
    from workflows.settings import read_settings
    from workflows.verifying import state_of_log
    from workflows.wording import say

    anchor_file = read_settings(options.settings).access.anchor_file
    found = state_of_log(_opened(options), anchor_file=anchor_file)
    for sentence in found.sentences:
        print(say(sentence, language()))
    return OK if found.is_sound else FAILED


def _worker(options: argparse.Namespace) -> int:
    from workflows.access import store_in_use
    from workflows.jobs import work
    from workflows.settings import use_settings

    use_settings(options.settings)
    stopping = False

    def stop(_number: int, _frame: object) -> None:
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGTERM, stop)
    with contextlib.suppress(KeyboardInterrupt):
        work(store_in_use(options.store), stop=lambda: stopping)
    return OK


def _job(options: argparse.Namespace) -> int:
    from workflows.jobs import run_job

    run_job(_opened(options), options.job_id, settings_file=options.settings)
    return OK


if __name__ == "__main__":
    sys.exit(main())
