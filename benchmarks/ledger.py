"""
Time the ledger with 50,000 leads: first index, one more lead, the page's script.

``python -m benchmarks.ledger [FOLDER]`` makes a store of made-up leads in FOLDER (kept
for the next run) and prints what each step takes. The page is run by Streamlit's own test
driver, signed in; its script alone is timed, nine times each: again, and right after changes.
"""

import statistics
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks import page_clock
from data.schema import TIME_ZONE, TOPICS
from data.scope import EVERYTHING
from data.store import rows
from data.store.engine import Store, bump_data_version, open_store
from workflows import ledger, ledger_views
from workflows.access import COMMAND_LINE
from workflows.clocks import Clocks
from workflows.ledger import Book
from workflows.settings import read_settings

N_LEADS, N_OPEN = 50_000, 1_500
CHANNELS = ("hotline_12345", "phone", "web", "letter", "visit", "patrol_report")
SITES = ("出租屋二楼", "村口小店", "老街巷内", "集市旁", "理发店后间", "菜场西门", "民房", "养生馆")
DEEDS = (
    "夜间给人输液",
    "拔牙镶牙没有招牌",
    "注射玻尿酸",
    "卖不明药丸",
    "打封闭针",
    "接生",
    "推拿开药",
)
SIGNS = (
    "有人进出",
    "门口挂红灯",
    "骑三轮车来",
    "外地口音",
    "约三四人",
    "逢集才来",
    "晚上九点后",
    "已有半年",
)


def make(folder: Path) -> Store:
    """Return the store of made-up leads; make it if it is not there."""
    path = folder / "ledger.sqlite"
    fresh = not path.exists()
    store = open_store(f"sqlite:///{path}")
    if fresh:
        now = datetime.now(TIME_ZONE)
        with store.write() as conn:
            rows.save_rows(conn, "complaints", _leads(now), import_id=None, known_on=now, now=now)
            bump_data_version(conn)
    return store


def _leads(now: datetime) -> pd.DataFrame:
    rng = np.random.default_rng(11)
    ages = np.sort(rng.uniform(0.01, 3 * 365, N_LEADS))
    is_open = np.arange(N_LEADS) < N_OPEN
    district = rng.integers(1, 13, N_LEADS)
    township, village = rng.integers(1, 16, N_LEADS), rng.integers(1, 20, N_LEADS)

    def pick(words: tuple[str, ...]) -> np.ndarray:
        return np.array(words, dtype=object)[rng.integers(0, len(words), N_LEADS)]

    place = [f"第{t}镇{v}村" for t, v in zip(township, village, strict=True)]
    number = rng.integers(1, 400, N_LEADS).astype(str).astype(object)
    status = np.where(is_open, pick(("new", "assigned", "triaged")), "closed")
    return pd.DataFrame(
        {
            "complaint_id": [f"L{n:06d}" for n in range(N_LEADS)],
            "received_at": [pd.Timestamp(now - timedelta(days=float(a))) for a in ages],
            "channel": pick(CHANNELS),
            "topic": pick(tuple(TOPICS)[:7]),
            "area_code": [
                f"9901{d:02d}{t:03d}{v:03d}"
                for d, t, v in zip(district, township, village, strict=True)
            ],
            "lon": 112 + district / 10 + rng.normal(0, 0.05, N_LEADS),
            "lat": 23 + township / 50 + rng.normal(0, 0.02, N_LEADS),
            "location_precision": pick(("exact", "village", "exact")),
            "site_text": np.array(place, dtype=object) + pick(SITES) + number + "号",
            "summary": pick(DEEDS) + "，" + pick(SIGNS) + "，" + pick(SIGNS),
            "status": status,
            "closed_on": [
                None if o else (now - timedelta(days=float(a) / 2)).date().isoformat()
                for o, a in zip(is_open, ages, strict=True)
            ],
        }
    ).assign(closed_on=lambda frame: pd.to_datetime(frame["closed_on"]))


def main(folder: Path) -> None:
    """Print the figures."""
    store = make(folder)
    settings = read_settings()
    book = Book(store, Clocks(settings.ledger), settings.links)
    now = datetime.now(TIME_ZONE)
    _tell("index of all leads, likely repeats included", lambda: book.sync(now))
    _tell("nothing new", lambda: book.sync(now))
    with store.write() as conn:
        bump_data_version(conn)
    _tell("something else changed in the store", lambda: book.sync(now))
    _tell("numbers above the table", lambda: ledger_views.counts(store, scope=EVERYTHING, now=now))
    for codes in ({}, {"show": "all", "sort": "newest"}, {"show": "all", "q": "红灯 第3镇"}):
        _tell(
            f"page of {codes or 'open leads'}",
            lambda codes=codes: ledger_views.page(
                store, codes, scope=EVERYTHING, now=now, limit=10
            ),
        )
    _page(store)


def _page(store: Store) -> None:
    """Time the page's script: again, after another change, after an act on a lead."""
    at = page_clock.opened(store.url)
    book = Book(store, Clocks(read_settings().ledger), read_settings().links)
    with page_clock.timed() as taken:

        def asked(before=None) -> list[tuple[float, float]]:
            at.run()
            taken.clear()
            for number in range(9):
                if before is not None:
                    before(number)
                at.run()
                if at.exception:
                    raise SystemExit(at.exception[0].value)
            return list(taken)

        at.switch_page("pages/leads.py").run()

        def changed(_number: int) -> None:
            with store.write() as conn:
                bump_data_version(conn)

        def acted(number: int) -> None:
            ledger.add_note(
                book, f"L{number:06d}", "已电话核实", actor=COMMAND_LINE, scope=EVERYTHING,
                now=datetime.now(TIME_ZONE), key=f"{time.time_ns()}",
            )  # fmt: skip

        def imported(_number: int) -> None:
            leads = _leads(datetime.now(TIME_ZONE)).iloc[:3]
            leads = leads.assign(complaint_id=[f"N{time.time_ns()}{n}" for n in range(3)])
            moment = datetime.now(TIME_ZONE)
            with store.write() as conn:
                rows.save_rows(conn, "complaints", leads, import_id=None, known_on=moment,
                               now=moment)  # fmt: skip
                bump_data_version(conn)
            book.sync(moment)  # as the import's job does

        for what, before in (
            ("again", None),
            ("right after another change in the store", changed),
            ("right after an act on a lead", acted),
            ("right after an import of three leads", imported),
        ):
            walls, works = zip(*asked(before), strict=True)
            sys.stdout.write(
                f"page script {what}: median {statistics.median(walls):.0f} ms, "
                f"longest {max(walls):.0f} ms, of it work {statistics.median(works):.0f} ms\n"
            )


def _tell(what, act) -> None:
    started = time.perf_counter()
    act()
    sys.stdout.write(f"{what}: {(time.perf_counter() - started) * 1000:.0f} ms\n")


if __name__ == "__main__":
    given = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(tempfile.mkdtemp())
    given.mkdir(parents=True, exist_ok=True)
    main(given)
