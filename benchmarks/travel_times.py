"""
How right and how fast road times are: real Andorra, the demo city; and township of a point.

    python -m benchmarks.travel_times [--demo STORE] [--pbf FILE] [--pairs 500] [--out FILE]

Andorra is read as an import reads it. Beside it stands a second way that shares no
code with ``geo`` but the table of speeds: a binary-heap search on a graph whose
nodes are the vertices of the lines, lengths on the ellipsoid by ``pyproj.Geod``,
distances to roads in a plane laid at each place. (No routing library is among the
project's dependencies to stand there instead.) The demo city is a store made by
``medpatrol demo``, ``load`` and ``score``. One JSON object is printed last.
"""

import argparse
import heapq
import itertools
import json
import math
import resource
import tempfile
from collections import defaultdict
from datetime import datetime
from pathlib import Path
from time import perf_counter, process_time

import geopandas
import numpy as np
import pandas as pd
import shapely
from pyproj import Geod

from data.importers import reading
from data.schema import TIME_ZONE
from data.scope import EVERYTHING
from data.store.engine import open_store
from data.store.rows import load_rows
from geo import boundaries, isochrones, road_network, road_places, road_routes, travel_times
from geo.road_speeds import RoadParams
from workflows.travel import Ways, residents_within, ways_for

ANDORRA = Path("../shared/real/andorra/andorra.osm.pbf")
AS_OF = datetime(2026, 11, 23, tzinfo=TIME_ZONE)
GEOD = Geod(ellps="WGS84")
# Every piece is kept, so that both ways know the same roads; no walk hides an error.
PARAMS = RoadParams(least_piece_m=0.0, join_m=0.0, no_road_m=300.0)


def read_lines(path) -> pd.DataFrame:
    """Return the roads of a file as the store would hold them."""
    table = reading.read_table(path)
    columns = {
        name: column.to_pandas().astype(object).where(lambda v: v.notna(), None)
        for name, column in zip(table.headers, table.columns, strict=False)
        if name in {"highway", "oneway", "maxspeed"}
    }
    return pd.DataFrame({**columns, "shape": table.shapes.to_pylist()})


class Twin:
    """Shortest ways over the vertices of the lines, one search per origin."""

    def __init__(self, lines) -> None:
        """Lay out all segments; equal coordinates are one vertex."""
        self.arcs = defaultdict(list)
        self.segments = []
        for row in lines.itertuples():
            points = [tuple(p) for p in shapely.get_coordinates(shapely.from_wkb(row.shape))]
            speed = self._speed(row)
            first = row.oneway in {"-1", "reverse"}
            only = first or row.oneway in {"yes", "1", "true"}
            only = only or (row.highway == "motorway" and row.oneway != "no")
            for a, b in itertools.pairwise(points):
                length = GEOD.inv(*a, *b)[2]
                if length == 0:
                    continue
                ahead = not first
                back = not only or first
                seconds = length * 3.6 / speed
                self.segments.append((*a, *b, seconds, ahead, back, row.highway))
                if ahead:
                    self.arcs[a].append((b, seconds))
                if back:
                    self.arcs[b].append((a, seconds))
        stops = [s for s in self.segments if s[7] not in PARAMS.no_stop]
        self.stops = stops
        self.ends = np.array([s[:4] for s in stops])

    @staticmethod
    def _speed(row) -> float:
        speed = PARAMS.speed_kmh.get(row.highway, PARAMS.other_kmh)
        limits = [float(part) for part in (row.maxspeed or "").split(";") if part.isdigit()]
        return min([speed, *limits])

    def nearest(self, lon, lat) -> tuple[int, float, float]:
        """Return the nearest segment, how far along it (share), and the distance in metres."""
        # Metres per degree on the ellipsoid at this very place.
        kx = GEOD.inv(lon - 0.005, lat, lon + 0.005, lat)[2] / 0.01
        ky = GEOD.inv(lon, lat - 0.005, lon, lat + 0.005)[2] / 0.01
        x1, y1 = (self.ends[:, 0] - lon) * kx, (self.ends[:, 1] - lat) * ky
        dx, dy = (self.ends[:, 2] - lon) * kx - x1, (self.ends[:, 3] - lat) * ky - y1
        share = np.clip(-(x1 * dx + y1 * dy) / (dx * dx + dy * dy), 0, 1)
        away = np.hypot(x1 + share * dx, y1 + share * dy)
        best = int(np.argmin(away))
        return best, float(share[best]), float(away[best])

    def seconds(self, origin, destination, *, walk_ms) -> float:
        """Return the seconds from door to door, infinite where no road leads."""
        (i, share, walk), (j, share2, walk2) = self.nearest(*origin), self.nearest(*destination)
        at, heap = {}, []
        *ends, cost, ahead, back, _ = self.stops[i]
        a, b = tuple(ends[:2]), tuple(ends[2:])
        starts = [(b, (1 - share) * cost)] * ahead + [(a, share * cost)] * back
        starts += [(a, 0.0)] * (share == 0) + [(b, 0.0)] * (share == 1)
        *ends2, cost2, ahead2, back2, _ = self.stops[j]
        a2, b2 = tuple(ends2[:2]), tuple(ends2[2:])
        goals = [(a2, share2 * cost2)] * ahead2 + [(b2, (1 - share2) * cost2)] * back2
        goals += [(a2, 0.0)] * (share2 == 0) + [(b2, 0.0)] * (share2 == 1)
        for node, s in starts:
            heapq.heappush(heap, (s, node))
        while heap:
            s, node = heapq.heappop(heap)
            if node in at:
                continue
            at[node] = s
            for there, step in self.arcs[node]:
                if there not in at:
                    heapq.heappush(heap, (s + step, there))
        drive = min((at.get(node, math.inf) + s for node, s in goals), default=math.inf)
        if i == j and ((share2 >= share and ahead) or (share2 <= share and back)):
            drive = min(drive, abs(share2 - share) * cost)
        return drive + (walk + walk2) / walk_ms


def andorra(path, *, n_pairs, seed=0) -> dict[str, object]:
    """Compare times, ways back to a known edge, and walks with the second way."""
    lines = read_lines(path)
    began = process_time()
    network = road_network.make_network(lines, params=PARAMS)
    figures = {
        "lines": len(lines),
        "build_cpu_s": round(process_time() - began, 2),
        "nodes": network.n_nodes,
        "edges": network.n_edges,
    }
    rng = np.random.default_rng(seed)
    twin = Twin(lines)
    figures |= _agreement(network, twin, rng, n_pairs)
    figures |= _snapping(network, twin, rng)
    return figures


def _agreement(network, twin, rng, n_pairs) -> dict[str, object]:
    west, east = np.quantile(network.lon, [0.01, 0.99])
    south, north = np.quantile(network.lat, [0.01, 0.99])
    places = np.column_stack(
        [rng.uniform(west, east, 40 * n_pairs), rng.uniform(south, north, 40 * n_pairs)]
    )
    near = road_places.snap(network, places[:, 0], places[:, 1], params=PARAMS).has_road
    places = places[near][: 2 * n_pairs]
    ids = [str(k) for k in range(n_pairs)]
    from_, to = places[:n_pairs], places[n_pairs:]
    matrix = travel_times.by_road(
        network, *from_.T, *to.T, origin_ids=ids, destination_ids=ids, params=PARAMS
    )
    ours = matrix.seconds.diagonal().astype(float)
    ours[matrix.estimated.diagonal()] = np.inf
    walk_ms = PARAMS.walk_kmh / 3.6
    theirs = np.array(
        [twin.seconds(tuple(a), tuple(b), walk_ms=walk_ms) for a, b in zip(from_, to, strict=True)]
    )
    both = np.isfinite(ours) & np.isfinite(theirs)
    ratio = ours[both] / theirs[both]
    return {
        "pairs": n_pairs,
        "pairs_joined_by_both": int(both.sum()),
        "pairs_joined_by_one_only": int((np.isfinite(ours) != np.isfinite(theirs)).sum()),
        "ratio_median": round(float(np.median(ratio)), 4),
        "error_p99_share": round(float(np.quantile(np.abs(ratio - 1), 0.99)), 4),
        "error_max_share": round(float(np.abs(ratio - 1).max()), 4),
    }


def _snapping(network, twin, rng, n=2000, off_m=30.0) -> dict[str, object]:
    edges = rng.choice(network.tree_edges, n, p=_by_length(network))
    at = rng.uniform(0.02, 0.98, n) * network.length_m[edges]
    points = np.empty((n, 2))
    for k, (edge, m) in enumerate(zip(edges, at, strict=True)):
        a, b = road_places.edge_points(network, edge, m - 0.5, m + 0.5)[[0, -1]]
        bearing = GEOD.inv(*a, *b)[0] + (90 if rng.random() < 0.5 else -90)
        middle = road_places.edge_points(network, edge, m, m)[0]
        points[k] = GEOD.fwd(*middle, bearing, off_m)[:2]
    found = road_places.snap(network, points[:, 0], points[:, 1], params=PARAMS)
    same = found.edge == edges
    nearest = np.array([twin.nearest(*point)[2] for point in points])
    walk_error = np.abs(found.walk_m - nearest)
    # Where another road passes nearer than the known one, going back to it would be wrong.
    x, y = network.to_metres(points[:, 0], points[:, 1])
    shapes = network.tree.geometries[np.searchsorted(network.tree_edges, edges)]
    own_m = shapely.distance(shapes, shapely.points(x, y))
    is_nearest = own_m <= nearest + 0.05
    return {
        "shifted_points": n,
        "back_to_their_edge": round(float(same.mean()), 4),
        "of_those_whose_edge_is_nearest": int(is_nearest.sum()),
        "back_to_their_nearest_edge": round(float(same[is_nearest].mean()), 4),
        "walk_error_max_m": round(float(walk_error.max()), 3),
    }


def _by_length(network) -> np.ndarray:
    length = network.length_m[network.tree_edges]
    return length / length.sum()


def demo_city(url, *, n=2000, seed=0) -> dict[str, object]:
    """Return the figures of a store with roads: matrix cold and warm, routes, isochrones."""
    store = open_store(url, create=False)
    began = perf_counter()
    ways = ways_for(store, scope=EVERYTHING, as_of=AS_OF)
    figures = {"roads": len(ways.lines), "load_s": round(perf_counter() - began, 2)}
    places = load_rows(
        store, "facilities", scope=EVERYTHING, as_of=AS_OF, columns=["lon", "lat"]
    ).dropna()
    rng = np.random.default_rng(seed)
    chosen = places[["lon", "lat"]].to_numpy()[rng.choice(len(places), n, replace=False)]
    with tempfile.TemporaryDirectory() as folder:
        ways.folder = Path(folder)
        figures |= _matrix_figures(ways, chosen)
    figures |= _route_figures(ways, chosen, rng)
    officers = load_rows(store, "officers", scope=EVERYTHING, as_of=AS_OF)
    bases = officers[["base_lon", "base_lat"]].drop_duplicates().to_numpy(float)
    people = load_rows(store, "population", scope=EVERYTHING, as_of=AS_OF)
    began = process_time()
    share = residents_within(ways, bases, people)
    figures["residents_within_cpu_s"] = round(process_time() - began, 2)
    figures["residents_within_share"] = {f"{m} min": round(s, 3) for m, s in share.items()}
    began = process_time()
    isochrones.isochrones(ways.network, *bases[0], params=ways.roads)
    figures["isochrones_of_one_base_cpu_s"] = round(process_time() - began, 2)
    return figures


def _matrix_figures(ways, chosen) -> dict[str, object]:
    before_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    began = process_time()
    n_edges = ways.network.n_edges
    built = process_time()
    matrix = ways.matrix(chosen)
    done = process_time()
    warm = Ways(ways.lines, roads=ways.roads, straight=ways.straight, folder=ways.folder)
    began_warm, began_cpu = perf_counter(), process_time()
    again = warm.matrix(chosen)
    warm_s, warm_cpu_s = perf_counter() - began_warm, process_time() - began_cpu
    if not np.array_equal(matrix.seconds, again.seconds):
        raise SystemExit("kept times differ from those computed")
    straight = Ways(ways.lines.iloc[:0]).matrix(chosen).seconds
    far = ~matrix.estimated & (straight > 600)
    return {
        "edges": n_edges,
        "build_cpu_s": round(built - began, 2),
        "places": len(chosen),
        "matrix_cpu_s": round(done - built, 2),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "peak_before_mb": round(before_mb),
        "warm_s": round(warm_s, 3),
        "warm_cpu_s": round(warm_cpu_s, 3),
        "share_without_road": round(float((~matrix.destination_has_road).mean()), 4),
        "share_of_pairs_estimated": round(float(matrix.estimated.mean()), 4),
        "road_over_straight_line_median": round(
            float(np.median(matrix.seconds[far] / straight[far])), 3
        ),
    }


def _route_figures(ways, chosen, rng, n_routes=40, n_stops=8) -> dict[str, object]:
    taken = []
    for _ in range(n_routes):
        base = chosen[rng.integers(len(chosen))]
        near = np.argsort(np.hypot(*(chosen - base).T))[1:150]
        stops = chosen[rng.choice(near, n_stops, replace=False)]
        route = np.vstack([base, stops, base])
        began = process_time()
        road_routes.route_lines(ways.network, [route], params=ways.roads)
        taken.append(1000 * (process_time() - began))
    return {
        "day_route_stops": n_stops,
        "day_route_cpu_ms_median": round(float(np.median(taken)), 1),
        "day_route_cpu_ms_p90": round(float(np.quantile(taken, 0.9)), 1),
    }


def townships(*, n_areas=2000, n_points=1_000_000, seed=0) -> dict[str, object]:
    """Return the seconds to find the area of a million points among finely drawn polygons."""
    rng = np.random.default_rng(seed)
    west, south, east, north = 111.0, 22.5, 113.0, 24.0
    box = shapely.box(west, south, east, north)
    seeds = shapely.multipoints(rng.uniform((west, south), (east, north), (n_areas, 2)))
    cells = shapely.get_parts(shapely.voronoi_polygons(seeds, extend_to=box))
    drawn = shapely.segmentize(shapely.intersection(cells, box), 0.002)
    codes = [f"{k:09d}" for k in range(len(drawn))]
    areas = geopandas.GeoDataFrame({"area_code": codes}, geometry=drawn, crs="EPSG:4326")
    points = rng.uniform((west, south), (east, north), (n_points, 2))
    began = process_time()
    boundaries.area_of_points(points[:, 0], points[:, 1], areas)
    return {
        "areas": len(drawn),
        "corners": int(shapely.get_num_coordinates(drawn).sum()),
        "points": n_points,
        "area_of_points_cpu_s": round(process_time() - began, 2),
    }


def main() -> None:
    """Run what there are data for and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--pbf", type=Path, default=ANDORRA)
    parser.add_argument("--demo", help="store of the demo city, sqlite:///path")
    parser.add_argument("--pairs", type=int, default=500)
    parser.add_argument("--out", type=Path, help="CSV of the figures")
    given = parser.parse_args()
    figures = {}
    if given.pbf.is_file():
        figures["andorra"] = andorra(given.pbf, n_pairs=given.pairs)
    if given.demo:
        figures["demo_city"] = demo_city(given.demo)
    figures["townships"] = townships()
    if given.out:
        rows = [(part, name, value) for part, of in figures.items() for name, value in of.items()]
        frame = pd.DataFrame(rows, columns=["part", "figure", "value"])
        frame.to_csv(given.out, index=False)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
