"""
Find places by their words, offline: areas, villages, and doors that are on file.

Every reading of a text is scored: which names it holds, whether the township
named holds the village named, whether names were misspelt. One clear winner is a
place; several equal ones are only what they have in common (their township, their
county), and where that is nothing the text is not placed. A door counts as found
(precision ``exact``) only by its own name or its own registered address.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from geo import addresses, place_mentions
from geo.place_mentions import Mention
from geo.place_names import Door, Found, Place

LEVELS = ("district", "township", "village")
_FULL = 1.0
_FORMER = 0.95
_OTHER_SUFFIX = 0.85
_STEM = 0.55
_MARGIN = 0.1
_AGREES = {"township": 1.0, "district": 0.6}
_DISAGREES = 1.2
_SURE = 0.8
"""From this weight on a name is really there, not guessed."""
_LONGEST_NAME = 18


@dataclass(frozen=True, slots=True)
class _Reading:
    score: float
    code: str
    agrees: bool
    weight: float


class Gazetteer:
    """Names of areas and doors, ready to be looked for in texts."""

    def __init__(self, places: Iterable[Place], doors: Iterable[Door] = ()) -> None:
        self._places = {place.code: place for place in places}
        self._above = {code: self._ancestors(code) for code in self._places}
        self._children: dict[str, list[str]] = defaultdict(list)
        for code, place in self._places.items():
            for level, above in self._above[code].items():
                if level != place.level:
                    self._children[above].append(code)
        self._cities = frozenset(
            addresses.stem_of(place.name.removesuffix("市"), "city")
            for place in self._places.values()
            if place.level in {"city", "district"}
        )
        self._city_names = [p.name for p in self._places.values() if p.level == "city"]
        self._forms: dict[str, dict[str, float]] = defaultdict(dict)
        for place in self._places.values():
            self._add_forms(place)
        self._door_ids: set[str] = set()
        self._named: dict[str, list[Door]] = defaultdict(list)
        self._at: dict[tuple[str, str], list[Door]] = defaultdict(list)
        for door in doors:
            self._add_door(door)

    def __len__(self) -> int:
        """Return the number of areas known."""
        return len(self._places)

    def find(self, text: str, *, within: str | None = None) -> Found:
        """
        Place a text.

        Parameters
        ----------
        within
            Code of an area the place is known to lie in, if any.
        """
        words = addresses.plain(text)
        for name in self._city_names:
            words = words.replace(name, "", 1).strip(",")
        if not words or addresses.foreign_city(words, self._cities):
            return Found(reason="elsewhere" if words else "nothing")
        mentions = {level: self._mentions(words, level) for level in LEVELS}
        doors, spans = self._door_mentions(words)
        mentions = {
            level: place_mentions.uncovered(found, spans) for level, found in mentions.items()
        }
        mentions = place_mentions.longest(mentions)
        self._add_misspelt(words, mentions)
        if within is not None and within in self._places:
            mentions = {
                level: [m for m in found if self.nested(m.code, within)]
                for level, found in mentions.items()
            }
            doors = [door for door in doors if self._lies_in(door.code, within)]
        if doors:
            found = self._by_door(words, doors, spans, mentions)
            if found is not None:
                return found
        return self._by_area(words, mentions)

    def point_of(self, code: str) -> Found:
        """Return an area by its code, as precise as its level."""
        place = self._places.get(code)
        if place is None:
            return Found()
        return self._at_area(code, 0.9, place.level)

    def knows(self, code: str) -> bool:
        """Return whether an area of this code is known."""
        return code in self._places

    def has_door(self, door_id: str | None) -> bool:
        """Return whether a door of this id is on file."""
        return door_id in self._door_ids

    def common(self, codes: Sequence[str]) -> str | None:
        """Return the smallest area that holds all of the codes, a district at most."""
        return self._common(sorted(set(codes)))

    def nested(self, one: str, other: str) -> bool:
        """Return whether one of two areas lies in the other."""
        return self._lies_in(one, other) or self._lies_in(other, one)

    def lies_above(self, one: str | None, other: str) -> bool:
        """Return whether ``one`` is a larger area that holds ``other``."""
        return one is not None and one != other and self._lies_in(other, one)

    # Building

    def _ancestors(self, code: str) -> dict[str, str]:
        above: dict[str, str] = {}
        at: str | None = code
        while at is not None and at in self._places and at not in above.values():
            above[self._places[at].level] = at
            at = self._places[at].parent
        for level, digits in (("district", 6), ("township", 9)):
            cut = code[:digits]
            if level not in above and cut in self._places and self._places[cut].level == level:
                above[level] = cut
        return above

    def _add_forms(self, place: Place) -> None:
        if place.level not in LEVELS:
            return
        for name, weight in ((place.name, _FULL), *((old, _FORMER) for old in place.former)):
            stem = addresses.stem_of(name, place.level)
            self._add_form(name, place.code, weight)
            if len(stem) < 2:
                continue
            self._add_form(stem, place.code, _STEM)
            if stem != name:
                for suffix in addresses.SUFFIXES[place.level]:
                    self._add_form(stem + suffix, place.code, min(weight, _OTHER_SUFFIX))

    def _add_form(self, form: str, code: str, weight: float) -> None:
        self._forms[form][code] = max(weight, self._forms[form].get(code, 0.0))

    def _add_door(self, door: Door) -> None:
        self._door_ids.add(door.door_id)
        name = addresses.regular(door.name).replace(",", "")
        if len(name) >= 4:
            self._named[name].append(door)
        place = self._places.get(door.code)
        if place is not None and place.level == "village" and door.address:
            rest = self._rest(addresses.plain(door.address), place)
            if rest:
                self._at[(door.code, rest)].append(door)

    def _rest(self, words: str, place: Place) -> str | None:
        """Return what an address says behind its village up to the number: street and number."""
        at = words.rfind(place.name)
        number = None if at < 0 else addresses.house_number(words[at + len(place.name) :])
        return None if number is None else number.replace(",", "")

    # Reading

    def _mentions(self, words: str, level: str) -> list[Mention]:
        found = []
        for start in range(len(words)):
            for end in range(start + 2, min(len(words), start + _LONGEST_NAME) + 1):
                for code, weight in self._forms.get(words[start:end], {}).items():
                    if self._places[code].level != level:
                        continue
                    if weight <= _STEM and addresses.is_street(words, end):
                        continue
                    found.append(Mention(start, end, code, weight))
        return found

    def _add_misspelt(self, words: str, mentions: dict[str, list[Mention]]) -> None:
        """Add names that a stretch of text may have been meant for, top down."""
        for level in LEVELS:
            if any(m.weight >= _SURE for m in mentions[level]):
                continue
            above = [m.code for upper in LEVELS[: LEVELS.index(level)] for m in mentions[upper]]
            if level == "village" and not mentions["township"]:
                continue
            if level == "village":
                above = [m.code for m in mentions["township"]]
            pool = self._pool(level, above)
            taken = [
                (m.start, m.end) for upper in LEVELS for m in mentions[upper] if m.weight >= _SURE
            ]
            for piece in addresses.pieces(words, level):
                if any(piece.start < end and start < piece.end for start, end in taken):
                    continue
                mentions[level] += self._meant(piece, pool, level)

    def _pool(self, level: str, above: Sequence[str]) -> list[str]:
        if not above:
            return [code for code, place in self._places.items() if place.level == level]
        codes = {code for upper in above for code in self._children[upper]}
        return [code for code in sorted(codes) if self._places[code].level == level]

    def _meant(self, piece: addresses.Piece, pool: Sequence[str], level: str) -> list[Mention]:
        found = []
        for code in pool:
            name = self._places[code].name
            stem = addresses.stem_of(name, level)
            likely = addresses.slip(piece.stem, stem)
            if 0 < likely < 1:
                same_kind = 0.1 if name == stem + piece.suffix else 0.0
                found.append(Mention(piece.start, piece.end, code, 0.7 * likely + same_kind))
        return found

    # Deciding

    def _by_area(self, words: str, mentions: dict[str, list[Mention]]) -> Found:
        readings = [r for level in ("village", "township") for r in self._readings(level, mentions)]
        if not readings:
            return self._by_district(mentions)
        best = max(r.score for r in readings)
        leading = sorted({r.code for r in readings if r.score > best - _MARGIN})
        top = max((r for r in readings if r.score == best), key=lambda r: (r.agrees, r.weight))
        common = self._common(leading)
        if not top.agrees:
            return self._conflicting(mentions)
        if common is None:
            return self._by_district(mentions, many=True)
        if len(leading) > 1:
            return self._at_area(common, 0.6, "many")
        if self._is_a_guess(top, mentions):
            return self._by_district(mentions)
        return self._settled(words, top, mentions)

    def _is_a_guess(self, top: _Reading, mentions: dict[str, list[Mention]]) -> bool:
        """Return whether a misspelt name has too little beside it to be believed."""
        is_township = self._places[top.code].level == "township"
        return top.weight < 0.4 or (is_township and top.weight < 0.5 and not mentions["district"])

    def _settled(self, words: str, top: _Reading, mentions: dict[str, list[Mention]]) -> Found:
        """Return the one place that won: at its door where that is on file, else in its area."""
        place = self._places[top.code]
        door = self._registered(words, place, mentions) if top.weight >= _SURE else None
        if door is not None:
            return Found(
                lon=door.lon,
                lat=door.lat,
                code=top.code,
                precision="exact",
                confidence=0.95,
                reason="door_address",
            )
        reason = place.level if top.weight >= _STEM else "misspelt"
        return self._at_area(top.code, min(0.95, 0.45 + 0.25 * top.score), reason)

    def _readings(self, level: str, mentions: dict[str, list[Mention]]) -> list[_Reading]:
        return [self._reading(m, level, mentions) for m in mentions[level]]

    def _reading(self, own: Mention, level: str, mentions: dict[str, list[Mention]]) -> _Reading:
        score, agrees = own.weight, True
        for upper, bonus in _AGREES.items():
            if LEVELS.index(upper) >= LEVELS.index(level):
                continue
            others = [m for m in mentions[upper] if not place_mentions.overlap(m, own)]
            above = self._above[own.code].get(upper)
            fitting = [m.weight for m in others if m.code == above]
            if fitting:
                score += bonus * max(fitting)
            elif any(m.weight >= _SURE for m in others):
                score -= _DISAGREES
                agrees = False
        return _Reading(score, own.code, agrees, own.weight)

    def _conflicting(self, mentions: dict[str, list[Mention]]) -> Found:
        """Of names that contradict each other only the township named for sure is kept, or less."""
        for level in ("township", "district"):
            sure = {m.code for m in mentions[level] if m.weight >= _SURE}
            if level == "township":
                districts = {m.code for m in mentions["district"] if m.weight >= _SURE}
                sure = {
                    c for c in sure if not districts or self._above[c].get("district") in districts
                }
            if len(sure) == 1:
                return self._at_area(sure.pop(), 0.5, "conflict")
        return Found(reason="conflict")

    def _by_district(self, mentions: dict[str, list[Mention]], *, many: bool = False) -> Found:
        weights: dict[str, float] = {}
        for m in mentions["district"]:
            weights[m.code] = max(m.weight, weights.get(m.code, 0.0))
        best = max(weights.values(), default=0.0)
        leading = [code for code, weight in weights.items() if weight > best - _MARGIN]
        if len(leading) == 1 and best >= 0.5:
            return self._at_area(leading[0], 0.7, "county")
        return Found(reason="many" if many or leading else "nothing")

    def _registered(
        self, words: str, place: Place, mentions: dict[str, list[Mention]]
    ) -> Door | None:
        """Return the one door on file at this very address."""
        if place.level != "village" or not any(
            m.code == place.code and m.weight >= _FORMER for m in mentions["village"]
        ):
            return None
        rest = self._rest(words, place)
        return place_mentions.one_door(self._at.get((place.code, rest or ""), []))

    def _door_mentions(self, words: str) -> tuple[list[Door], list[tuple[int, int]]]:
        """Return the doors of the longest name of a door in the text, and where it stands."""
        best = (0, 0)
        for start in range(len(words)):
            for end in range(min(len(words), start + _LONGEST_NAME), start + 3, -1):
                if end - start > best[1] - best[0] and words[start:end] in self._named:
                    best = (start, end)
        start, end = best
        return (list(self._named[words[start:end]]), [best]) if end else ([], [])

    def _by_door(
        self,
        words: str,
        doors: Sequence[Door],
        spans: Sequence[tuple[int, int]],
        mentions: dict[str, list[Mention]],
    ) -> Found | None:
        sure = [m for level in LEVELS for m in mentions[level] if m.weight >= _SURE]
        for level in LEVELS:
            named = {m.code for m in sure if self._places[m.code].level == level}
            if named:
                doors = [d for d in doors if any(self._lies_in(d.code, code) for code in named)]
        if not doors:
            return None
        door = place_mentions.one_door(doors)
        if door is None:
            common = self._common(sorted({d.code for d in doors}))
            return None if common is None else self._at_area(common, 0.6, "many")
        start, end = spans[0]
        before, after = words[:start], words[end:].strip(",")
        for m in sorted(sure, key=lambda m: m.start - m.end):
            before = before.replace(words[m.start : m.end], "")
            after = after.replace(words[m.start : m.end], "")
        city = "|".join(self._cities)
        alone = not after.strip(",") and not before.strip(",省市" + city)
        return Found(
            lon=door.lon,
            lat=door.lat,
            code=door.code,
            precision="exact" if alone else "village",
            confidence=0.95 if alone else 0.85,
            reason="door_name" if alone else "landmark",
        )

    def _at_area(self, code: str, confidence: float, reason: str) -> Found:
        place = self._places[code]
        if place.level not in {"village", "township"}:
            own = code if place.level == "district" else None
            return Found(
                code=own,
                confidence=confidence if own else 0.0,
                reason="county" if own else "nothing",
            )
        return Found(
            lon=place.lon,
            lat=place.lat,
            code=code,
            precision=place.level,
            confidence=confidence,
            reason=reason,
        )

    def _common(self, codes: Sequence[str]) -> str | None:
        """Return the smallest area that holds all of the codes, a district at most."""
        if len(codes) == 1:
            return codes[0]
        for level in ("village", "township", "district"):
            above = {self._above.get(code, {}).get(level) for code in codes}
            if len(above) == 1 and None not in above:
                return above.pop()
        return None

    def _lies_in(self, code: str, within: str) -> bool:
        return within in self._above.get(code, {}).values()
