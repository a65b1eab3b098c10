"""Small road nets in metres around 112 degrees east, 23 degrees north."""

import numpy as np
import pandas as pd
import shapely
from pyproj import Transformer

from geo import coordinates

CRS = coordinates.metric_crs(112.0, 23.0)
_BACK = Transformer.from_crs(CRS, "EPSG:4326", always_xy=True)
_EAST, _NORTH = coordinates.to_metres(112.0, 23.0, crs=CRS)


def degrees(points):
    """Return metres east and north of the middle as longitude and latitude."""
    points = np.asarray(points, dtype=float)
    return np.column_stack(_BACK.transform(points[:, 0] + _EAST, points[:, 1] + _NORTH))


def metres(points):
    """Return longitude and latitude as metres east and north of the middle."""
    x, y = coordinates.to_metres(points[:, 0], points[:, 1], crs=CRS)
    return np.column_stack([x - _EAST, y - _NORTH])


def road(*points, highway="secondary", **tags):
    """Return one line of the road file; secondary roads are driven at 36 km/h in these tests."""
    line = shapely.LineString(degrees(points)) if points else None
    return {"highway": highway, "shape": None if line is None else shapely.to_wkb(line), **tags}


def lines(*roads):
    """Return the roads as the frame that the store gives."""
    return pd.DataFrame(list(roads))
