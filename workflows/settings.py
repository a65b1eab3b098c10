"""``medpatrol.toml`` to frozen settings: read once, unknown keys refused."""

import dataclasses
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_type_hints

from errors import SettingsError
from risk.params import ScoringParams
from routing.solve import SolverParams
from workflows.planning import PlanningParams

SHIPPED = Path(__file__).parent.parent / "medpatrol.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenSettings:
    """What pages show by default. ``unseen_months`` is the longest time without a look, months."""

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


def read_settings(path: Path | None = None) -> Settings:
    """
    Read the settings file.

    Raises
    ------
    SettingsError
        If the file is no TOML, a key is unknown, or a value has another type.
    """
    source = path or SHIPPED
    try:
        with source.open("rb") as file:
            given = tomllib.load(file)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(
            "设置文件 {file} 不是有效的 TOML：{detail}", file=source.name, detail=str(error)
        ) from error
    settings: Settings = _filled(Settings(), given, place="")
    return settings


def _filled(default: Any, given: Mapping[str, Any], *, place: str) -> Any:  # noqa: ANN401
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
            "设置 {key} 不成立：{detail}", key=place.rstrip(".") or "medpatrol.toml", detail=str(error)
        ) from error


def _checked(old: Any, value: Any, *, where: str) -> Any:  # noqa: ANN401
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
            key=where, wanted=type(old).__name__, value=repr(value),
        )
    return value
