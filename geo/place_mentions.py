"""Names found in a text: where they stand, which of them count."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from geo.place_names import Door

_SAME_DOOR_DEGREES = 0.001
"""Doors within about 100 m count as one place."""


@dataclass(frozen=True, slots=True)
class Mention:
    """A stretch of text that names, with some weight from 0 to 1, an area."""

    start: int
    end: int
    code: str
    weight: float


def longest(mentions: Mapping[str, list[Mention]]) -> dict[str, list[Mention]]:
    """Drop names that are only a part of a longer name at the same place; keyed by level."""
    spans = {(m.start, m.end, m.weight) for found in mentions.values() for m in found}
    return {
        level: [
            m
            for m in found
            if not any(
                start <= m.start
                and m.end <= end
                and end - start > m.end - m.start
                and w >= m.weight
                for start, end, w in spans
            )
        ]
        for level, found in mentions.items()
    }


def overlap(one: Mention, other: Mention) -> bool:
    """Return whether two mentions share a sign of the text."""
    return one.start < other.end and other.start < one.end


def uncovered(mentions: list[Mention], spans: Sequence[tuple[int, int]]) -> list[Mention]:
    """Return the mentions that lie outside the spans."""
    return [m for m in mentions if not any(s <= m.start and m.end <= e for s, e in spans)]


def one_door(doors: Sequence[Door]) -> Door | None:
    """Return the door where all of them are at one point."""
    if not doors:
        return None
    first = doors[0]
    apart = any(
        abs(d.lon - first.lon) > _SAME_DOOR_DEGREES or abs(d.lat - first.lat) > _SAME_DOOR_DEGREES
        for d in doors
    )
    return None if apart else first
