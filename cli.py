"""The ``medpatrol`` command: thin, calls workflows."""

import argparse
import contextlib
import json
import logging
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from errors import MedPatrolError, NoDataError

if TYPE_CHECKING:
    from data.importers.report import ImportReport
    from data.records import Message

DEFAULT_STORE = "sqlite:///var/medpatrol.sqlite"
OK, FAILED, WRONG_USE = 0, 1, 2
REFUSED_SHOWN = 20


def language() -> str:
    """Return the language of the terminal: Chinese where LANG says so, else English."""
    chosen = os.environ.get("MEDPATROL_LANG") or os.environ.get("LC_ALL") or os.environ.get("LANG")
    return "zh" if (chosen or "").lower().startswith("zh") else "en"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return 0 when done, 1 when it failed (told in one line), 2 on wrong use."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(
        level=logging.WARNING if not options.verbose else logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    try:
        code: int = options.run(options)
    except MedPatrolError as error:
        from workflows.wording import say

        sys.stderr.write(f"medpatrol: {say(error, language())}\n")
        return FAILED
    except KeyboardInterrupt:
        sys.stderr.write("medpatrol: stopped\n")
        return FAILED
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="medpatrol", description="MedPatrol 医巡")
    parser.set_defaults(verbose=False)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(
        name: str, run: Callable[[argparse.Namespace], int], text: str
    ) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.add_argument(
            "--store",
            default=os.environ.get("MEDPATROL_STORE", DEFAULT_STORE),
            metavar="URL",
            help="where the data is (default: %(default)s)",
        )
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

    score = command("score", _score, "score cells and facilities from what was known before a date")
    score.add_argument("--as-of", type=date.fromisoformat, required=True, metavar="DATE")
    score.add_argument("--cells", type=Path, metavar="FILE", help="parquet or CSV")
    score.add_argument("--facilities", type=Path, metavar="FILE", help="parquet or CSV")

    plan = command("plan", _plan, "make the weekly plan")
    plan.add_argument("--week", type=date.fromisoformat, required=True, metavar="YYYY-MM-DD")
    plan.add_argument("--district", metavar="CODE")
    plan.add_argument("--teams", type=int, metavar="N", help="default: as many as officers allow")
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

    serve = command("serve", _serve, "start the dashboard")
    serve.add_argument("--port", type=int, default=8501, metavar="P")
    serve.add_argument(
        "--demo", action="store_true", help="fill an empty store with the made-up demo city"
    )

    command("migrate", _migrate, "bring the store up to the schema of this version")
    command("verify", _verify, "check the store and the audit log")
    command("worker", _worker, "run queued jobs (the dashboard starts this itself)")
    job = command("job", _job, "run one leased job (the worker starts this itself)")
    job.add_argument("job_id")
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
    from data.store.engine import open_store
    from workflows.importing import import_paths

    report = import_paths(
        open_store(options.store),
        options.paths,
        kind=options.kind,
        datum=options.datum,
        profile=options.mapping,
        actor="command line",
        now=datetime.now(UTC),
        progress=_bar,
    )
    _end_bar()
    if options.report:
        options.report.write_text(
            json.dumps(report.to_json(language()), ensure_ascii=False, indent=1), encoding="utf-8"
        )
    for line in _report_lines(report):
        print(line)
    return FAILED if report.has_errors else OK


def _report_lines(report: "ImportReport") -> Iterator[str]:
    """Say what became of each file, with the first refused rows of each."""
    from workflows.wording import say, translator

    _ = translator(language())
    for file in report.files:
        name = Path(file.path).name
        if file.error is not None:
            yield say(file.error, language())
            continue
        counts = _(
            "读取 {a} 行：采用 {b}，更新 {c}，拒绝 {d}",
            a=file.rows,
            b=file.taken,
            c=file.updated,
            d=len(file.refused),
        )
        yield f"{name} → {file.kind}: {counts}"
        yield from (f"  {say(note, language())}" for note in file.notes)
        if file.ignored_columns:
            yield "  " + _("未采用的列：{columns}", columns=", ".join(file.ignored_columns))
        for refused in file.refused[:REFUSED_SHOWN]:
            where = _(
                "第 {row} 行，{column}：{value}",
                row=refused.row,
                column=refused.column or "—",
                value=refused.value or "—",
            )
            yield f"  {where}  {say(refused.reason, language())}"
        if len(file.refused) > REFUSED_SHOWN:
            yield "  " + _("另有 {n} 行被拒绝，见 --report", n=len(file.refused) - REFUSED_SHOWN)
    if report.ignored:
        yield _("不是数据文件，未读取：{files}", files=", ".join(report.ignored))


def _score(options: argparse.Namespace) -> int:
    from data.schema import TIME_ZONE
    from data.scope import EVERYTHING
    from data.store.engine import open_store
    from workflows.score_runs import write_scores
    from workflows.scoring import score
    from workflows.settings import read_settings

    store = open_store(options.store, create=False)
    run = score(
        store,
        read_settings(options.settings).scoring,
        scope=EVERYTHING,
        as_of=datetime.combine(options.as_of, datetime.min.time(), tzinfo=TIME_ZONE),
        actor="command line",
        progress=_bar,
    )
    _end_bar()
    written = write_scores(
        store, run.run_id, scope=EVERYTHING, cells=options.cells, facilities=options.facilities
    )
    print(f"{run.run_id}: {written.n_cells} cells, {written.n_facilities} facilities scored")
    return OK


def _plan(options: argparse.Namespace) -> int:
    from data.schema import TIME_ZONE
    from data.scope import EVERYTHING
    from data.store.engine import open_store
    from data.store.scores import latest_run
    from routing.solve import SolveProgress, SolverParams
    from workflows import exports, planning, scoring
    from workflows.settings import read_settings

    settings = read_settings(options.settings)
    store = open_store(options.store, create=False)
    seconds = options.seconds or settings.solver.seconds
    as_of = datetime.combine(options.week, datetime.min.time(), tzinfo=TIME_ZONE)
    newest = latest_run(store, scope=EVERYTHING, as_of=as_of)
    if newest is None or newest.as_of < as_of - timedelta(days=7):
        scoring.score(
            store,
            settings.scoring,
            scope=EVERYTHING,
            as_of=as_of,
            actor="command line",
            progress=_bar,
        )

    def solving(step: SolveProgress) -> None:
        from data.records import Message

        _bar(
            min(1.0, step.elapsed_s / seconds),
            Message("当前 {v}，上界 {u}", {"v": step.value / 100, "u": step.bound / 100}),
        )

    plan = planning.make_plan(
        store,
        planning.WeekRequest(
            week_start=options.week,
            district_code=options.district,
            n_teams=options.teams,
            solver=SolverParams(seconds=seconds, seed=options.seed),
        ),
        settings.planning,
        settings.scoring,
        scope=EVERYTHING,
        as_of=as_of,
        now=datetime.now(TIME_ZONE),
        actor="command line",
        progress=solving,
    )
    _end_bar()
    for path in exports.write_plan(plan, options.out, language=language()):
        print(path)
    return OK


def _solve(options: argparse.Namespace) -> int:
    from routing.solve import solve_file

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

    if options.demo:
        from data.store.engine import open_store
        from workflows.requests import request_first_demo

        request_first_demo(open_store(options.store))
    serve(options.store, port=options.port)
    return OK


def _migrate(options: argparse.Namespace) -> int:
    from data.store.engine import open_for_upgrade, schema_version, upgrade

    store = open_for_upgrade(options.store)
    upgrade(store)
    print(schema_version(store))
    return OK


def _verify(options: argparse.Namespace) -> int:
    from data.audit import verify
    from data.store.engine import open_store

    bad = verify(open_store(options.store, create=False))
    if bad is not None:
        raise NoDataError("第 {n} 条起校验不符", n=bad)
    print("ok")
    return OK


def _worker(options: argparse.Namespace) -> int:
    from workflows.jobs import work

    stopping = False

    def stop(_number: int, _frame: object) -> None:
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGTERM, stop)
    with contextlib.suppress(KeyboardInterrupt):
        work(options.store, stop=lambda: stopping)
    return OK


def _job(options: argparse.Namespace) -> int:
    from data.store.engine import open_store
    from workflows.jobs import run_job
    from workflows.settings import read_settings

    run_job(open_store(options.store), read_settings(options.settings), options.job_id)
    return OK


if __name__ == "__main__":
    sys.exit(main())
