// Payloads turned into arrays the map can draw from, in unit Mercator coordinates (0 to 1).

const SCALE = 1e5;

const unitX = (lon) => (lon + 180) / 360;
const unitY = (lat) => {
  const s = Math.sin((lat * Math.PI) / 180);
  return 0.5 - Math.log((1 + s) / (1 - s)) / (4 * Math.PI);
};

function centres(lon, lat) {
  const n = lon.length;
  const x = new Float64Array(n);
  const y = new Float64Array(n);
  for (let i = 0; i < n; i += 1) {
    x[i] = unitX(lon[i] / SCALE);
    y[i] = unitY(lat[i] / SCALE);
  }
  return { x, y, n };
}

function flatPath(numbers) {
  const path = new Float64Array(numbers.length);
  for (let i = 0; i < numbers.length; i += 2) {
    path[i] = unitX(numbers[i] / SCALE);
    path[i + 1] = unitY(numbers[i + 1] / SCALE);
  }
  return path;
}

function cells(payload) {
  const shape = centres(payload.lon, payload.lat);
  const { n } = shape;
  const start = new Int32Array(n + 1);
  for (let i = 0; i < n; i += 1) start[i + 1] = start[i] + payload.ring[i].length / 2;
  const vx = new Float64Array(start[n]);
  const vy = new Float64Array(start[n]);
  for (let i = 0; i < n; i += 1) {
    const ring = payload.ring[i];
    for (let k = 0; k < ring.length; k += 2) {
      const at = start[i] + k / 2;
      vx[at] = unitX((payload.lon[i] + ring[k]) / SCALE);
      vy[at] = unitY((payload.lat[i] + ring[k + 1]) / SCALE);
    }
  }
  const fringe = payload.fringe ? payload.fringe.rings.map(flatPath) : [];
  return { ...shape, start, vx, vy, fringe, index: grid(shape) };
}

// Buckets of about four centres each, so that a pointer asks a handful and not all.
function grid({ x, y, n }) {
  if (n === 0) return null;
  let [x0, y0, x1, y1] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let i = 0; i < n; i += 1) {
    x0 = Math.min(x0, x[i]);
    x1 = Math.max(x1, x[i]);
    y0 = Math.min(y0, y[i]);
    y1 = Math.max(y1, y[i]);
  }
  const step = Math.max(Math.sqrt(((x1 - x0) * (y1 - y0) * 4) / n), (x1 - x0 + y1 - y0) / 1e4, 1e-9);
  const buckets = new Map();
  for (let i = 0; i < n; i += 1) {
    const key = `${Math.floor((x[i] - x0) / step)},${Math.floor((y[i] - y0) / step)}`;
    const bucket = buckets.get(key);
    if (bucket) bucket.push(i);
    else buckets.set(key, [i]);
  }
  return { x0, y0, step, buckets };
}

// The cell whose outline holds the point, or -1. Hexagons on the globe are a little skewed, so the
// nearest centre is not always the right one: neighbours are asked too.
function cellAt(shape, px, py) {
  if (!shape.index) return -1;
  const { x0, y0, step, buckets } = shape.index;
  const col = Math.floor((px - x0) / step);
  const row = Math.floor((py - y0) / step);
  for (let c = col - 1; c <= col + 1; c += 1) {
    for (let r = row - 1; r <= row + 1; r += 1) {
      for (const i of buckets.get(`${c},${r}`) ?? []) {
        if (holds(shape, i, px, py)) return i;
      }
    }
  }
  return -1;
}

function holds(shape, i, px, py) {
  let inside = false;
  const last = shape.start[i + 1];
  for (let a = shape.start[i], b = last - 1; a < last; b = a, a += 1) {
    const [ax, ay, bx, by] = [shape.vx[a], shape.vy[a], shape.vx[b], shape.vy[b]];
    if (ay > py !== by > py && px < ((bx - ax) * (py - ay)) / (by - ay) + ax) inside = !inside;
  }
  return inside;
}

// The point within `reach` (unit coordinates) that lies nearest, or -1.
function pointAt(shape, px, py, reach, isShown) {
  let best = -1;
  let least = reach * reach;
  for (let i = 0; i < shape.n; i += 1) {
    const d = (shape.x[i] - px) ** 2 + (shape.y[i] - py) ** 2;
    if (d <= least && (!isShown || isShown(i))) [best, least] = [i, d];
  }
  return best;
}

function areas(payload) {
  return {
    n: payload.areas.length,
    list: payload.areas.map((area) => ({
      level: area.level,
      rings: area.rings.map(flatPath),
      name: area.name,
      x: unitX(area.label[0] / SCALE),
      y: unitY(area.label[1] / SCALE),
    })),
  };
}

function plan(payload) {
  const stops = payload.routes.flatMap((route) => route.stops.map((stop) => ({ ...stop, route })));
  return {
    ...centres(stops.map((stop) => stop.lon), stops.map((stop) => stop.lat)),
    stops,
    parts: payload.routes.map((route) =>
      route.parts.map(([estimated, path]) => ({ estimated, path: flatPath(path) })),
    ),
    bases: centres(payload.bases.map((base) => base[0]), payload.bases.map((base) => base[1])),
  };
}

// Polygons that can be picked, each with the box around it.
function classes(payload) {
  const list = payload.rings.map((lines) => {
    const rings = lines.map(flatPath);
    const box = [Infinity, Infinity, -Infinity, -Infinity];
    for (const ring of rings) {
      for (let i = 0; i < ring.length; i += 2) {
        box[0] = Math.min(box[0], ring[i]);
        box[1] = Math.min(box[1], ring[i + 1]);
        box[2] = Math.max(box[2], ring[i]);
        box[3] = Math.max(box[3], ring[i + 1]);
      }
    }
    return { rings, box };
  });
  return { n: list.length, list };
}

// The polygon that holds the point, or -1.
function areaAt(shape, px, py) {
  return shape.list.findIndex(({ rings, box }) => {
    if (px < box[0] || px > box[2] || py < box[1] || py > box[3]) return false;
    let inside = false;
    for (const ring of rings) {
      for (let a = 0, b = ring.length - 2; a < ring.length; b = a, a += 2) {
        const [ax, ay, bx, by] = [ring[a], ring[a + 1], ring[b], ring[b + 1]];
        if (ay > py !== by > py && px < ((bx - ax) * (py - ay)) / (by - ay) + ax) inside = !inside;
      }
    }
    return inside;
  });
}

function reach(payload) {
  return {
    ...centres(payload.bases.map((base) => base[0]), payload.bases.map((base) => base[1])),
    outlines: payload.rings.map((lines) => lines.map(flatPath)),
  };
}

const MAKERS = {
  marks: cells,
  classes,
  reach,
  cells,
  areas,
  plan,
  facilities: (payload) => centres(payload.lon, payload.lat),
  complaints: (payload) => centres(payload.lon, payload.lat),
  cases: (payload) => centres(payload.lon, payload.lat),
};

export function makeShape(payload) {
  return MAKERS[payload.kind](payload);
}

// Smallest box around everything drawn: [x0, y0, x1, y1] in unit coordinates, or null.
export function boundsOf(shape) {
  const box = [Infinity, Infinity, -Infinity, -Infinity];
  const take = (x, y) => {
    box[0] = Math.min(box[0], x);
    box[1] = Math.min(box[1], y);
    box[2] = Math.max(box[2], x);
    box[3] = Math.max(box[3], y);
  };
  for (let i = 0; i < (shape.x ? shape.n : 0); i += 1) take(shape.x[i], shape.y[i]);
  for (const area of shape.list ?? []) {
    for (const ring of area.rings) {
      for (let i = 0; i < ring.length; i += 2) take(ring[i], ring[i + 1]);
    }
  }
  return Number.isFinite(box[0]) ? box : null;
}

export const lonOf = (x) => x * 360 - 180;
export const latOf = (y) => (Math.atan(Math.sinh(Math.PI * (1 - 2 * y))) * 180) / Math.PI;
export { areaAt, cellAt, pointAt, unitX, unitY };
