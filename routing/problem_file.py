"""A planning problem from and to the JSON of docs/formats.md."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from errors import ProblemError
from routing.problem import (
    UNREACHABLE,
    Break,
    Candidate,
    JointVisit,
    PatrolProblem,
    Quota,
    Shift,
)


def read_problem(source: Mapping[str, Any] | str | Path) -> PatrolProblem:
    """
    Read and check a problem.

    Parameters
    ----------
    source
        Path of a JSON file, or its parsed content.

    Raises
    ------
    ProblemError
        If the file can't be read or an entry is missing, absurd or contradictory.
    """
    if isinstance(source, Mapping):
        return _problem(source, folder=None)
    path = Path(source)
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError:
        raise ProblemError("{file} 打不开", file=path.name) from None
    except (ValueError, RecursionError):
        raise ProblemError("{file} 不是可读的 JSON 文件", file=path.name) from None
    return _problem(content, folder=path.parent)


def _problem(content: object, *, folder: Path | None) -> PatrolProblem:
    if not isinstance(content, Mapping):
        raise ProblemError("规划问题应为一个 JSON 对象")
    for field in ("travel_s", "visits", "shifts"):
        if field not in content:
            raise ProblemError("规划问题缺少字段 {field}", field=field)
    return PatrolProblem(
        name=str(content.get("name") or ""),
        travel_s=_travel(content["travel_s"], folder),
        visits=tuple(_visit(item, k) for k, item in enumerate(_items(content, "visits"))),
        shifts=tuple(_shift(item, k) for k, item in enumerate(_items(content, "shifts"))),
        quotas=tuple(_quota(item, k) for k, item in enumerate(_items(content, "quotas"))),
        locked=_locks(_items(content, "locked")),
        alternatives=tuple(
            _texts(group, "alternatives", str(k))
            for k, group in enumerate(_items(content, "alternatives"))
        ),
        together=tuple(_joint(item, k) for k, item in enumerate(_items(content, "together"))),
        previous=_previous(content.get("previous")),
    )


def _items(content: Mapping[str, Any], field: str) -> Sequence[Any]:
    items = content.get(field)
    if items is None:
        return ()
    if not isinstance(items, list | tuple):
        raise ProblemError("规划问题 {entry} 应为列表", entry=field)
    return items


def _travel(given: object, folder: Path | None) -> NDArray[np.int32]:
    if isinstance(given, str):
        given = _saved_travel(given, folder)
    try:
        values = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        raise ProblemError("规划问题 travel_s 应为由数字组成的方阵") from None
    if values.size == 0:
        values = values.reshape(0, 0)
    if not np.isfinite(values).all() or (values != np.floor(values)).any():
        raise ProblemError("规划问题 travel_s 只能含整数秒")
    # anything above the mark is as unreachable as the mark itself
    clipped = np.clip(values, -1, UNREACHABLE).astype(np.int32)
    return np.ascontiguousarray(clipped)


def _saved_travel(name: str, folder: Path | None) -> NDArray[Any]:
    """Load the matrix file that lies beside the problem, and nothing from elsewhere."""
    path = Path(name)
    if folder is None or path.name != name or path.suffix != ".npy":
        raise ProblemError(
            "travel_s 所指的文件应为问题文件同一目录下的 .npy 文件：{file}", file=name
        )
    try:
        loaded = np.load(folder / name, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        raise ProblemError("travel_s 所指的文件读不出矩阵：{file}", file=name) from None
    if not isinstance(loaded, np.ndarray) or loaded.dtype.kind not in "iuf":
        raise ProblemError("travel_s 所指的文件读不出矩阵：{file}", file=name)
    return loaded


def _need(item: object, field: str, entry: str) -> Any:
    if not isinstance(item, Mapping):
        raise ProblemError("规划问题 {entry} 应为一个对象", entry=entry)
    if field not in item:
        raise ProblemError("规划问题 {entry} 缺少字段 {field}", entry=entry, field=field)
    return item[field]


def _wrong(entry: str, field: str, value: object) -> ProblemError:
    shown = repr(value)[:40]
    return ProblemError(
        "规划问题 {entry}：{field} 的值 {value} 类型不对", entry=entry, field=field, value=shown
    )


def _integer(item: object, field: str, entry: str) -> int:
    value = _need(item, field, entry)
    return _as_integer(value, field, entry)


def _as_integer(value: object, field: str, entry: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer):
        raise _wrong(entry, field, value)
    if value != value // 1:
        raise _wrong(entry, field, value)
    return int(value)


def _text(item: object, field: str, entry: str) -> str:
    value = _need(item, field, entry)
    if not isinstance(value, str) or not value:
        raise _wrong(entry, field, value)
    return value


def _texts(value: object, field: str, entry: str) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list | tuple) or not all(isinstance(name, str) for name in value):
        raise _wrong(entry, field, value)
    return tuple(value)


def _visit(item: Any, k: int) -> Candidate:
    name = _text(item, "id", f"visits[{k}]")
    entry = f"visits {name}"
    required = item.get("required", False)
    if not isinstance(required, bool):
        raise _wrong(entry, "required", required)
    group = item.get("group")
    if group is not None and not isinstance(group, str):
        raise _wrong(entry, "group", group)
    teams = item.get("teams")
    return Candidate(
        visit_id=name,
        location=_integer(item, "location", entry),
        service_s=_integer(item, "service_s", entry),
        prize=_integer(item, "prize", entry),
        windows=_windows(_need(item, "windows", entry), entry),
        required=required,
        group=group,
        needs=frozenset(_texts(item.get("needs"), "needs", entry)),
        forbidden_teams=frozenset(_texts(item.get("forbidden_teams"), "forbidden_teams", entry)),
        teams=None if teams is None else frozenset(_texts(teams, "teams", entry)),
    )


def _windows(value: object, entry: str) -> tuple[tuple[int, int, int], ...]:
    if not isinstance(value, list | tuple):
        raise _wrong(entry, "windows", value)
    found = []
    for window in value:
        if not isinstance(window, list | tuple) or len(window) != 3:
            raise _wrong(entry, "windows", window)
        day, earliest, latest = (_as_integer(part, "windows", entry) for part in window)
        found.append((day, earliest, latest))
    return tuple(found)


def _shift(item: Any, k: int) -> Shift:
    name = _text(item, "id", f"shifts[{k}]")
    entry = f"shifts {name}"
    pause = item.get("break")
    return Shift(
        shift_id=name,
        team=_text(item, "team", entry),
        day=_integer(item, "day", entry),
        start_location=_integer(item, "start_location", entry),
        end_location=_integer(item, "end_location", entry),
        start_s=_integer(item, "start_s", entry),
        end_s=_integer(item, "end_s", entry),
        pause=None
        if pause is None
        else Break(
            duration_s=_integer(pause, "duration_s", f"{entry}.break"),
            from_s=_integer(pause, "from_s", f"{entry}.break"),
            to_s=_integer(pause, "to_s", f"{entry}.break"),
        ),
        skills=frozenset(_texts(item.get("skills"), "skills", entry)),
    )


def _quota(item: object, k: int) -> Quota:
    entry = f"quotas[{k}]"
    return Quota(group=_text(item, "group", entry), min_visits=_integer(item, "min_visits", entry))


def _joint(item: Any, k: int) -> JointVisit:
    entry = f"together[{k}]"
    names = _texts(_need(item, "visits", entry), "visits", entry)
    within_s = 600 if item.get("within_s") is None else _integer(item, "within_s", entry)
    return JointVisit(visits=names, within_s=within_s)


def _locks(items: Sequence[Any]) -> dict[str, str]:
    locked: dict[str, str] = {}
    for k, item in enumerate(items):
        visit, shift = _text(item, "visit", f"locked[{k}]"), _text(item, "shift", f"locked[{k}]")
        if locked.setdefault(visit, shift) != shift:
            raise ProblemError(
                "锁定互相矛盾：{visit} 同时锁在 {first} 和 {second}",
                visit=visit,
                first=locked[visit],
                second=shift,
            )
    return locked


def _previous(value: object) -> dict[str, str]:
    if value is None:
        return {}
    if not isinstance(value, Mapping) or not all(isinstance(v, str) for v in value.values()):
        raise _wrong("previous", "previous", value)
    return {str(visit): shift for visit, shift in value.items()}


def problem_to_json(problem: PatrolProblem) -> dict[str, Any]:
    """Return a problem as plain JSON types, travel times inline."""
    return {
        "name": problem.name,
        "travel_s": problem.travel_s.tolist(),
        "visits": [_visit_to_json(visit) for visit in problem.visits],
        "shifts": [_shift_to_json(shift) for shift in problem.shifts],
        "quotas": [{"group": q.group, "min_visits": q.min_visits} for q in problem.quotas],
        "locked": [{"visit": v, "shift": s} for v, s in problem.locked.items()],
        "alternatives": [list(group) for group in problem.alternatives],
        "together": [
            {"visits": list(joint.visits), "within_s": joint.within_s} for joint in problem.together
        ],
        "previous": dict(problem.previous),
    }


def _visit_to_json(visit: Candidate) -> dict[str, Any]:
    return {
        "id": visit.visit_id,
        "location": visit.location,
        "service_s": visit.service_s,
        "prize": visit.prize,
        "required": visit.required,
        "windows": [list(window) for window in visit.windows],
        "group": visit.group,
        "needs": sorted(visit.needs),
        "forbidden_teams": sorted(visit.forbidden_teams),
        "teams": None if visit.teams is None else sorted(visit.teams),
    }


def _shift_to_json(shift: Shift) -> dict[str, Any]:
    pause = shift.pause
    return {
        "id": shift.shift_id,
        "team": shift.team,
        "day": shift.day,
        "start_location": shift.start_location,
        "end_location": shift.end_location,
        "start_s": shift.start_s,
        "end_s": shift.end_s,
        "break": None
        if pause is None
        else {"duration_s": pause.duration_s, "from_s": pause.from_s, "to_s": pause.to_s},
        "skills": sorted(shift.skills),
    }
