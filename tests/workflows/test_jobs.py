"""Long work survives reloads, tells its progress, and can be stopped."""

import os
import signal
import subprocess
import sys
import time
from datetime import date

import pytest

from data.scope import EVERYTHING
from data.store import jobs, plans, scores
from data.store.rows import count_rows
from errors import ForbiddenError, JobCancelledError, NoDataError, NotFoundError
from tests import signing_in
from tests.conftest import AS_OF, WEEK
from workflows import access, import_requests, requests
from workflows.access import COMMAND_LINE
from workflows.requests import Upload

pytestmark = pytest.mark.both_stores

LONG_S = 120.0


@pytest.fixture
def worker():
    """Return a function that starts a worker process for a store; all are ended afterwards."""
    started = []

    def start(store, *more):
        command = [sys.executable, "-m", "cli", "worker", "--store", store.url, *more]
        started.append(subprocess.Popen(command, start_new_session=True))
        return started[-1]

    yield start
    for process in started:
        process.terminate()
        process.wait(timeout=30)


def wait_for(store, job_id, *statuses):
    """Return the job once it has one of the statuses."""
    until = time.monotonic() + LONG_S
    while time.monotonic() < until:
        job = jobs.get_job(store, job_id, scope=EVERYTHING)
        if job.status in statuses:
            return job
        time.sleep(0.1)
    raise AssertionError(f"still {job.status} after {LONG_S} s")


def ask_for_plan(store, *, seconds, key="k"):
    """Queue a plan of the small district's week."""
    return requests.request_plan(
        store, week_start=WEEK, district_code=None, n_teams=2, seconds=seconds, seed=1,
        as_of=AS_OF, actor=COMMAND_LINE, scope=EVERYTHING, key=key,
    )  # fmt: skip


def ask_for_import(store, uploads):
    """Look at files, then queue their import, as the import page does."""
    look = import_requests.request_check(
        store, uploads, kind=None, datum="auto", profile=None, actor=COMMAND_LINE
    )
    return import_requests.store_checked(store, look, actor=COMMAND_LINE, scope=EVERYTHING)


def test_a_score_job_leaves_a_score_run(loaded_store, worker):
    """The import page asks for scores and finds them later."""
    worker(loaded_store)
    job_id = requests.request_score(loaded_store, as_of=AS_OF, actor=COMMAND_LINE, key="k")
    job = wait_for(loaded_store, job_id, "done", "failed")
    assert job.status == "done", job.message
    assert scores.latest_run(loaded_store, scope=EVERYTHING).run_id == job.result["run_id"]


def test_an_import_job_loads_scores_and_clears_the_upload(empty_store, worker, small_city_folder):
    """Files that a person sent do not lie about once they are in the store."""
    worker(empty_store)
    uploads = [Upload(name=p.name, content=p.read_bytes()) for p in small_city_folder.iterdir()]
    job_id = ask_for_import(empty_store, uploads)
    job = wait_for(empty_store, job_id, "done", "failed")
    assert job.status == "done", job.message
    assert sum(file["taken"] for file in job.result["report"]["files"]) > 400
    assert scores.latest_run(empty_store, scope=EVERYTHING) is not None
    assert list((empty_store.folder / requests.UPLOADS).iterdir()) == []


def test_the_same_request_twice_is_one_job(loaded_store):
    """A double click makes one plan."""
    first, second = (ask_for_plan(loaded_store, seconds=5) for _ in range(2))
    assert first == second


def test_a_job_runs_with_the_workers_settings(planned_store, worker, tmp_path):
    """A bureau with one car must not get two teams from the dashboard."""
    settings = tmp_path / "mine.toml"
    settings.write_text("[planning.shifts]\nmax_teams = 1\n", encoding="utf-8")
    worker(planned_store, "--settings", str(settings))
    job = wait_for(planned_store, ask_for_plan(planned_store, seconds=1), "done", "failed")
    plan = plans.load_plan(planned_store, job.result["plan_id"], scope=EVERYTHING)
    assert len(plan.teams) == 1


def test_settings_that_went_bad_fail_the_job_with_a_sentence(planned_store, monkeypatch, tmp_path):
    """Somebody edits the file while the server runs."""
    from datetime import UTC, datetime

    from workflows.jobs import run_job

    monkeypatch.setenv("MEDPATROL_SETTINGS", str(tmp_path / "gone.toml"))
    job_id = ask_for_plan(planned_store, seconds=1)
    jobs.lease(planned_store, worker="w", now=datetime.now(UTC), lease_s=60)
    run_job(planned_store, job_id)
    job = jobs.get_job(planned_store, job_id, scope=EVERYTHING)
    assert (job.status, job.message.values["file"]) == ("failed", str(tmp_path / "gone.toml"))


def import_run(store, upload, monkeypatch, scoring):
    """Import a file in this process with something else in place of the scoring."""
    from workflows import jobs as work

    monkeypatch.setattr(work.scoring, "score", scoring)
    return run_now(store, ask_for_import(store, [upload]))


@pytest.fixture
def upload(small_city_folder):
    """Return one file as a person sends it."""
    return Upload(name="cases.csv", content=(small_city_folder / "cases.csv").read_bytes())


def test_the_files_of_an_import_wait_until_it_has_ended(empty_store, upload, monkeypatch):
    """A job whose process was killed while scoring runs again, and needs its files."""
    folder = empty_store.folder / requests.UPLOADS
    seen = []

    def scoring(*_args, **_more):
        seen.extend(folder.rglob("*.csv"))
        raise KeyError("the power went")

    import_run(empty_store, upload, monkeypatch, scoring)
    assert [path.name for path in seen] == ["cases.csv"]
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("broke", "why"),
    [
        (KeyError("a name"), "系统出错，编号 {code}"),
        (JobCancelledError("已取消"), "评分已取消"),
        (NoDataError("没有可评分的数据"), "没有可评分的数据"),
    ],
)
def test_an_import_whose_scoring_breaks_keeps_its_report(
    empty_store, upload, monkeypatch, broke, why
):
    """The records are stored: "failed" would have people load them again, or think them lost."""

    def scoring(*_args, **_more):
        raise broke

    job = import_run(empty_store, upload, monkeypatch, scoring)
    (file,) = job.result["report"]["files"]
    held = count_rows(empty_store, scope=EVERYTHING, as_of=AS_OF.replace(year=2100))["cases"]
    assert job.status == "done"
    assert file["taken"] == held > 0
    assert job.result["not_scored"]["t"] == why
    assert "a name" not in str(job.result)
    assert scores.latest_run(empty_store, scope=EVERYTHING) is None


def manager(store, name, *districts):
    """Add a manager of some districts; return name and scope."""
    signing_in.add_account(store, name, roles=["manager"], districts=list(districts), sealed=[])
    return {"actor": name, "scope": access.scope_of(store, name)}


def plan_of(store, asker, *, district, key):
    """Queue a plan of a district as somebody."""
    return requests.request_plan(
        store, week_start=WEEK, district_code=district, n_teams=2, seconds=1, seed=1,
        as_of=AS_OF, key=key, **asker,
    )  # fmt: skip


def test_a_manager_neither_plans_nor_reads_nor_stops_in_another_district(planned_store):
    """What a plan and its job tell is the other district's business."""
    mine = manager(planned_store, "a", "990102")
    theirs = manager(planned_store, "b", "990101")
    with pytest.raises(NotFoundError):
        plan_of(planned_store, mine, district="990101", key="k1")
    job_id = plan_of(planned_store, theirs, district=None, key="k2")
    assert requests.job(planned_store, job_id, scope=theirs["scope"]).district_code == "990101"
    with pytest.raises(NotFoundError):
        requests.job(planned_store, job_id, scope=mine["scope"])
    with pytest.raises(NotFoundError):
        requests.stop(planned_store, job_id, use=False, **mine)
    requests.stop(planned_store, job_id, use=False, **theirs)
    assert requests.job(planned_store, job_id, scope=theirs["scope"]).status == "cancelled"


def test_who_sees_two_districts_names_the_one_to_plan(planned_store):
    """No plan of the whole city comes from somebody who sees a part of it."""
    both = manager(planned_store, "c", "990101", "990102")
    with pytest.raises(NotFoundError):
        plan_of(planned_store, both, district=None, key="k")


def run_now(store, job_id):
    """Do what is queued in this process and return how a job ended."""
    from datetime import UTC, datetime

    from workflows.jobs import run_job

    while (job := jobs.lease(store, worker="w", now=datetime.now(UTC), lease_s=60)) is not None:
        run_job(store, job.job_id)
    return jobs.get_job(store, job_id, scope=EVERYTHING)


def test_a_plan_job_runs_with_the_askers_scope_of_the_moment(planned_store):
    """Between asking and running a district may have been taken away."""
    asker = manager(planned_store, "d", "990101")
    job_id = plan_of(planned_store, asker, district=None, key="k")
    with planned_store.write() as conn:
        from data import accounts

        accounts.change_account(conn, "d", {"districts": ["990102"]})
    job = run_now(planned_store, job_id)
    assert (job.status, job.message.values) == ("failed", {"area": "990101"})


def test_a_job_whose_asker_lost_the_right_does_not_run(planned_store):
    """A disabled account's queued work is not done in its name."""
    asker = manager(planned_store, "e", "990101")
    job_id = plan_of(planned_store, asker, district=None, key="k")
    with planned_store.write() as conn:
        from data import accounts

        accounts.change_account(conn, "e", {"roles": ["officer"]})
    assert run_now(planned_store, job_id).status == "failed"
    with pytest.raises(ForbiddenError):
        requests.stop(planned_store, job_id, use=True, **asker)


def test_stop_and_use_keeps_the_best_so_far(planned_store, worker):
    """A planner who has seen enough need not wait."""
    worker(planned_store)
    job_id = ask_for_plan(planned_store, seconds=LONG_S)
    until = time.monotonic() + LONG_S
    while jobs.get_job(planned_store, job_id, scope=EVERYTHING).value is None:
        assert time.monotonic() < until
        time.sleep(0.1)
    requests.stop(planned_store, job_id, use=True, actor=COMMAND_LINE, scope=EVERYTHING)
    job = wait_for(planned_store, job_id, "done", "failed", "cancelled")
    assert job.status == "done", job.message
    assert plans.load_plan(planned_store, job.result["plan_id"], scope=EVERYTHING).prize > 0


def test_cancel_leaves_everything_as_it_was(planned_store, worker):
    """The old plan stays."""
    before = list(plans.list_plans(planned_store, scope=EVERYTHING)["plan_id"])
    worker(planned_store)
    job_id = ask_for_plan(planned_store, seconds=LONG_S)
    wait_for(planned_store, job_id, "running")
    requests.stop(planned_store, job_id, use=False, actor=COMMAND_LINE, scope=EVERYTHING)
    assert wait_for(planned_store, job_id, "done", "failed", "cancelled").status == "cancelled"
    assert list(plans.list_plans(planned_store, scope=EVERYTHING)["plan_id"]) == before


def test_a_job_that_cannot_be_done_says_why(loaded_store, worker):
    """No scores yet: one clear sentence, not a stack trace."""
    worker(loaded_store)
    job = wait_for(loaded_store, ask_for_plan(loaded_store, seconds=5), "done", "failed")
    assert job.status == "failed"
    assert "评分" in job.message.template


def test_a_killed_worker_loses_no_job(planned_store, worker):
    """The next worker takes the job over when the lease has run out."""
    dying = worker(planned_store)
    job_id = ask_for_plan(planned_store, seconds=LONG_S)
    wait_for(planned_store, job_id, "running")
    os.killpg(dying.pid, signal.SIGKILL)
    dying.wait()
    worker(planned_store)
    until = time.monotonic() + LONG_S
    while jobs.get_job(planned_store, job_id, scope=EVERYTHING).value is None:
        assert time.monotonic() < until
        time.sleep(0.2)
    requests.stop(planned_store, job_id, use=True, actor=COMMAND_LINE, scope=EVERYTHING)
    assert wait_for(planned_store, job_id, "done", "failed").status == "done"


def test_an_upload_name_cannot_leave_its_folder():
    """A file called ../../x is stored as a plain name."""
    assert requests.safe_name("../../etc/passwd") == "_.._etc_passwd"
    assert "/" not in requests.safe_name("a/b\\c\x00d.csv")
    assert requests.safe_name("...") == "file"


def test_a_week_that_starts_on_tuesday_is_refused():
    """The week is a Monday everywhere."""
    from errors import NoDataError
    from workflows.planning import WeekRequest

    with pytest.raises(NoDataError):
        WeekRequest(week_start=date(2026, 3, 3))
