"""``medpatrol.toml`` to frozen settings: read once, unknown keys refused."""

import dataclasses
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_type_hints

from errors import SettingsError
from geo.seats import RemoteParams
from risk.exploration import ExplorationParams
from risk.params import ScoringParams
from routing.solve import SolverParams
from workflows.access_settings import AccessSettings
from workflows.clocks import LedgerParams
from workflows.exploration import Capacity
from workflows.lead_links import LinkParams
from workflows.planning import PlanningParams
from workflows.record_params import RecordParams
from workflows.seat_minutes import SeatParams
from workflows.signal_params import SignalParams

SHIPPED = Path(__file__).parent.parent / "medpatrol.toml"
SETTINGS_VARIABLE = "MEDPATROL_SETTINGS"
"""Environment variable that names the file in use, so that child processes use it too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenSettings:
    """
    What pages show.

    Parameters
    ----------
    unseen_months
        Longest time without a visit before a cell counts as unseen, months.
    small_count
        Counts of reports up to this are not shown by area.
    max_upload_mb
        Largest file that the import page takes, MB.
    recent_case_days
        Cases of so many days are drawn on the map.
    """

    unseen_months: int = 12
    small_count: int = 7
    max_upload_mb: int = 200
    recent_case_days: int = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Every setting of the product; each section is the params object of the code that uses it."""

    scoring: ScoringParams = field(default_factory=ScoringParams)
    planning: PlanningParams = field(default_factory=PlanningParams)
    solver: SolverParams = field(default_factory=SolverParams)
    screen: ScreenSettings = field(default_factory=ScreenSettings)
    records: RecordParams = field(default_factory=RecordParams)
    access: AccessSettings = field(default_factory=AccessSettings)
    ledger: LedgerParams = field(default_factory=LedgerParams)
    links: LinkParams = field(default_factory=LinkParams)
    remote: RemoteParams = field(default_factory=RemoteParams)
    signals: SignalParams = field(default_factory=SignalParams)
    exploration: ExplorationParams = field(default_factory=ExplorationParams)

    def seat_params(self) -> SeatParams:
        """Return how minutes to the seat are found: by the roads and speeds of planning."""
        return SeatParams(
            remote=self.remote, roads=self.planning.roads, straight=self.planning.travel
        )

    def capacity(self) -> Capacity:
        """Return how many hours of officers a week has, for the share of random visits."""
        hours = self.planning.shifts
        return Capacity(
            team_size=hours.team_size,
            max_teams=hours.max_teams,
            day_s=hours.end_s - hours.start_s - hours.lunch_s,
        )


def read_settings(path: Path | None = None) -> Settings:
    """
    Read the settings file.

    Parameters
    ----------
    path
        The file; none: the one that the environment names, else the one that is shipped.

    Raises
    ------
    SettingsError
        If the file can't be read, is no TOML, a key is unknown, or a value has another type.
    """
    source = path or Path(os.environ.get(SETTINGS_VARIABLE) or SHIPPED)
    try:
        with source.open("rb") as file:
            given = tomllib.load(file)
    except OSError as error:
        raise SettingsError(
            "打不开设置文件 {file}：{detail}", file=str(source), detail=error.strerror or ""
        ) from error
    except ValueError as error:  # no TOML, or no UTF-8
        raise SettingsError(
            "设置文件 {file} 不是有效的 TOML：{detail}", file=source.name, detail=str(error)
        ) from error
    settings: Settings = _filled(Settings(), given, place="")
    return settings


def use_settings(path: Path | None) -> Settings:
    """Read the settings and make this file the one of this process and all it starts."""
    settings = read_settings(path)
    if path is not None:
        os.environ[SETTINGS_VARIABLE] = str(path.resolve())
    return settings


def _filled(default: Any, given: Mapping[str, Any], *, place: str) -> Any:
    """Return ``default`` with the given keys replaced, section by section."""
    known = get_type_hints(type(default))
    changes: dict[str, Any] = {}
    for key, value in given.items():
        where = f"{place}{key}"
        if key not in known:
            raise SettingsError(
                "设置项 {key} 不存在。可用的有：{keys}", key=where, keys=", ".join(sorted(known))
            )
        old = getattr(default, key)
        if dataclasses.is_dataclass(old):
            if not isinstance(value, Mapping):
                raise SettingsError("设置项 {key} 应为一节，实为 {value}", key=where, value=value)
            changes[key] = _filled(old, value, place=f"{where}.")
        else:
            changes[key] = _checked(old, value, where=where)
    try:
        return dataclasses.replace(default, **changes)
    except ValueError as error:
        raise SettingsError(
            "设置 {key} 不成立：{detail}",
            key=place.rstrip(".") or "medpatrol.toml",
            detail=str(error),
        ) from error


def _checked(old: Any, value: Any, *, where: str) -> Any:
    """Return ``value`` as the type of ``old``; a whole number may stand for a decimal one."""
    if isinstance(old, bool) or isinstance(value, bool):
        fits = isinstance(old, bool) and isinstance(value, bool)
    elif isinstance(old, float):
        fits = isinstance(value, (int, float))
        value = float(value) if fits else value
    elif isinstance(old, tuple):
        fits = isinstance(value, list)
        value = tuple(value) if fits else value
    elif isinstance(old, Mapping):
        fits = isinstance(value, Mapping)
        value = {**old, **value} if fits else value
    elif old is None:
        fits = True
    else:
        fits = isinstance(value, type(old))
    if not fits:
        raise SettingsError(
            "设置项 {key} 应为 {wanted}，实为 {value}",
            key=where,
            wanted=type(old).__name__,
            value=repr(value),
        )
    return value


def settings_markdown() -> str:
    """Return ``docs/settings.md``: every key with its default and its meaning."""
    lines = [
        "# Settings",
        "",
        "Every key of `medpatrol.toml`, its default and what it means.",
        "A bureau copies the file, states what differs and starts with `--settings FILE`.",
        "Unknown keys are refused.",
        "Written by `python -m workflows.settings`; a test keeps it true.",
    ]
    _describe(Settings(), place="", lines=lines)
    return "\n".join(lines) + "\n"


def _describe(section: Any, *, place: str, lines: list[str]) -> None:
    meanings = _meanings(type(section).__doc__ or "")
    fields = [(item.name, getattr(section, item.name)) for item in dataclasses.fields(section)]
    plain = [(name, value) for name, value in fields if not dataclasses.is_dataclass(value)]
    if plain:
        lines += ["", f"## `[{place}]`", "", "| key | default | meaning |", "| --- | --- | --- |"]
        lines += [
            f"| `{name}` | {_as_default(value)} | {meanings[name]} |" for name, value in plain
        ]
    for name, value in fields:
        if dataclasses.is_dataclass(value):
            _describe(value, place=f"{place}.{name}".lstrip("."), lines=lines)


def _meanings(docstring: str) -> dict[str, str]:
    """Return the texts of a numpydoc Parameters section, by name."""
    _, _, body = docstring.partition("----------\n")
    found: dict[str, str] = {}
    names: list[str] = []
    for line in body.splitlines():
        if re.match(r"    \S", line):
            names = [name.strip() for name in line.split(",")]
        for name in names if re.match(r"        \S", line) else ():
            found[name] = f"{found.get(name, '')} {line.strip()}".strip()
    return {name: text.replace("``", "`").replace("|", "or") for name, text in found.items()}


def _as_default(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {_as_default(part)}" for key, part in value.items())
    if isinstance(value, tuple):
        return ", ".join(str(part) for part in value)
    return "none" if value is None else str(value)


if __name__ == "__main__":
    (SHIPPED.parent / "docs" / "settings.md").write_text(settings_markdown(), encoding="utf-8")
