"""
Draw the made-up city as a map, to be looked at by a person.

``python -m data.synthetic.picture OUT.png [SEED] [SCALE] [FONT]`` draws it; place names
are written where a font file with Chinese characters is given.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from data.synthetic import areas, lines
from data.synthetic.land import Land, make_land
from data.synthetic.lattice import CELL_M, Floats
from data.synthetic.scales import SCALES
from data.synthetic.terrain import Terrain

_PIXELS = 4
"""Pixels a cell; the picture is halved at the end, so that lines are smooth."""
_ROADS = {
    "track": ((176, 150, 118), 1),
    "residential": ((120, 116, 120), 1),
    "unclassified": ((146, 140, 134), 2),
    "tertiary": ((110, 104, 98), 2),
    "secondary": ((206, 160, 40), 4),
    "primary": ((234, 92, 22), 6),
    "trunk": ((192, 36, 40), 7),
    "ferry": ((30, 70, 190), 4),
}
_WATER = (96, 148, 205)


def draw(land: Land, path: Path, *, font: Path | None = None) -> None:
    """Draw relief, water, borders, built-up ground, roads and seats as a PNG."""
    from PIL import Image, ImageDraw

    grid = land.terrain.grid
    size = (grid.n_cols * _PIXELS, grid.n_rows * _PIXELS)
    image = Image.fromarray(_relief(land.terrain)[::-1]).resize(size, Image.Resampling.BICUBIC)
    pen = _Pen(land, ImageDraw.Draw(image, "RGBA"))
    pen.fringe()
    pen.built_up()
    pen.water()
    pen.borders()
    pen.roads()
    pen.seats()
    box = pen.box()
    image = image.crop(box).resize(
        ((box[2] - box[0]) // 2, (box[3] - box[1]) // 2), Image.Resampling.LANCZOS
    )
    if font is not None:
        _write_names(land, ImageDraw.Draw(image), font, box)
    # Few colours for a small file; by coverage, so that rare ones (a road) are kept.
    few = image.quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    few.save(path, optimize=True)


def _relief(terrain: Terrain) -> np.ndarray:
    """Colour the ground by height and light it from the north-west."""
    south, east = np.gradient(terrain.height_m, CELL_M)
    light = np.clip(0.93 - 1.25 * (east - south), 0.55, 1.12)[..., None]
    level = np.clip(terrain.height_m / 950.0, 0.0, 1.0)[..., None] ** 0.7
    colour = np.array([226, 236, 208]) * (1 - level) + np.array([186, 164, 132]) * level
    colour = np.where(terrain.inside[..., None], colour * light, 246)
    return np.clip(colour, 0, 255).astype(np.uint8)


class _Pen:
    """Draws layers; knows how metres become pixels."""

    def __init__(self, land: Land, pen: Any) -> None:
        self._land, self._pen = land, pen
        self._grid = land.terrain.grid

    def points(self, xy: Floats) -> list[tuple[float, float]]:
        """Turn shifted metres into pixels."""
        col = xy[:, 0] / CELL_M + self._grid.n_cols / 2
        row = self._grid.n_rows / 2 - xy[:, 1] / CELL_M
        return list(zip((col * _PIXELS).tolist(), (row * _PIXELS).tolist(), strict=True))

    def box(self) -> tuple[int, int, int, int]:
        """Give the part of the picture that holds the city, with a margin."""
        rows, cols = np.nonzero(self._land.terrain.inside)
        top, bottom = self._grid.n_rows - rows.max(), self._grid.n_rows - rows.min()
        return (
            int((cols.min() - 8) * _PIXELS),
            int((top - 8) * _PIXELS),
            int((cols.max() + 8) * _PIXELS),
            int((bottom + 8) * _PIXELS),
        )

    def fringe(self) -> None:
        """Tint the villages of the urban-rural fringe."""
        for number in np.flatnonzero(self._land.places.villages["fringe"]).tolist():
            self._fill(self._land.shapes[number], (240, 150, 60, 78))

    def built_up(self) -> None:
        """Darken cells by their built-up share."""
        built = self._land.built_up.built
        for cell in np.flatnonzero(built.ravel() > 0.12).tolist():
            x, y = self._grid.metres(np.array([cell]))
            x, y = self._land.ground.shifted(x, y)
            (px, py) = self.points(np.column_stack([x, y]))[0]
            half = _PIXELS / 2 + 0.6
            shade = int(200 * built.ravel()[cell])
            self._pen.rectangle([px - half, py - half, px + half, py + half], (92, 80, 86, shade))

    def water(self) -> None:
        """Draw rivers by the size of their catchment, and the lake."""
        rivers, size = lines.river_lines(self._land.terrain, self._land.ground)
        for line, km2 in zip(rivers, size.tolist(), strict=True):
            width = int(np.clip(1.5 + km2**0.5 / 16.0, 2, 11))
            self._pen.line(self.points(shapely.get_coordinates(line)), _WATER, width, joint="curve")
        for shape in areas.mask_polygons(self._land.terrain.lake, self._grid, self._land.ground):
            self._fill(shape, (*_WATER, 255))

    def borders(self) -> None:
        """Draw the borders of villages, townships and counties."""
        land = self._land
        towns = areas.dissolve(
            land.shapes, land.settlements.village_township, len(land.places.townships)
        )
        counties = areas.dissolve(
            towns, land.settlements.township_district, len(land.places.districts)
        )
        styles = (((120, 120, 120, 40), 1), ((120, 90, 130, 120), 2), ((130, 50, 130, 200), 5))
        for shapes, (colour, width) in zip((land.shapes, towns, counties), styles, strict=True):
            for shape in shapely.get_parts(shapes):
                ring = self.points(shapely.get_coordinates(shape.exterior))
                self._pen.line(ring, colour, width)

    def roads(self) -> None:
        """Draw roads by class, the large ones on top."""
        made = self._land.roads
        shapes = self._land.ground.lines_to_metres(made.lines)
        for highway, (colour, width) in reversed(_by_size()):
            for number, name in enumerate(made.highway):
                if name == highway:
                    xy = self.points(shapely.get_coordinates(shapes[number]))
                    self._pen.line(xy, colour, width, joint="curve")

    def seats(self) -> None:
        """Mark villages, townships and county seats."""
        places = self._land.settlements
        for cells, radius, fill in (
            (places.village_seats, 2.2, (70, 70, 70)),
            (places.township_seats, 6, (255, 255, 255)),
            (places.district_seats, 11, (200, 20, 30)),
        ):
            x, y = self._land.ground.shifted(*self._grid.metres(cells))
            for px, py in self.points(np.column_stack([x, y])):
                box = [px - radius, py - radius, px + radius, py + radius]
                self._pen.ellipse(box, fill=fill, outline=(30, 30, 30))

    def _fill(self, shape: shapely.Geometry, colour: tuple[int, ...]) -> None:
        for part in shapely.get_parts(shape):
            self._pen.polygon(self.points(shapely.get_coordinates(part.exterior)), colour)


def _by_size() -> list[tuple[str, tuple[tuple[int, int, int], int]]]:
    """List the classes, the largest first."""
    return list(reversed(_ROADS.items()))


def _write_names(land: Land, pen: Any, font: Path, box: tuple[int, int, int, int]) -> None:
    """Write the names of townships and counties beside their seats."""
    from PIL import ImageFont

    places = land.places
    grid = land.terrain.grid
    for table, cells, size in (
        (places.townships, land.settlements.township_seats, 12),
        (places.districts, land.settlements.district_seats, 20),
    ):
        face = ImageFont.truetype(str(font), size)
        x, y = land.ground.shifted(*grid.metres(cells))
        px = ((x / CELL_M + grid.n_cols / 2) * _PIXELS - box[0]) / 2
        py = ((grid.n_rows / 2 - y / CELL_M) * _PIXELS - box[1]) / 2
        for name, left, top in zip(table["name"], px.tolist(), py.tolist(), strict=True):
            if name.endswith("街道"):
                continue  # too close together for words
            at = (left + 5, top - size - (8 if size > 12 else 0))
            pen.text(at, name, (20, 20, 20), face, stroke_width=2, stroke_fill=(255, 255, 255))


def main(arguments: list[str]) -> int:
    """Draw the city of a seed and a scale."""
    seed = int(arguments[1]) if len(arguments) > 1 else 0
    scale = arguments[2] if len(arguments) > 2 else "prefecture"
    font = Path(arguments[3]) if len(arguments) > 3 else None
    draw(make_land(SCALES[scale], seed=seed), Path(arguments[0]), font=font)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
