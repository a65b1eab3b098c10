"""
Every page and every own address, and the right that opens it.

One table for the gate, the frame and the test that reads the list of pages and
routes from the app: what is not listed here is closed to everybody.
"""

import re
from collections.abc import Mapping

PAGES: Mapping[str, frozenset[str]] = {
    "overview": frozenset({"work.read"}),
    "hotspots": frozenset({"work.read"}),
    "leads": frozenset({"work.read"}),
    "signals": frozenset({"work.read"}),
    "cases": frozenset({"work.read"}),
    "facilities": frozenset({"work.read"}),
    "persons": frozenset({"work.read"}),
    "weekly_plan": frozenset({"work.read"}),
    "campaigns": frozenset({"work.read"}),
    "officers": frozenset({"work.read"}),
    "evenness": frozenset({"work.read"}),
    "score_card": frozenset({"work.read"}),
    "import_data": frozenset({"imports.write"}),
    "matches": frozenset({"matches.write"}),
    "areas": frozenset({"work.read"}),
    "accounts": frozenset({"accounts.write", "roles.grant"}),
    "audit": frozenset({"audit.read"}),
    "demo_city": frozenset({"work.read"}),
}
"""Page → rights of which one is enough."""

ROUTES: Mapping[str, frozenset[str]] = {
    "/data/cells/{run_id}.json": frozenset({"work.read"}),
    "/data/facilities/{run_id}.json": frozenset({"work.read"}),
    "/data/complaints.json": frozenset({"work.read"}),
    "/data/cases.json": frozenset({"work.read"}),
    "/data/areas.json": frozenset({"work.read"}),
    "/data/area-classes.json": frozenset({"work.read"}),
    "/data/reach.json": frozenset({"work.read"}),
    "/download/area-classes.csv": frozenset({"export"}),
    "/data/report-density/{run_id}.json": frozenset({"work.read"}),
    "/data/report-hot-spots/{run_id}.json": frozenset({"work.read"}),
    "/data/change/{run_id}.json": frozenset({"work.read"}),
    "/data/leads.json": frozenset({"work.read"}),
    "/download/leads.xlsx": frozenset({"export"}),
    "/download/cases.xlsx": frozenset({"export"}),
    "/data/near/{run_id}/{facility_id}/facilities.json": frozenset({"work.read"}),
    "/data/near/{run_id}/{facility_id}/cells.json": frozenset({"work.read"}),
    "/data/plan/{plan_id}.json": frozenset({"work.read"}),
    "/document/hotspots/{run_id}.html": frozenset({"work.read"}),
    "/document/plan/{plan_id}.html": frozenset({"work.read"}),
    "/download/import/{import_id}/refused.csv": frozenset({"imports.write"}),
    "/download/import/{import_id}/warnings.csv": frozenset({"imports.write"}),
    "/download/import-profile/{profile_id}.toml": frozenset({"imports.write"}),
    "/data/import-check/{job_id}.json": frozenset({"imports.write"}),
    "/download/plan/{plan_id}.xlsx": frozenset({"work.read"}),
    "/download/plan/{plan_id}.gpx": frozenset({"work.read"}),
    "/download/layers.gpkg": frozenset({"export"}),
    "/download/score-card/{run_id}.csv": frozenset({"export"}),
    "/download/audit.csv": frozenset({"audit.read"}),
}
"""Address of a data route, as the route itself writes it → rights of which one is enough."""

OPEN = frozenset({"/health", "/sign-in", "/assets/{version}/{path:path}"})
"""Own addresses that need nobody signed in; they never hold data."""

OWN = frozenset({"/sign-out", "/password", "/session"})
"""Own addresses that whoever is signed in may use."""


def may_open(page: str, rights: frozenset[str]) -> bool:
    """Return whether these rights open a page."""
    return bool(PAGES.get(page, frozenset()) & rights)


def may_ask(path: str, rights: frozenset[str]) -> bool:
    """Return whether these rights open an address under a data folder; unknown ones never."""
    return any(
        pattern.fullmatch(path) is not None and needed & rights for pattern, needed in _PATTERNS
    )


def _pattern(address: str) -> re.Pattern[str]:
    parts = re.split(r"\{[a-z_]+(:path)?\}", address)
    # split keeps the group: text, ":path" or None, text, ...
    texts, kinds = parts[::2], parts[1::2]
    made = re.escape(texts[0])
    for kind, text in zip(kinds, texts[1:], strict=True):
        made += (".+" if kind else "[^/]+") + re.escape(text)
    return re.compile(made)


_PATTERNS = tuple((_pattern(address), needed) for address, needed in ROUTES.items())
