"""What a gazetteer is made of and what it answers: areas, doors, places found."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An area by its names; ``lon, lat`` stand for it on a map, degrees WGS-84."""

    code: str
    name: str
    level: str
    parent: str | None
    lon: float
    lat: float
    former: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """A known door: name, registered address, area, point in degrees WGS-84."""

    door_id: str
    name: str
    address: str
    code: str
    lon: float
    lat: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """
    Where a text is: ``precision`` is exact, village, township or None.

    With ``precision`` None there is no point; ``code`` may still name the county
    the record counts for. ``confidence`` is 0 to 1, ``reason`` one of
    ``door_name, door_address, landmark, village, misspelt, township, many, county,
    conflict, elsewhere, nothing``.
    """

    lon: float | None = None
    lat: float | None = None
    code: str | None = None
    precision: str | None = None
    confidence: float = 0.0
    reason: str = "nothing"
