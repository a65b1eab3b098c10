"""
How fast the screens are: script time per page, and the hotspot map in Chromium.

``python -m benchmarks.pages STORE_URL`` runs each page's script (median of
several runs after a first one that fills the caches), then opens the hotspot
page in a browser and takes the time until the map is drawn and until a click is
answered. ``--cells 20000`` adds a score run of so many made-up cells first,
``--facilities 20000`` so many made-up facilities, to a copy of the
store. Prints one JSON object last.
"""

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import page_clock

ROOT = Path(__file__).parent.parent
PAGES: tuple[tuple[str, dict[str, str]], ...] = (
    ("overview", {}),
    ("hotspots", {}),
    ("leads", {}),
    ("weekly_plan", {}),
    ("evenness", {}),
    ("import_data", {}),
    ("matches", {}),
    ("cases", {}),
    ("cases", {"case": "cases"}),
    ("facilities", {}),
    ("facilities", {"facility": "facilities"}),
    ("persons", {}),
    ("persons", {"person": "persons"}),
    ("officers", {}),
    ("officers", {"officer": "officers"}),
)
"""Pages, each with what stands in its address: name → kind of record whose first id is put in."""
N_RUNS = 7


def script_times(url: str) -> dict[str, dict[str, float]]:
    """Return milliseconds of the first and of a later run of each page's script."""
    at = page_clock.opened(url)
    figures = {}
    with page_clock.timed() as taken:
        for page, query in PAGES:
            at.switch_page(f"pages/{page}.py")
            at.query_params.clear()
            at.query_params.update({"lang": "zh", **_filled(url, query)})
            taken.clear()
            for _ in range(N_RUNS + 1):
                at.run()
                if at.exception:
                    raise SystemExit(f"{page}: {at.exception[0].value}")
            name = f"{page}?{next(iter(query))}" if query else page
            figures[name] = {
                "first_ms": round(taken[0][0]),
                "median_ms": round(statistics.median(wall for wall, _ in taken[1:])),
                "work_ms": round(statistics.median(work for _, work in taken[1:])),
            }
    return figures


def _filled(url: str, query: dict[str, str]) -> dict[str, str]:
    """Return a query with the first id of a kind of record in place of the kind's name."""
    from data.schema import KINDS
    from data.scope import EVERYTHING
    from data.store.engine import open_store
    from data.store.rows import load_rows

    store, made = open_store(url, create=False), {}
    for name, kind in query.items():
        rows = load_rows(store, kind, scope=EVERYTHING, as_of=datetime.now(UTC))
        made[name] = str(rows[KINDS[kind].key[0]].iloc[0])
    return made


def add_facilities(url: str, n: int) -> None:
    """Store so many made-up facilities beside those that are there."""
    import numpy as np

    from data.scope import EVERYTHING
    from data.store.engine import bump_data_version, open_store
    from data.store.rows import load_rows, save_rows

    store, now = open_store(url), datetime.now(UTC)
    held = load_rows(store, "facilities", scope=EVERYTHING, as_of=now)
    rng = np.random.default_rng(2)
    made = held.iloc[rng.integers(0, len(held), n)].reset_index(drop=True)
    made["facility_id"] = [f"M{number:06d}" for number in range(n)]
    made["name"] = made["name"].astype(str) + made["facility_id"]
    made["licence_no"] = None
    with store.write() as conn:
        save_rows(conn, "facilities", made, import_id=None, known_on=now, now=now)
        bump_data_version(conn)


def add_cells(url: str, n: int) -> None:
    """Save a score run of ``n`` made-up cells around the middle of the newest one."""
    import h3
    import numpy as np
    import pandas as pd

    from data.scope import EVERYTHING
    from data.store import scores
    from data.store.engine import open_store

    store = open_store(url, create=False)
    run = scores.latest_run(store, scope=EVERYTHING)
    if run is None:
        raise SystemExit("score the store first")
    old = scores.load_cell_scores(store, run.run_id, scope=EVERYTHING)
    centre = old.iloc[len(old) // 2]
    n_rings = int(np.ceil((-3 + np.sqrt(12 * n - 3)) / 6)) + 1
    ids = h3.grid_disk(centre["cell_id"], n_rings)[:n]
    rng = np.random.default_rng(1)
    rows = old.sample(n, replace=True, random_state=1).reset_index(drop=True)
    places = [h3.cell_to_latlng(cell) for cell in ids]
    rows = rows.assign(
        cell_id=ids,
        lat=[place[0] for place in places],
        lon=[place[1] for place in places],
        p_hidden=rng.beta(0.5, 6, n),
        score=rng.gamma(0.5, 1.0, n),
        population=500.0,
    )
    scores.save_scores(
        store,
        as_of=run.as_of,
        method="made up",
        params={},
        cells=pd.DataFrame(rows),
        facilities=scores.load_facility_scores(store, run.run_id, scope=EVERYTHING),
        summary=dict(run.summary),
        actor="benchmark",
        now=datetime.now(UTC),
    )


def browser_times(url: str) -> dict[str, float]:
    """Return seconds until the map is drawn and until a click is answered, in Chromium."""
    from playwright.sync_api import sync_playwright

    from tests.browser.conftest import QUIET, free_port

    port = free_port()
    server = subprocess.Popen(
        [sys.executable, "-m", "cli", "serve", "--port", str(port), "--store", url],
        cwd=ROOT,
        stdout=subprocess.PIPE,
    )
    before = time.perf_counter()
    server.stdout.readline()
    ready = time.perf_counter() - before
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=list(QUIET)
            )
            return {"server_ready_s": round(ready, 2), **_opened(browser, port, url)}
    finally:
        server.terminate()
        server.wait(timeout=20)


def _opened(browser, port: int, url: str) -> dict[str, float]:
    from tests import signing_in

    drawn, clicked, loads = [], [], []
    for _ in range(4):
        window = browser.new_context(viewport={"width": 1440, "height": 900}, locale="zh-CN")
        window.add_cookies([signing_in.cookie(f"http://localhost:{port}", url)])
        page = window.new_page()
        before = time.perf_counter()
        page.goto(f"http://localhost:{port}/hotspots")
        page.locator("[data-drawn*='cells']").wait_for(timeout=60_000)
        drawn.append(time.perf_counter() - before)
        box = page.locator("[role=application]").first.bounding_box()
        before = time.perf_counter()
        page.mouse.click(box["x"] + box["width"] / 2 + 7, box["y"] + box["height"] / 2 + 5)
        page.get_by_text("为什么（预计点位数").first.wait_for(timeout=60_000)
        clicked.append(time.perf_counter() - before)
        loads.append(drawn[-1])
        page.context.close()
    return {
        "map_drawn_first_s": round(loads[0], 2),
        "map_drawn_median_s": round(statistics.median(drawn[1:]), 2),
        "click_to_detail_median_s": round(statistics.median(clicked), 2),
    }


def main() -> int:
    """Run and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("store", metavar="STORE_URL")
    options.add_argument("--cells", type=int)
    options.add_argument("--facilities", type=int)
    options.add_argument("--no-browser", action="store_true")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "store.sqlite"
        shutil.copy(given.store.removeprefix("sqlite:///"), copy)
        url = f"sqlite:///{copy}"
        if given.cells:
            add_cells(url, given.cells)
        if given.facilities:
            add_facilities(url, given.facilities)
        figures = {"script": script_times(url)}
        if not given.no_browser:
            figures["browser"] = browser_times(url)
    print(json.dumps(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
