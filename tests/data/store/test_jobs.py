"""Long work that survives its worker."""

from datetime import timedelta

import pytest

from data.records import Message
from data.scope import EVERYTHING, Scope
from data.store import jobs
from errors import NotFoundError
from tests.data.frames_of_records import moment

NOW = moment("2025-06-01 10:00")


def submit(store, key="k1", **more):
    return jobs.submit(
        store, kind="plan", params={"seconds": 30}, key=key, actor="t", now=NOW, **more
    )


def lease(store, worker="w1", after_s=0):
    return jobs.lease(store, worker=worker, now=NOW + timedelta(seconds=after_s), lease_s=15)


def get(store, job_id):
    return jobs.get_job(store, job_id, scope=EVERYTHING)


def test_the_same_key_gives_the_same_job(empty_store):
    """A double click or a retry after a lost answer starts nothing twice."""
    assert submit(empty_store) == submit(empty_store)
    assert len(jobs.active_jobs(empty_store, scope=EVERYTHING)) == 1


def test_what_failed_or_was_cancelled_may_be_asked_for_again(empty_store):
    """Cancel a plan, press the button again: a new job, not the cancelled one for ever."""
    first = submit(empty_store)
    jobs.request_stop(empty_store, first, mode="cancel", now=NOW)
    second = submit(empty_store)
    lease(empty_store)
    jobs.fail(empty_store, second, message=Message("x"), now=NOW)
    third = submit(empty_store)
    assert len({first, second, third}) == 3
    assert submit(empty_store) == third


def test_a_job_goes_from_queue_to_result(empty_store):
    """The usual life, with progress on the way."""
    job_id = submit(empty_store)
    job = lease(empty_store)
    assert (job.job_id, job.status, job.params) == (job_id, "running", {"seconds": 30})
    assert lease(empty_store, worker="w2") is None
    jobs.report(
        empty_store, job_id, progress=0.4, message=Message("第 {n} 步", {"n": 2}), value=7, bound=9
    )
    running = get(empty_store, job_id)
    assert (running.progress, running.message.values, running.value) == (0.4, {"n": 2}, 7)
    jobs.finish(empty_store, job_id, result={"plan_id": "P1"}, now=NOW)
    done = get(empty_store, job_id)
    assert (done.status, done.result, done.progress) == ("done", {"plan_id": "P1"}, 1.0)
    assert jobs.active_jobs(empty_store, scope=EVERYTHING) == []


def test_a_renewed_lease_keeps_the_job_with_its_worker(empty_store):
    """A long solve is not taken away while its worker lives."""
    job_id = submit(empty_store)
    lease(empty_store)
    later = NOW + timedelta(seconds=14)
    assert jobs.renew(empty_store, job_id, worker="w1", now=later, lease_s=15)
    assert lease(empty_store, worker="w2", after_s=20) is None
    assert not jobs.renew(empty_store, job_id, worker="w2", now=later, lease_s=15)


def test_a_job_of_a_dead_worker_runs_once_more_and_then_fails(empty_store):
    """A job that kills its worker must not kill one after the other."""
    job_id = submit(empty_store)
    lease(empty_store)
    assert lease(empty_store, worker="w2", after_s=30).job_id == job_id
    assert lease(empty_store, worker="w3", after_s=60) is None
    assert get(empty_store, job_id).status == "failed"


def test_the_end_of_a_job_is_not_overwritten(empty_store):
    """A worker that was given up and comes back late changes nothing."""
    job_id = submit(empty_store)
    lease(empty_store)
    jobs.fail(empty_store, job_id, message=Message("失败"))
    jobs.finish(empty_store, job_id, result={})
    assert get(empty_store, job_id).status == "failed"


@pytest.mark.parametrize("mode", ["use", "cancel"])
def test_a_running_job_hears_the_wish_to_stop(empty_store, mode):
    """'Stop and use' keeps the best plan so far, 'cancel' drops it."""
    job_id = submit(empty_store)
    lease(empty_store)
    jobs.request_stop(empty_store, job_id, mode=mode)
    assert get(empty_store, job_id).stop_mode == mode
    jobs.cancelled(empty_store, job_id)
    assert get(empty_store, job_id).status == "cancelled"


def test_a_waiting_job_is_stopped_at_once(empty_store):
    """Nobody leases it any more."""
    job_id = submit(empty_store)
    jobs.request_stop(empty_store, job_id, mode="cancel")
    assert get(empty_store, job_id).status == "cancelled"
    assert lease(empty_store) is None
    with pytest.raises(ValueError, match="mode"):
        jobs.request_stop(empty_store, job_id, mode="now")
    with pytest.raises(NotFoundError):
        jobs.request_stop(empty_store, "none", mode="cancel")


def test_the_oldest_job_goes_first(empty_store):
    """Nobody waits for ever."""
    jobs.submit(
        empty_store, kind="b", params={}, key="b", actor="t", now=NOW + timedelta(seconds=5)
    )
    first = submit(empty_store, key="a")
    assert lease(empty_store).job_id == first


def test_a_job_of_another_district_is_hidden_but_ones_own_is_not(empty_store):
    """Progress lines would tell what another district plans."""
    job_id = submit(empty_store, district_code="990101")
    other = Scope(user="m", districts=frozenset({"990102"}), sealed=None)
    mine = Scope(user="t", districts=frozenset({"990102"}), sealed=None)
    with pytest.raises(NotFoundError):
        jobs.get_job(empty_store, job_id, scope=other)
    assert jobs.active_jobs(empty_store, scope=other) == []
    assert jobs.get_job(empty_store, job_id, scope=mine).job_id == job_id
