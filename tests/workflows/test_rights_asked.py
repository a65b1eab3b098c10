"""Whatever a screen can call to change something asks for its right, read from the modules."""

import importlib
import inspect
from datetime import UTC, date, datetime
from pathlib import Path
from unittest import mock

import pytest

from data.scope import EVERYTHING
from errors import ForbiddenError
from tests import signing_in
from workflows import rights
from workflows.clocks import Clocks
from workflows.ledger import Book
from workflows.ledger_steps import Triage
from workflows.settings import read_settings

FOLDER = Path(__file__).parents[2] / "workflows"
PARTS = frozenset({
    "demo", "demo_accounts", "importing", "planning", "scoring", "kept_fits", "matching",
    "area_classes", "import_reading", "exploration_kept", "signal_runs", "signal_step",
})  # fmt: skip
"""Modules that do the work of a request, called after its right was asked for."""

RIGHTS = {
    "requests.request_demo": "imports.write",
    "requests.remove_demo": "imports.undo",
    "requests.request_score": "scores.run",
    "requests.request_plan": "plans.write",
    "import_requests.request_check": "imports.write",
    "import_requests.check_again": "imports.write",
    "import_requests.store_checked": "imports.write",
    "import_requests.give_up": "imports.write",
    "ledger.triage": "leads.write",
    "ledger.assign": "leads.write",
    "ledger_entry.register": "leads.write",
}
"""What these need by name; all others found must refuse whoever holds no right at all."""

READS = frozenset({
    "accounts.sign_out", "case_reading.case_file", "case_reading.undoable",
    "complainants.newest", "ledger_views.last_undoable", "ledger_views.saved_views",
    "plan_life.possible_steps",
})  # fmt: skip
"""What is asked about somebody's own: reads inside the scope, and the end of one's session."""

STEPS = frozenset({"exploration.draw_after_scoring", "plan_results.close_week"})
"""Steps of a job or an act whose right was asked for when that began."""

BY_SCOPE = frozenset({"requests.stop"})
"""What is looked for inside the scope first; tests/workflows/test_jobs.py shows it refused."""

MORE = {
    "ledger.triage": {
        "decision": Triage(action="return", due_on=date(2026, 3, 9), note="x", unit="x", owner="x")
    },
    "ledger.close": {"outcome": "substantiated"},
    "ledger.decide_pair": {"verdict": "same", "pair": ("a", "b")},
    "plan_life.take_step": {"kind": "submit"},
    "cases.advance": {"stage": "extended", "values": None},
}
"""Values that get past a function's own look at what it was given."""

FITTING = {
    date: date(2026, 3, 2),
    datetime: datetime(2026, 3, 2, tzinfo=UTC),
    str: "x",
    int: 1,
    float: 1.0,
    bool: True,
}


def acts():
    """Return every public function of workflows that names its actor."""
    found = {}
    for path in sorted(FOLDER.glob("*.py")):
        if path.stem in PARTS or path.stem == "__init__":
            continue
        module = importlib.import_module(f"workflows.{path.stem}")
        for name, function in inspect.getmembers(module, inspect.isfunction):
            own = function.__module__ == module.__name__ and not name.startswith("_")
            if own and "actor" in inspect.signature(function).parameters:
                found[f"{path.stem}.{name}"] = function
    return found


ACTS = acts()


def call(act, store, actor):
    """Call a function with anything that fits its parameters."""
    function, given = ACTS[act], dict(MORE.get(act, {}))
    for name, parameter in inspect.signature(function).parameters.items():
        if name in {"store", "book"}:
            settings = read_settings()
            book = Book(store, Clocks(settings.ledger), settings.links)
            given[name] = store if name == "store" else book
        elif name in {"actor", "scope"}:
            given[name] = actor if name == "actor" else EVERYTHING
        elif name not in given and parameter.default is inspect.Parameter.empty:
            given[name] = FITTING.get(parameter.annotation, mock.MagicMock())
    function(**given)


def test_the_list_is_read_from_the_modules():
    """A function that was renamed must not drop out of sight."""
    assert set(RIGHTS) | READS | BY_SCOPE | STEPS | set(MORE) <= set(ACTS)
    assert len(ACTS) > 40


@pytest.mark.parametrize("name", sorted(set(ACTS) - READS - BY_SCOPE - STEPS))
def test_who_holds_no_right_changes_nothing(name, empty_store):
    """An unknown account, and one without any role, get the same refusal."""
    signing_in.add_account(empty_store, "idle", roles=[])
    for actor in ("nobody", "idle"):
        with pytest.raises(ForbiddenError):
            call(name, empty_store, actor)


@pytest.mark.parametrize("role", rights.ROLES)
def test_a_role_without_the_right_is_refused_and_with_it_is_not(role, empty_store):
    """Roles × acts, as the table of rights says."""
    signing_in.add_account(empty_store, "somebody", roles=[role])
    held = rights.of_roles(frozenset({role}))
    for name, right in RIGHTS.items():
        try:
            call(name, empty_store, "somebody")
        except ForbiddenError:
            assert right not in held, name
        except Exception:  # noqa: BLE001 - made-up values may be refused for themselves
            assert right in held, name
        else:
            assert right in held, name
