"""Messages, plans and other nouns as JSON text, and back."""

import functools
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import numpy as np

from data.records import Message, Plan


def to_text(value: object) -> str:
    """Write plain values, numpy numbers, dates and the nouns of ``data.records`` as JSON."""
    return json.dumps(to_plain(value), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


@functools.lru_cache(maxsize=16)
def to_plan(text: str) -> Plan:
    """Read a plan that ``to_text`` wrote; read the same text again and the same plan comes back."""
    return _rebuild(Plan, json.loads(text))


def to_message(text: str | None) -> Message | None:
    """Read a message that ``to_text`` wrote."""
    return None if text is None else _message(json.loads(text))


def to_plain(value: object) -> object:  # noqa: PLR0911
    """Return a value as what JSON knows; a message becomes ``{"t": template, "v": values}``."""
    if isinstance(value, Message):
        return {"t": value.template, "v": to_plain(value.values)}
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: to_plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        items = sorted(value) if isinstance(value, set | frozenset) else value
        return [to_plain(item) for item in items]
    if isinstance(value, np.ndarray):
        return [to_plain(item) for item in value.tolist()]
    if isinstance(value, np.generic):
        return to_plain(value.item())
    if isinstance(value, float) and not np.isfinite(value):
        return None
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value


def _message(stored: Mapping[str, Any]) -> Message:
    values = {
        name: _message(value) if isinstance(value, Mapping) and set(value) == {"t", "v"} else value
        for name, value in stored["v"].items()
    }
    return Message(stored["t"], values)


@functools.cache
def _hints(type_: type) -> dict[str, Any]:
    return get_type_hints(type_)


def _rebuild(type_: Any, value: Any) -> Any:  # noqa: PLR0911
    """Rebuild a typed value from plain JSON, following the dataclasses' annotations."""
    origin, arguments = get_origin(type_), get_args(type_)
    if value is None:
        return None
    if origin in {Union, UnionType}:
        return _rebuild(next(a for a in arguments if a is not type(None)), value)
    if origin is tuple:
        inner = arguments if arguments[-1:] != (Ellipsis,) else arguments[:1] * len(value)
        return tuple(_rebuild(kind, item) for kind, item in zip(inner, value, strict=True))
    if type_ is Message:
        return _message(value)
    if isinstance(type_, type) and is_dataclass(type_):
        hints = _hints(type_)
        return type_(**{name: _rebuild(hints[name], item) for name, item in value.items()})
    if type_ in {datetime, date}:
        return type_.fromisoformat(value)
    return value
