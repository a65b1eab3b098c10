"""Time pages in Streamlit's own test driver: the page's script alone, without frame and driver."""

import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


@contextmanager
def timed() -> Iterator[list[tuple[float, float]]]:
    """
    Collect the milliseconds of each run of a page's own script: on the clock, and of work.

    Work is the processor time of the script's thread: what it takes on a machine of its own.
    """
    from streamlit.navigation.page import StreamlitPage

    run: Any = StreamlitPage.run
    taken: list[tuple[float, float]] = []

    from ui import cached, state

    def clocked(page: StreamlitPage) -> None:
        # as the frame does before it runs a page; the driver leaves the frame out
        cached.ask_again()
        state.settle_language()
        cached.visitor()
        started, worked = time.perf_counter(), time.thread_time()
        try:
            run(page)
        finally:
            wall, work = time.perf_counter() - started, time.thread_time() - worked
            taken.append((1000 * wall, 1000 * work))

    StreamlitPage.run = clocked  # type: ignore[method-assign] - a stopwatch around it
    try:
        yield taken
    finally:
        StreamlitPage.run = run  # type: ignore[method-assign] - as it was


def opened(url: str) -> Any:
    """Return the app as somebody signed in sees it, in the driver that needs no browser."""
    from streamlit.testing.v1 import AppTest

    from data.store.engine import open_store
    from tests import signing_in

    logging.getLogger("streamlit").setLevel(logging.ERROR)
    for name in logging.root.manager.loggerDict:
        if name.startswith("streamlit"):
            logging.getLogger(name).setLevel(logging.ERROR)
    os.environ["MEDPATROL_STORE"] = url
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
    at.user = signing_in.user_of(open_store(url))
    at.query_params["lang"] = "zh"
    at.run()
    if at.exception:
        raise SystemExit(at.exception[0].value)
    return at
