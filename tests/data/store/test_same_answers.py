"""The two kinds of store answer alike, whatever is written and asked."""

from datetime import timedelta

import numpy as np
import pandas as pd
from pandas.testing import assert_frame_equal

from data.schema import KINDS, LABELS
from data.scope import EVERYTHING, SEALED_KIND, Scope
from data.store import engine, jobs, plans, removal, rows, scores
from tests.data.frames_of_records import moment, records
from tests.stores import all_rows

N_OPERATIONS = 300
START = moment("2024-01-01")
DISTRICTS = ("990101", "990102", "110000")
WORDS = (
    "中卫村",
    "阿村",
    "Zoo",
    "apple",
    "Äpfel",
    "a b",
    "_x",
    "9",
    "é",
    "镇🏥",
    "o'x",
    "%_\\",
    "NaN",
)
PERIODS = ("complaints", "cases", "inspections", "facilities", "persons", "campaigns")


def made_up(kind, rng):
    """Return a few random rows of a kind, many with keys seen before and values left out."""
    spec = KINDS[kind]

    def value(column):
        if column.name in spec.key and column.type == "text":
            return f"{WORDS[rng.integers(4)]}{rng.integers(12)}"
        if column.name not in spec.key and rng.random() < 0.35:
            return None
        if column.vocabulary is not None:
            return str(rng.choice(list(LABELS[column.vocabulary])))
        if column.name in {"area_code", "district_code"}:
            return f"{rng.choice(DISTRICTS)}{rng.choice(['', '001', '001201'])}"
        if column.name.endswith("_id"):
            return f"{WORDS[rng.integers(4)]}{rng.integers(12)}"
        day = START + timedelta(days=int(rng.integers(500)))
        return {
            "text": str(rng.choice(WORDS)),
            "list": ";".join(rng.choice(WORDS, 2)),
            "integer": int(rng.integers(-5, 2**31 - 1)),
            "flag": int(rng.integers(2)),
            "real": float(rng.normal(30 if "lat" in column.name else 110, 0.7)),
            "date": day.date().isoformat(),
            "instant": (day + timedelta(seconds=int(rng.integers(86_400)))).strftime("%F %T"),
            "shape": b"",
        }[column.type]

    columns = [c for c in spec.columns if not c.identity and c.type != "shape"]
    return records(kind, *({c.name: value(c) for c in columns} for _ in range(rng.integers(1, 7))))


def random_scope(rng):
    if rng.random() < 0.4:
        return EVERYTHING
    return Scope(
        user="u",
        districts=frozenset(rng.choice(DISTRICTS, rng.integers(0, 3), replace=False).tolist()),
        sealed=[None, frozenset(), frozenset({SEALED_KIND}), frozenset({"阿村3"})][rng.integers(4)],
    )


def write(rng, kind, stores, import_ids):
    frame = made_up(kind, rng)
    known_on = START + timedelta(days=int(rng.integers(600)))
    now = known_on + timedelta(days=int(rng.integers(5)))
    import_id = int(rng.choice(import_ids))
    told = []
    for store in stores:
        with store.write() as conn:
            counts = rows.save_rows(
                conn, kind, frame, import_id=import_id, known_on=known_on, now=now
            )
            engine.bump_data_version(conn)
        told.append(counts)
    assert told[0] == told[1]


def read(rng, kind, stores):
    question = {
        "scope": random_scope(rng),
        "as_of": START + timedelta(days=int(rng.integers(-30, 650)), hours=int(rng.integers(24))),
    }
    if kind in PERIODS and rng.random() < 0.4:
        question["since"] = START + timedelta(hours=int(rng.integers(9_000)))
    if {"lon", "lat"} <= set(KINDS[kind].by_name) and rng.random() < 0.4:
        question["box"] = (109.5, 29.0, float(rng.uniform(110, 112)), 31.0)
    found = [rows.load_rows(store, kind, **question) for store in stores]
    assert_frame_equal(found[0], found[1], check_exact=True)
    counts = [
        rows.count_rows(store, scope=question["scope"], as_of=question["as_of"]) for store in stores
    ]
    assert counts[0] == counts[1]
    return len(found[0])


def test_300_random_operations_give_the_same_on_both(tmp_path, server_store):
    """Order of texts, empty values, dates, numbers to the last bit, readers and versions."""
    rng = np.random.default_rng(1)
    stores = engine.open_store(f"sqlite:///{tmp_path}/s.sqlite"), server_store("empty_database")
    from data.store import imports

    ids = []
    for store in stores:
        with store.write() as conn:
            more = {"file_name": "f", "file_hash": "h", "datum": "wgs84"}
            ids.append(
                [
                    imports.add_import(conn, imported_at=1, actor=actor, **more)
                    for actor in ("a", "b", "b")
                ]
            )
    assert ids[0] == ids[1]
    kinds = [kind for kind in KINDS if kind != "roads"]
    n_found = 0
    for step in range(N_OPERATIONS):
        kind = str(rng.choice(kinds))
        if step < 40 or rng.random() < 0.5:
            write(rng, kind, stores, ids[0])
        else:
            n_found += read(rng, kind, stores)
    assert n_found > 300
    assert rows.known_span(stores[0]) == rows.known_span(stores[1])
    for store in stores:
        with store.write() as conn:
            removal.remove_imports(conn, ids[0][1:2])
    for kind in kinds:
        read(rng, kind, stores)
    assert all_rows(stores[0]) == all_rows(stores[1])
    stores[0].close()


def test_scores_plans_and_jobs_are_listed_alike(tmp_path, server_store):
    """The other lists of the product are sorted and filtered alike too."""
    stores = engine.open_store(f"sqlite:///{tmp_path}/s.sqlite"), server_store("empty_database")
    rng = np.random.default_rng(3)
    cells = pd.DataFrame(
        {
            "cell_id": [*WORDS],
            "lon": rng.normal(110, 1, len(WORDS)),
            "lat": rng.normal(30, 1, len(WORDS)),
            "score": rng.random(len(WORDS)),
            "p_hidden": np.where(rng.random(len(WORDS)) < 0.5, np.nan, 0.1),
            "n_visits_year": rng.integers(0, 9, len(WORDS)),
            "district_code": rng.choice(DISTRICTS, len(WORDS)),
            "last_visit_on": pd.Timestamp("2025-01-02"),
        }
    )
    facilities = pd.DataFrame({"facility_id": ["b", "B", "a"], "score": [0.1, 0.2, float("inf")]})
    found = []
    for store in stores:
        run_id = scores.save_scores(
            store, as_of=START, method="m", params={}, cells=cells, facilities=facilities,
            summary={}, actor="t", now=START,
        )  # fmt: skip
        for number, word in enumerate(WORDS):
            jobs.submit(store, kind="k", params={"w": word}, key=word, actor="t", now=START)
            jobs.lease(store, worker=f"w{number}", now=START, lease_s=1)
        narrow = Scope(user="u", districts=frozenset(DISTRICTS[:1]), sealed=frozenset())
        found.append(
            [
                scores.load_cell_scores(store, run_id, scope=EVERYTHING),
                scores.load_cell_scores(store, run_id, scope=narrow),
                scores.load_facility_scores(store, run_id, scope=EVERYTHING),
                plans.list_plans(store, scope=EVERYTHING),
            ]
        )
        queue = jobs.active_jobs(store, scope=EVERYTHING)
        assert {job.params["w"] for job in queue} == set(WORDS)
    for one, other in zip(*found, strict=True):
        assert_frame_equal(one, other, check_exact=True)
    stores[0].close()
