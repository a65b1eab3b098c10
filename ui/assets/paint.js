// Everything that is drawn on the map's canvases. A view is {scale, ox, oy, width, height, dpr}:
// unit coordinate times scale minus origin gives CSS pixels on the canvas.

const GAP = 0.97; // 3 % of a cell's width stays free

const isInView = (view, x, y, margin) =>
  x > -margin && y > -margin && x < view.width + margin && y < view.height + margin;

export function classOf(value, limits) {
  let k = 0;
  while (k < limits.length && value >= limits[k]) k += 1;
  return k;
}

// How wide a cell is filled when uncertainty is shown: by the width of its interval, in shares.
export function certaintyWidth(lo, hi) {
  const width = hi - lo;
  if (width > 0.4) return 0.5;
  return width > 0.15 ? 0.75 : 1;
}

function traceCell(path, shape, i, view, share) {
  const cx = shape.x[i] * view.scale - view.ox;
  const cy = shape.y[i] * view.scale - view.oy;
  if (!isInView(view, cx, cy, 60 + view.scale * 1e-5)) return;
  for (let v = shape.start[i]; v < shape.start[i + 1]; v += 1) {
    const x = cx + (shape.vx[v] * view.scale - view.ox - cx) * share;
    const y = cy + (shape.vy[v] * view.scale - view.oy - cy) * share;
    if (v === shape.start[i]) path.moveTo(x, y);
    else path.lineTo(x, y);
  }
  path.closePath();
}

// Fill many cells of few colours. One path of thousands of outlines takes the rasteriser seconds,
// many short ones take it milliseconds: a path is filled as soon as it holds this many cells.
const BATCH = 32;

function fillCells(ctx, view, shape, { n, styles, styleOf, shareOf }) {
  const paths = styles.map(() => ({ path: new Path2D(), held: 0 }));
  const flush = (k) => {
    ctx.fillStyle = styles[k];
    ctx.fill(paths[k].path);
    paths[k] = { path: new Path2D(), held: 0 };
  };
  for (let i = 0; i < n; i += 1) {
    const k = styleOf(i);
    if (k < 0) continue;
    traceCell(paths[k].path, shape, i, view, shareOf(i));
    paths[k].held += 1;
    if (paths[k].held === BATCH) flush(k);
  }
  paths.forEach((_, k) => flush(k));
}

export function paintCells(ctx, view, shape, payload, { tokens, shrink, value }) {
  const values = payload[value];
  const isBare = (i) => values[i] === null || payload.population[i] === 0;
  fillCells(ctx, view, shape, {
    n: shape.n,
    styles: tokens.ramp,
    styleOf: (i) => (isBare(i) ? -1 : classOf(values[i] / 1000, tokens.limits)),
    shareOf: shrink
      ? (i) => GAP * certaintyWidth(payload.lo[i] / 1000, payload.hi[i] / 1000)
      : () => GAP,
  });
}

export function paintHatching(ctx, view, shape, payload, { tokens, maxDays }) {
  const styleOf = (i) => {
    if (payload.population[i] === 0) return -1; // nobody lives there, so nothing was missed
    if (payload.days[i] === null) return 1;
    return payload.days[i] > maxDays ? 0 : -1;
  };
  // Where a cell is no wider than the lines are apart, whole regions are hatched: draw it lightly,
  // so that the risk below stays readable.
  const width = shape.n ? Math.abs(shape.vx[0] - shape.x[0]) * view.scale : 0;
  const strength = width < 6 ? { alpha: 0.4, line: 0.8, gap: 7 } : STRONG;
  fillCells(ctx, view, shape, {
    n: shape.n,
    styles: [false, true].map((both) => hatch(ctx, view, tokens.hatching, both, strength)),
    styleOf,
    shareOf: () => 1,
  });
}

// 1.35 px lines every 5 px at 45 degrees, fixed to the ground so that they don't swim.
const STRONG = { alpha: 0.85, line: 1.35, gap: 5 };
export function hatch(ctx, view, colour, both, strength = STRONG) {
  const size = Math.round(strength.gap * Math.SQRT2 * view.dpr);
  const tile = new OffscreenCanvas(size, size);
  const pen = tile.getContext("2d");
  pen.strokeStyle = colour;
  pen.globalAlpha = strength.alpha;
  pen.lineWidth = strength.line * view.dpr;
  pen.beginPath();
  for (const shift of [-size, 0, size]) {
    pen.moveTo(shift - 1, size + 1);
    pen.lineTo(shift + size + 1, -1);
    if (both) {
      pen.moveTo(shift - 1, -1);
      pen.lineTo(shift + size + 1, size + 1);
    }
  }
  pen.stroke();
  const pattern = ctx.createPattern(tile, "repeat");
  const step = size / view.dpr;
  pattern.setTransform(
    new DOMMatrix([1 / view.dpr, 0, 0, 1 / view.dpr, -(view.ox % step), -(view.oy % step)]),
  );
  return pattern;
}

function traceRing(ctx, ring, view) {
  for (let i = 0; i < ring.length; i += 2) {
    const x = ring[i] * view.scale - view.ox;
    const y = ring[i + 1] * view.scale - view.oy;
    if (i === 0) ctx.moveTo(x, y);
    else ctx.lineTo(x, y);
  }
}

function traceRings(ctx, rings, view) {
  ctx.beginPath();
  for (const ring of rings) {
    traceRing(ctx, ring, view);
    ctx.closePath();
  }
}

export function paintLand(ctx, view, shape, tokens) {
  ctx.fillStyle = tokens.land;
  for (const area of shape.list) {
    traceRings(ctx, area.rings, view);
    ctx.fill("evenodd");
  }
}

export function paintBoundaries(ctx, view, shape, tokens) {
  ctx.lineJoin = "round";
  for (const level of ["village", "township", "district", "city"]) {
    if (level === "village") continue;
    ctx.strokeStyle = level === "township" ? tokens.border : tokens.muted;
    ctx.lineWidth = level === "township" ? 1 : 1.6;
    for (const area of shape.list) {
      if (area.level !== level) continue;
      traceRings(ctx, area.rings, view);
      ctx.stroke();
    }
  }
}

export function paintNames(ctx, view, shape, tokens) {
  const taken = [];
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  ctx.lineJoin = "round";
  for (const level of ["district", "township"]) {
    ctx.font = `${level === "district" ? 600 : 400} 12px ${tokens.font}`;
    for (const area of shape.list) {
      if (area.level !== level) continue;
      const x = area.x * view.scale - view.ox;
      const y = area.y * view.scale - view.oy;
      const half = ctx.measureText(area.name).width / 2 + 4;
      const clash = (o) => Math.abs(o.x - x) < o.half + half && Math.abs(o.y - y) < 16;
      if (!isInView(view, x, y, 0) || taken.some(clash)) continue;
      taken.push({ x, y, half });
      ctx.lineWidth = 3;
      ctx.strokeStyle = tokens.land;
      ctx.strokeText(area.name, x, y);
      ctx.fillStyle = tokens.text;
      ctx.fillText(area.name, x, y);
    }
  }
}

export function paintFringe(ctx, view, shape, payload, tokens) {
  ctx.strokeStyle = tokens.text;
  ctx.lineWidth = 1.4;
  ctx.setLineDash(payload.fringe?.computed ? [1.4, 3] : [5, 3]);
  traceRings(ctx, shape.fringe, view);
  ctx.stroke();
  ctx.setLineDash([]);
}

// Areas filled by their class; computed classes carry dots, so that colour is not alone.
export function paintClasses(ctx, view, shape, payload, tokens) {
  ctx.lineJoin = "round";
  const dots = dotted(ctx, view, tokens.text);
  shape.list.forEach(({ rings, box }, i) => {
    const right = box[2] * view.scale - view.ox;
    const bottom = box[3] * view.scale - view.oy;
    const isOut = right < 0 || bottom < 0 ||
      box[0] * view.scale - view.ox > view.width || box[1] * view.scale - view.oy > view.height;
    if (isOut) return;
    traceRings(ctx, rings, view);
    const k = payload.code_of[i];
    if (k >= 0) {
      ctx.fillStyle = tokens.classes[k];
      ctx.fill("evenodd");
    }
    if (payload.sources[payload.source_of[i]] === "computed") {
      ctx.fillStyle = dots;
      ctx.fill("evenodd");
    }
    ctx.strokeStyle = tokens.border;
    ctx.lineWidth = 0.5;
    ctx.stroke();
  });
}

export function dotted(ctx, view, colour) {
  const size = Math.round(7 * view.dpr);
  const tile = new OffscreenCanvas(size, size);
  const pen = tile.getContext("2d");
  pen.fillStyle = colour;
  pen.globalAlpha = 0.75;
  pen.beginPath();
  pen.arc(size / 2, size / 2, 0.9 * view.dpr, 0, 2 * Math.PI);
  pen.fill();
  const pattern = ctx.createPattern(tile, "repeat");
  const step = size / view.dpr;
  pattern.setTransform(
    new DOMMatrix([1 / view.dpr, 0, 0, 1 / view.dpr, -(view.ox % step), -(view.oy % step)]),
  );
  return pattern;
}

// How far one gets: the sooner it is reached, the heavier the line.
export const REACH_LINES = [
  { width: 2.6, dash: [] },
  { width: 2, dash: [9, 4] },
  { width: 1.6, dash: [5, 4] },
  { width: 1.4, dash: [1.5, 4] },
];

export function paintReach(ctx, view, shape, tokens) {
  ctx.lineJoin = "round";
  ctx.strokeStyle = tokens.teams[2];
  [...shape.outlines.keys()].reverse().forEach((k) => {
    const line = REACH_LINES[Math.min(k, REACH_LINES.length - 1)];
    ctx.lineWidth = line.width;
    ctx.setLineDash(line.dash);
    traceRings(ctx, shape.outlines[k], view);
    ctx.globalAlpha = 0.07;
    ctx.fillStyle = tokens.teams[2];
    ctx.fill("evenodd");
    ctx.globalAlpha = 1;
    ctx.stroke();
  });
  ctx.setLineDash([]);
}

export function paintAreaOutline(ctx, view, rings, tokens, isSelected) {
  ctx.lineJoin = "round";
  for (const [colour, width] of [
    [tokens.background, 7],
    [isSelected ? tokens.text : tokens.primary, isSelected ? 2.8 : 2],
  ]) {
    traceRings(ctx, rings, view);
    ctx.strokeStyle = colour;
    ctx.lineWidth = width;
    ctx.stroke();
  }
}

// Hot spots of reports are ringed; a sure change is an arrow: up filled, down hollow.
export function paintHot(ctx, view, shape, tokens) {
  const path = new Path2D();
  for (let i = 0; i < shape.n; i += 1) traceCell(path, shape, i, view, 0.9);
  ctx.lineJoin = "round";
  ctx.strokeStyle = tokens.background;
  ctx.lineWidth = 4;
  ctx.stroke(path);
  ctx.strokeStyle = tokens.lead;
  ctx.lineWidth = 2;
  ctx.stroke(path);
}

export function paintChange(ctx, x, y, isUp, tokens) {
  const tip = isUp ? -5 : 5;
  ctx.beginPath();
  ctx.moveTo(x, y + tip);
  ctx.lineTo(x + 5, y - tip);
  ctx.lineTo(x - 5, y - tip);
  ctx.closePath();
  ctx.fillStyle = isUp ? tokens.text : tokens.background;
  ctx.strokeStyle = isUp ? tokens.background : tokens.text;
  ctx.lineWidth = 1.6;
  ctx.fill();
  ctx.stroke();
}

export function paintOutline(ctx, view, shape, i, tokens, isSelected) {
  const path = new Path2D();
  traceCell(path, shape, i, view, 1);
  ctx.lineJoin = "round";
  ctx.strokeStyle = tokens.background;
  ctx.lineWidth = 7;
  ctx.stroke(path);
  ctx.strokeStyle = isSelected ? tokens.text : tokens.primary;
  ctx.lineWidth = isSelected ? 2.8 : 2;
  ctx.stroke(path);
}

// --- point symbols; each takes the place and size in CSS pixels -------------------------------

function squareFacility(ctx, x, y, letter, colours) {
  ctx.fillRect(x - 3.5, y - 3.5, 7, 7);
  ctx.strokeRect(x - 3.5, y - 3.5, 7, 7);
  if (!letter) return;
  ctx.fillStyle = colours.letter;
  ctx.font = `600 7px ${colours.font}`;
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  ctx.fillText(letter, x, y + 0.5);
}

function diamond(ctx, x, y, isHollow) {
  ctx.beginPath();
  ctx.moveTo(x, y - 4.5);
  ctx.lineTo(x + 4.5, y);
  ctx.lineTo(x, y + 4.5);
  ctx.lineTo(x - 4.5, y);
  ctx.closePath();
  if (!isHollow) ctx.fill();
  ctx.stroke();
}

function dot(ctx, x, y, radius, isHollow) {
  ctx.beginPath();
  ctx.arc(x, y, radius, 0, 2 * Math.PI);
  if (!isHollow) ctx.fill();
  ctx.stroke();
}

export function paintFacility(ctx, x, y, kind, fill, tokens) {
  const dark = tokens.name === "dark";
  const high = tokens.ramp.indexOf(fill) >= 4;
  const colours = { font: tokens.font, letter: high !== dark ? "#FFFFFF" : "#0C1218" };
  const isHollow = ["dental_clinic", "wellness_shop", "pharmacy"].includes(kind);
  ctx.fillStyle = fill;
  ctx.strokeStyle = isHollow ? fill : tokens.text;
  ctx.lineWidth = isHollow ? 2 : 0.8;
  if (kind === "hospital" || kind === "hospital_2plus") squareFacility(ctx, x, y, "H", colours);
  else if (kind === "township_health_centre" || kind === "community_health_centre") {
    squareFacility(ctx, x, y, null, colours);
    ctx.strokeRect(x - 5.2, y - 5.2, 10.4, 10.4);
  } else if (kind === "private_clinic") squareFacility(ctx, x, y, null, colours);
  else if (kind === "village_clinic") diamond(ctx, x, y, false);
  else if (kind === "dental_clinic") diamond(ctx, x, y, true);
  else if (kind === "beauty_parlour") dot(ctx, x, y, 3.5, false);
  else if (isHollow) dot(ctx, x, y, 3, true);
  else dot(ctx, x, y, 1.5, false);
}

// Seen from far away neighbouring squares would cover each other, so the rings shrink with them.
export const leadRadius = (view, latitude, blurM) => {
  const metresPerPixel = (40_075_016 * Math.cos((latitude * Math.PI) / 180)) / view.scale;
  return Math.min(4.5, Math.max(2.5, (0.45 * blurM) / metresPerPixel));
};

// A dashed ring: known to the village or township only, so it stands on a name and on no door.
export function paintLead(ctx, x, y, isOpen, tokens, radius = 4.5, isCoarse = false) {
  if (!isOpen) {
    ctx.fillStyle = tokens.unscored;
    ctx.strokeStyle = tokens.background;
    ctx.lineWidth = 0.8;
    dot(ctx, x, y, radius * 0.49, false);
    return;
  }
  ctx.fillStyle = tokens.background;
  ctx.strokeStyle = tokens.lead;
  ctx.lineWidth = radius * 0.53;
  if (isCoarse) ctx.setLineDash([radius * 0.7, radius * 0.55]);
  dot(ctx, x, y, radius, false);
  ctx.setLineDash([]);
}

export function paintCase(ctx, x, y, isDen, tokens) {
  ctx.beginPath();
  ctx.moveTo(x, y - 5);
  ctx.lineTo(x + 5, y + 4);
  ctx.lineTo(x - 5, y + 4);
  ctx.closePath();
  ctx.lineWidth = 2;
  ctx.strokeStyle = tokens.background;
  ctx.stroke();
  ctx.fillStyle = tokens.case;
  ctx.fill();
  if (!isDen) return;
  ctx.beginPath();
  ctx.moveTo(x - 7, y);
  ctx.lineTo(x + 7, y);
  ctx.strokeStyle = tokens.case;
  ctx.stroke();
}

export function paintStop(ctx, x, y, text, colour, tokens) {
  ctx.fillStyle = colour;
  ctx.strokeStyle = tokens.background;
  ctx.lineWidth = 1.6;
  dot(ctx, x, y, text.length > 2 ? 11 : 9.5, false);
  ctx.fillStyle = tokens.on_team;
  ctx.font = `600 11px ${tokens.font}`;
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  ctx.fillText(text, x, y + 0.5);
}

export function paintBase(ctx, x, y, tokens) {
  ctx.fillStyle = tokens.text;
  ctx.strokeStyle = tokens.background;
  ctx.lineWidth = 1.6;
  ctx.fillRect(x - 8, y - 8, 16, 16);
  ctx.strokeRect(x - 8, y - 8, 16, 16);
  ctx.fillStyle = tokens.background;
  ctx.beginPath();
  ctx.moveTo(x, y - 5.5);
  ctx.lineTo(x + 5.5, y - 0.5);
  ctx.lineTo(x + 3.8, y - 0.5);
  ctx.lineTo(x + 3.8, y + 5);
  ctx.lineTo(x - 3.8, y + 5);
  ctx.lineTo(x - 3.8, y - 0.5);
  ctx.lineTo(x - 5.5, y - 0.5);
  ctx.closePath();
  ctx.fill();
}

export function paintPoints(view, shape, paintOne) {
  for (let i = 0; i < shape.n; i += 1) {
    const x = shape.x[i] * view.scale - view.ox;
    const y = shape.y[i] * view.scale - view.oy;
    if (isInView(view, x, y, 12)) paintOne(i, x, y);
  }
}

export const isRouteShown = (route, { day, teams }) =>
  (day === null || day === undefined || route.day === day) &&
  (!teams || teams.includes(route.letter) || teams.includes(route.team_id));

export function paintRoutes(ctx, view, shape, payload, { tokens, options }) {
  const colourOf = (route) => tokens.teams[route.team % tokens.teams.length];
  ctx.lineJoin = "round";
  payload.routes.forEach((route, r) => {
    const isShown = isRouteShown(route, options);
    if (!isShown && !options.others) return;
    ctx.globalAlpha = isShown ? 1 : 0.35;
    // Solid where the time is by road, dashed where it is the straight-line estimate.
    for (const { estimated, path } of shape.parts[r]) {
      ctx.beginPath();
      traceRing(ctx, path, view);
      ctx.strokeStyle = tokens.background;
      ctx.lineWidth = 5;
      ctx.stroke();
      ctx.strokeStyle = colourOf(route);
      ctx.lineWidth = 2.6;
      if (estimated) ctx.setLineDash([4, 3]);
      else if (route.team >= tokens.teams.length) ctx.setLineDash([10, 4]);
      ctx.stroke();
      ctx.setLineDash([]);
    }
    ctx.globalAlpha = 1;
  });
  paintPoints(view, shape.bases, (_, x, y) => paintBase(ctx, x, y, tokens));
  paintPoints(view, shape, (i, x, y) => {
    const stop = shape.stops[i];
    if (!isRouteShown(stop.route, options)) return;
    paintStop(ctx, x, y, stop.route.letter + stop.n, colourOf(stop.route), tokens);
  });
}
