"""Make the whole demo city and write its files."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from data.synthetic import calibration, casework, files, ledgers, manpower, truth
from data.synthetic.calibration import Target
from data.synthetic.hidden import Hidden
from data.synthetic.history import History
from data.synthetic.inspecting import Inspecting
from data.synthetic.institutions import Institutions, make_institutions
from data.synthetic.land import Land, area_table, make_land
from data.synthetic.reporting import Reporting
from data.synthetic.scales import END, SCALES, campaign_dates, week_starts
from data.synthetic.staff import Staff, make_staff

STEPS = ("land", "history", "files")
"""What ``make_city`` tells about, in this order."""
Progress = Callable[[float, str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoSummary:
    """What was written: file names, rows by kind, and the calibration of the campaign."""

    folder: Path
    files: tuple[str, ...]
    n_rows: dict[str, int]
    campaign: tuple[date, date]
    targets: tuple[Target, ...]
    fringe_share: float


def make_city(
    out: Path,
    *,
    seed: int,
    scale: str = "prefecture",
    end: date = END,
    progress: Progress | None = None,
) -> DemoSummary:
    """
    Make up a city and write its source files, and apart from them its truth.

    Parameters
    ----------
    out
        Folder, made if it is not there. The files of docs/formats.md go there,
        what is really hidden where goes to ``truth/``, which no import reads.
    seed
        The same seed gives the same bytes.
    scale
        A key of ``scales.SCALES``.
    end
        Last day of the two years of history, a Sunday.
    progress
        Told the share done, 0 to 1, and which of ``STEPS`` comes next.

    Raises
    ------
    ValueError
        If the scale is unknown or ``end`` is no Sunday.
    """
    if scale not in SCALES or end.weekday() != 6:
        msg = f"scale must be one of {sorted(SCALES)} and end a Sunday, got {scale} and {end}"
        raise ValueError(msg)
    tell = progress or (lambda _share, _step: None)
    tell(0.02, STEPS[0])
    land = make_land(SCALES[scale], seed=seed)
    tell(0.5, STEPS[1])
    world = _make_world(land, end=end, seed=seed)
    tell(0.8, STEPS[2])
    return _write(out, land, world, end=end, seed=seed)


@dataclass(frozen=True, slots=True, kw_only=True)
class _World:
    institutions: Institutions
    staff: Staff
    hidden: Hidden
    reporting: Reporting
    history: History
    tables: dict[str, pd.DataFrame]
    targets: tuple[Target, ...]


def _make_world(land: Land, *, end: date, seed: int) -> _World:
    """Let the institutions, the hidden sites and the two years of history happen."""
    scale, places, campaign = land.scale, land.places, campaign_dates(end)
    institutions = make_institutions(scale, places, land.ground, end=end, seed=seed)
    staff = make_staff(scale, places, institutions.table, end=end, seed=seed)
    hidden = Hidden(scale, land.terrain, places, institutions, land.ground, seed=seed)
    reporting = Reporting(places, institutions, seed=seed)
    inspecting = Inspecting(scale, places, institutions, staff, seed=seed)
    history = History(scale, institutions, hidden, reporting, inspecting, end=end, seed=seed)
    history.run()
    casework.settle(history.cases, scale, campaign=campaign, end=end, seed=seed)
    calls = manpower.trim(history.calls, scale, institutions, campaign=campaign, seed=seed)
    manpower.join_departments(calls, scale, campaign=campaign, first=week_starts(end)[0], seed=seed)
    manpower.send_more(calls, scale, staff, campaign=campaign, seed=seed)
    numbers = ledgers.Numbers(reporting.leads, calls, history.cases)
    tables = {
        "facilities": institutions.table,
        "complaints": ledgers.complaints(numbers, institutions, places, end=end, seed=seed),
        "cases": ledgers.cases(numbers, institutions, places),
        "inspections": ledgers.inspections(numbers, institutions, places, staff, end=end),
        "persons": ledgers.persons(numbers, hidden, places, end=end, seed=seed),
        "campaigns": ledgers.campaigns(places, end=end),
        "officers": staff.officers,
        "absences": staff.absences,
        "recusals": staff.recusals,
        "areas": area_table(land),
    }
    return _World(
        institutions=institutions,
        staff=staff,
        hidden=hidden,
        reporting=reporting,
        history=history,
        tables=tables,
        targets=calibration.calibration(tables, campaign=campaign, share=scale.share),
    )


def _write(out: Path, land: Land, world: _World, *, end: date, seed: int) -> DemoSummary:
    """Write everything as the bureau's departments send it, and the truth apart."""
    out.mkdir(parents=True, exist_ok=True)
    tables = world.tables
    files.write_land(out, land, tables["areas"])
    files.write_ledgers(out, tables, end=end, seed=seed)
    _write_truth(out / "truth", land, world, end=end)
    return DemoSummary(
        folder=out,
        files=tuple(sorted(path.name for path in out.iterdir() if path.is_file())),
        n_rows={kind: len(table) for kind, table in tables.items()},
        campaign=campaign_dates(end),
        targets=world.targets,
        fringe_share=calibration.fringe_share(tables),
    )


def _write_truth(out: Path, land: Land, world: _World, *, end: date) -> None:
    """Write what nobody is supposed to know."""
    out.mkdir(parents=True, exist_ok=True)
    truth.write_land(out, terrain=land.terrain, ground=land.ground, roads=land.roads)
    truth.write_people_and_sites(
        out,
        places=land.places,
        institutions=world.institutions,
        staff=world.staff,
        hidden=world.hidden,
        reporting=world.reporting,
        history=world.history,
        end=end,
    )
