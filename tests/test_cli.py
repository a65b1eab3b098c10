"""The ``medpatrol`` command as somebody types it: what it does, and one line when it can't."""

import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

import cli
from data.scope import EVERYTHING
from data.store.engine import open_store
from data.store.ledger_tables import lead_index
from data.store.rows import count_rows
from tests.conftest import AS_OF, WEEK
from workflows.clocks import Clocks
from workflows.ledger import Book
from workflows.settings import read_settings

ROOT = Path(__file__).parents[1]
COMMANDS = ("load", "score", "plan", "solve", "demo", "serve", "migrate", "verify", "worker", "job")
PROBLEM = {
    "name": "two doors",
    "travel_s": [[0, 600], [600, 0]],
    "visits": [
        {"id": "v1", "location": 1, "service_s": 1800, "prize": 10, "windows": [[0, 30600, 61200]]}
    ],
    "shifts": [
        {
            "id": "A-0", "team": "A", "day": 0, "start_location": 0, "end_location": 0,
            "start_s": 30600, "end_s": 63000,
        }
    ],
    "quotas": [],
}  # fmt: skip


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch):
    """Speak English, and know no store and no settings but those that are given."""
    for name in ("MEDPATROL_STORE", "MEDPATROL_SETTINGS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MEDPATROL_LANG", "en")


def failed(capsys, *arguments):
    """Run a command that must end with 1 and one line on stderr; return the line."""
    assert cli.main([str(part) for part in arguments]) == cli.FAILED
    told = capsys.readouterr()
    (line,) = told.err.splitlines()
    assert line.startswith("medpatrol: ")
    assert "Traceback" not in told.err
    return line


def misused(capsys, *arguments):
    """Run a command that must end with 2 and one line on stderr; return the line."""
    with pytest.raises(SystemExit) as caught:
        cli.main([str(part) for part in arguments])
    assert caught.value.code == cli.WRONG_USE
    (line,) = capsys.readouterr().err.splitlines()
    return line


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_explains_itself(command, capsys):
    """The first thing a newcomer types."""
    with pytest.raises(SystemExit) as caught:
        cli.main([command, "--help"])
    assert caught.value.code == 0
    assert f"usage: medpatrol {command}" in capsys.readouterr().out


def test_the_help_is_there_without_loading_the_product():
    """A list of commands must not take seconds."""
    code = "import sys, cli\ntry: cli.main(['--help'])\nexcept SystemExit: pass\n"
    code += "assert not {'pandas', 'sqlalchemy', 'streamlit', 'ortools'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True)


def test_the_product_starts_as_a_command_of_its_own():
    """`python -m cli` is what the installed command runs."""
    done = subprocess.run(
        [sys.executable, "-m", "cli", "plan", "--week", "tomorrow", "--out", "x"],
        cwd=ROOT, check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == cli.WRONG_USE
    assert "expected a date like 2026-03-02" in done.stderr


def test_load_tells_what_became_of_each_file(small_city_folder, tmp_path, capsys):
    """Files in, counts out, the whole report as JSON beside; twice changes nothing."""
    url, report = f"sqlite:///{tmp_path}/store.sqlite", tmp_path / "reports" / "report.json"
    # sixty points alone do not settle a datum: a person names it
    load = ["load", str(small_city_folder), "--store", url, "--report", str(report)]
    load += ["--datum", "wgs84"]
    assert cli.main(load) == cli.OK
    told = capsys.readouterr()
    assert "facilities.csv" in told.out
    assert told.err == ""
    assert {file["refused"].__len__() for file in json.loads(report.read_text())["files"]} == {0}
    counts = count_rows(open_store(url), scope=EVERYTHING, as_of=AS_OF)
    assert cli.main(load) == cli.OK
    assert count_rows(open_store(url), scope=EVERYTHING, as_of=AS_OF) == counts


def test_load_leaves_the_ledger_up_to_date(small_city_folder, tmp_path):
    """The first page after it must not wait for clocks and likely repeats."""
    store = open_store(url := f"sqlite:///{tmp_path}/store.sqlite")
    load = ["load", str(small_city_folder), "--store", url, "--datum", "wgs84"]
    assert cli.main(load) == cli.OK
    with store.read() as conn:
        assert conn.execute(select(lead_index.c.complaint_id)).first() is not None
    settings = read_settings()
    book = Book(store, Clocks(settings.ledger), settings.links)
    assert book.sync(datetime.now(UTC)) == 0


def test_load_ends_with_one_when_a_file_is_bad_and_takes_the_others(tmp_path, capsys):
    """A script notices; the good file is in."""
    (tmp_path / "facilities.csv").write_text("facility_id,name,kind\nF1,甲,pharmacy\n", "utf-8")
    (tmp_path / "cases.csv").write_text("", "utf-8")
    url = f"sqlite:///{tmp_path}/store.sqlite"
    assert cli.main(["load", str(tmp_path), "--store", url]) == cli.FAILED
    assert "facilities.csv → facilities: 1 rows read: 1 taken" in capsys.readouterr().out


def test_load_of_a_path_that_is_not_there(tmp_path, capsys):
    """A typing error."""
    url = f"sqlite:///{tmp_path}/store.sqlite"
    assert cli.main(["load", str(tmp_path / "nothing.csv"), "--store", url]) == cli.FAILED
    assert "nothing.csv" in capsys.readouterr().out


def test_score_writes_both_tables(loaded_store, tmp_path, capsys):
    """Other programs read CSV and parquet."""
    cells, facilities = tmp_path / "out" / "cells.csv", tmp_path / "out" / "facilities.parquet"
    arguments = ["score", "--as-of", "2026-03-02", "--store", loaded_store.url]
    assert cli.main([*arguments, "--cells", str(cells), "--facilities", str(facilities)]) == cli.OK
    assert re.search(r"\d+ cells, 60 facilities scored", capsys.readouterr().out)
    assert cells.read_text().startswith("cell_id,lon,lat,score,")
    assert facilities.stat().st_size > 0


def test_plan_writes_sheets_tracks_and_the_rules(planned_store, tmp_path, capsys):
    """What officers carry, in the folder that was named."""
    out = tmp_path / "plan"
    arguments = ["--week", WEEK.isoformat(), "--teams", "2", "--seconds", "1", "--out", str(out)]
    assert cli.main(["plan", *arguments, "--store", planned_store.url]) == cli.OK
    names = [Path(name).name for name in capsys.readouterr().out.split()]
    assert names == ["plan.json", "route_sheets.xlsx", "route_A.gpx", "route_B.gpx"]
    assert all((out / name).stat().st_size for name in names)


def test_plan_scores_first_where_nothing_is_scored(loaded_store, tmp_path):
    """One command from loaded files to routes."""
    arguments = ["--week", WEEK.isoformat(), "--seconds", "1", "--out", str(tmp_path / "plan")]
    assert cli.main(["plan", *arguments, "--store", loaded_store.url]) == cli.OK


def test_solve_reads_a_problem_and_writes_a_solution(tmp_path):
    """The planner without the product around it."""
    problem, solution = tmp_path / "problem.json", tmp_path / "solution.json"
    problem.write_text(json.dumps(PROBLEM), "utf-8")
    arguments = ["solve", str(problem), "--seconds", "0.5", "--out", str(solution)]
    assert cli.main(arguments) == cli.OK
    assert json.loads(solution.read_text())["prize"] == 10


def test_verify_and_migrate_answer_for_a_sound_store(loaded_store, capsys):
    """An administrator asks this after a restore."""
    assert cli.main(["verify", "--store", loaded_store.url]) == cli.OK
    assert re.match(r"The audit log is intact, \d+ entries\n", capsys.readouterr().out)
    assert cli.main(["migrate", "--store", loaded_store.url]) == cli.OK
    assert capsys.readouterr().out.strip()


@pytest.mark.parametrize(
    "command",
    [
        ["score", "--as-of", "2026-03-02"],
        ["plan", "--week", "2026-03-02", "--out", "{tmp}/out"],
        ["verify"],
        ["migrate"],
        ["job", "x"],
    ],
)
def test_a_store_that_is_not_there_is_named_and_not_made(command, tmp_path, capsys):
    """A slip in the path must not leave an empty store behind."""
    path = tmp_path / "nowhere" / "store.sqlite"
    arguments = [part.format(tmp=tmp_path) for part in command]
    assert str(path) in failed(capsys, *arguments, "--store", f"sqlite:///{path}")
    assert not path.exists()


def test_a_store_that_is_no_database_is_told(tmp_path, capsys):
    """Somebody points to a spreadsheet."""
    path = tmp_path / "store.sqlite"
    path.write_text("no database " * 100)
    assert str(path) in failed(capsys, "verify", "--store", f"sqlite:///{path}")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["plan", "--week", "2026-13-01", "--out", "x"], "'2026-13-01'"),
        (["plan", "--week", "2026-03-02"], "--out"),
        (["plan", "--week", "2026-03-02", "--out", "x", "--teams", "0"], "'0'"),
        (["plan", "--week", "2026-03-02", "--out", "x", "--seconds", "soon"], "'soon'"),
        (["score", "--as-of", "today"], "'today'"),
        (["score"], "--as-of"),
        (["load"], "PATH"),
        (["sing"], "'sing'"),
        ([], "COMMAND"),
    ],
)
def test_wrong_use_ends_with_two_and_one_line(arguments, named, capsys):
    """Scripts tell a slip of the pen from a failure."""
    assert named in misused(capsys, *arguments)


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (["--week", "2026-03-03"], "Monday"),
        (["--week", "2026-03-02", "--district", "999999"], "999999 has no officers"),
        (["--week", "2026-03-02", "--seconds", "0"], "0 s"),
        (["--week", "2026-03-02", "--seconds", "nan"], "0 s"),
    ],
)
def test_a_plan_that_cannot_be_made_says_why(more, sentence, planned_store, tmp_path, capsys):
    """One sentence, before any long work."""
    arguments = ["plan", *more, "--store", planned_store.url, "--out", tmp_path / "out"]
    assert sentence in failed(capsys, *arguments)


@pytest.mark.parametrize(
    ("content", "named"),
    [(None, "Can't open"), ("[planning\n", "TOML"), ("[sky]\n", "sky"), (b"\xff\xfe", "TOML")],
)
@pytest.mark.parametrize(
    "command",
    [
        ["score", "--as-of", "2026-03-02"],
        ["plan", "--week", "2026-03-02", "--out", "{tmp}/out"],
        ["serve", "--port", "0"],
        ["worker"],
    ],
)
def test_a_bad_settings_file_stops_at_once(command, content, named, tmp_path, capsys):
    """Nothing runs with settings that nobody meant; the dashboard does not start either."""
    path = tmp_path / "mine.toml"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    arguments = [part.format(tmp=tmp_path) for part in command]
    store = f"sqlite:///{tmp_path}/store.sqlite"
    assert named in failed(capsys, *arguments, "--settings", path, "--store", store)


def test_the_dashboard_and_all_it_starts_use_the_settings_file(tmp_path, monkeypatch):
    """Pages and the worker are other processes: the environment carries the file to them."""
    from web import server

    (tmp_path / "mine.toml").write_text("[planning.shifts]\nmax_teams = 1\n", "utf-8")
    seen = []
    monkeypatch.setattr(
        server, "serve", lambda *_args, **_more: seen.append(read_settings().planning.shifts)
    )
    monkeypatch.setenv("MEDPATROL_SETTINGS", "")
    monkeypatch.chdir(tmp_path)
    assert cli.main(["serve", "--settings", "mine.toml", "--store", "sqlite:///x"]) == cli.OK
    assert seen[0].max_teams == 1
    assert os.environ["MEDPATROL_SETTINGS"] == str(tmp_path / "mine.toml")


def test_a_result_that_cannot_be_written_is_told_before_the_work(loaded_store, tmp_path, capsys):
    """Minutes of solving are not thrown away."""
    blocked = tmp_path / "file"
    blocked.write_text("x")
    store = ["--store", loaded_store.url]
    plan = ["plan", "--week", "2026-03-02", "--out", blocked / "plan", *store]
    assert "Can't read or write" in failed(capsys, *plan)
    score = ["score", "--as-of", "2026-03-02", *store]
    assert "Can't read or write" in failed(capsys, *score, "--cells", blocked / "cells.csv")
    assert "cells.doc" in failed(capsys, *score, "--cells", tmp_path / "cells.doc")
    problem = tmp_path / "problem.json"
    problem.write_text(json.dumps(PROBLEM), "utf-8")
    assert "Can't read or write" in failed(capsys, "solve", problem, "--out", tmp_path)


@pytest.mark.parametrize("content", [None, "{", "[]", "{}"])
def test_a_problem_file_that_is_none(content, tmp_path, capsys):
    """Missing, cut off, of another kind, empty."""
    problem = tmp_path / "problem.json"
    if content is not None:
        problem.write_text(content)
    failed(capsys, "solve", problem, "--out", tmp_path / "solution.json")


@pytest.mark.parametrize(("is_terminal", "shown"), [(True, True), (False, False)])
def test_progress_is_drawn_on_a_terminal_only(
    is_terminal, shown, loaded_store, capsys, monkeypatch
):
    """Logs and pipes stay clean."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: is_terminal)
    cli.main(["score", "--as-of", "2026-03-02", "--store", loaded_store.url])
    assert ("%" in capsys.readouterr().err) is shown


def test_the_terminal_speaks_the_readers_language(tmp_path, capsys, monkeypatch):
    """Chinese where LANG says so."""
    monkeypatch.setenv("MEDPATROL_LANG", "zh_CN.UTF-8")
    store = f"sqlite:///{tmp_path}/none.sqlite"
    assert "找不到数据库" in failed(capsys, "verify", "--store", store)


def test_a_refused_demo_scale_is_wrong_use(tmp_path, capsys):
    """Two sizes are offered."""
    assert "county" in misused(capsys, "demo", "--scale", "planet", "--out", tmp_path)


def test_a_job_that_is_not_there_is_told(loaded_store, capsys):
    """The worker's child gets an id that exists; a person may mistype it."""
    failed(capsys, "job", "nothing", "--store", loaded_store.url)
