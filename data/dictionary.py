"""
The data dictionary, written from ``data/schema.py``.

``python -m data.dictionary`` rewrites ``docs/data-dictionary.md``.
"""

from collections.abc import Iterator
from pathlib import Path

from data import schema

PATH = Path(__file__).parent.parent / "docs" / "data-dictionary.md"
_HEAD = """# Data dictionary

Written from `data/schema.py` by `python -m data.dictionary`; a test keeps it up to date.

- A header is accepted in English, in Chinese, or as one of the other names.
- `*` marks a column that every row needs.
- **Learnt** says when the store counts a value as known: with the record; on the date in another
  column; or on the day the extract was made (`known_on` of a mapping profile, else the loading).
- Every kind also has `district_code`: the first six digits of a 9- or 12-digit area code, else the
  area code.
- Points are WGS-84 degrees in the store, whatever datum the file had.
- Times without zone are Asia/Shanghai.
"""
_TYPES = {
    "text": "text",
    "integer": "whole number",
    "real": "number",
    "flag": "0 or 1",
    "date": "date",
    "instant": "date and time",
    "list": "list, joined by `;`",
    "shape": "shape",
}


def dictionary_markdown() -> str:
    """Return the whole page."""
    return "\n".join((_HEAD, *_kinds(), *_vocabularies()))


def _kinds() -> Iterator[str]:
    for kind in schema.KINDS.values():
        yield f"## {kind.name} · {kind.zh}\n"
        key = " + ".join(f"`{name}`" for name in kind.key)
        if kind.key == ("row_id",):
            key = "none; a row is known by its content"
        known = (
            "always" if kind.event is None else f"from `{kind.event}` on, always if that is empty"
        )
        yield f"Key: {key}.\nKnown: {known}.\n"
        yield "| column | 中文 | other names | type | range | meaning | learnt |"
        yield "| --- | --- | --- | --- | --- | --- | --- |"
        yield from (_row(column) for column in kind.columns)
        yield ""


def _row(column: schema.Column) -> str:
    bounds = ""
    if column.vocabulary is not None:
        bounds = f"[{column.vocabulary}](#{column.vocabulary})"
    elif column.lo is not None:
        hi = "" if column.hi is None else f"{column.hi:g}"
        bounds = f"{column.lo:g} to {hi}" if hi else f"{column.lo:g} or more"
    learnt = {None: "with the record", "load": "day of the extract"}.get(
        column.late, f"`{column.late}`"
    )
    name = f"`{column.name}`" + ("*" if column.required else "")
    cells = (
        name,
        column.zh,
        "、".join(column.aliases),
        _TYPES[column.type],
        bounds,
        column.meaning,
        learnt,
    )
    return f"| {' | '.join(cells)} |"


def _vocabularies() -> Iterator[str]:
    yield "# Codes\n"
    yield "Imports accept the code, the Chinese or the English label.\n"
    for name, labels in schema.LABELS.items():
        yield f"## {name}\n"
        yield "| code | 中文 | English |"
        yield "| --- | --- | --- |"
        yield from (f"| `{code}` | {zh} | {en} |" for code, (zh, en) in labels.items())
        yield ""


if __name__ == "__main__":
    PATH.write_text(dictionary_markdown(), encoding="utf-8")
