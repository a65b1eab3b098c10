// The legend under the map: every symbol that is drawn and no other, with limits, unit and date.

import * as paint from "./paint.js";

const shown = (value) => (Number.isInteger(value) ? value.toLocaleString("en-US") : String(value));
const fill = (template, values) =>
  template.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? shown(values[name]) : whole));

function el(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

function symbol(draw, width = 24, height = 16) {
  const canvas = el("canvas", "symbol");
  const dpr = window.devicePixelRatio || 1;
  canvas.width = width * dpr;
  canvas.height = height * dpr;
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  canvas.setAttribute("aria-hidden", "true");
  const ctx = canvas.getContext("2d");
  ctx.scale(dpr, dpr);
  draw(ctx, width / 2, height / 2, dpr);
  return canvas;
}

function entry(draw, text, width, height) {
  const item = el("li", "entry");
  item.append(symbol(draw, width, height), el("span", "", text));
  return item;
}

function ramp(layer, words, tokens) {
  const block = el("div", "ramp");
  block.append(el("div", "title", words.ramp));
  const row = el("ol", "classes");
  tokens.ramp.forEach((colour, k) => {
    const item = el("li", "class");
    const swatch = el("span", "swatch");
    swatch.style.backgroundColor = colour;
    item.append(swatch, el("span", "limit", words.classes[k]));
    row.append(item);
  });
  block.append(row);
  if (layer.payload.as_of) block.append(el("div", "note", fill(words.as_of, { date: layer.payload.as_of })));
  return block;
}

const hatchEntry = (words, tokens, both, values) =>
  entry(
    (ctx, x, y, dpr) => {
      ctx.fillStyle = paint.hatch(ctx, { dpr, ox: 0, oy: 0 }, tokens.hatching, both);
      ctx.fillRect(x - 10, y - 7, 20, 14);
      ctx.strokeStyle = tokens.line;
      ctx.strokeRect(x - 10, y - 7, 20, 14);
    },
    fill(both ? words.never : words.not_looked, values),
  );

const dashEntry = (dash, text, tokens) =>
  entry((ctx, x, y) => {
    ctx.setLineDash(dash);
    ctx.lineWidth = 1.4;
    ctx.strokeStyle = tokens.text;
    ctx.beginPath();
    ctx.moveTo(x - 11, y);
    ctx.lineTo(x + 11, y);
    ctx.stroke();
  }, text);

const sum = (numbers) => numbers.reduce((a, b) => a + b, 0);

function classEntries({ payload }, words, tokens) {
  const { codes, code_of: codeOf, sources, source_of: sourceOf } = payload;
  const swatch = (paintIn, text) =>
    entry((ctx, x, y, dpr) => {
      paintIn(ctx, x, y, dpr);
      ctx.strokeStyle = tokens.border;
      ctx.strokeRect(x - 10, y - 7, 20, 14);
    }, text);
  const filled = codes.flatMap((code, k) => {
    const n = codeOf.filter((other) => other === k).length;
    const text = fill(words.class_n, { code, name: words.class_codes[code], n });
    return n === 0 ? [] : [swatch((ctx, x, y) => {
      ctx.fillStyle = tokens.classes[k];
      ctx.fillRect(x - 10, y - 7, 20, 14);
    }, text)];
  });
  const count = (source) => sourceOf.filter((s) => sources[s] === source).length;
  const [nComputed, nUnknown] = [count("computed"), codeOf.filter((k) => k < 0).length];
  const years = [...new Set(payload.year.filter((_, i) => sources[sourceOf[i]] === "computed"))];
  const dots = (ctx, x, y, dpr) => {
    ctx.fillStyle = paint.dotted(ctx, { dpr, ox: 0, oy: 0 }, tokens.text);
    ctx.fillRect(x - 10, y - 7, 20, 14);
  };
  const computed = fill(words.class_computed, { n: nComputed, year: years.sort().join("–") });
  return [
    ...filled,
    ...(nComputed ? [swatch(dots, computed)] : []),
    ...(nUnknown ? [swatch(() => {}, fill(words.class_unknown, { n: nUnknown }))] : []),
  ];
}

// A class says of which year it is, where anybody knows.
const dated = (name, { fringe }, words) =>
  fringe.year && words.fringe_year
    ? words.fringe_year.replace("{name}", name).replace("{year}", String(fringe.year))
    : name;

const ENTRIES = {
  classes: classEntries,
  reach: ({ payload }, words, tokens) => [
    ...payload.minutes.map((minutes, k) =>
      entry((ctx, x, y) => {
        const line = paint.REACH_LINES[Math.min(k, paint.REACH_LINES.length - 1)];
        ctx.setLineDash(line.dash);
        ctx.lineWidth = line.width;
        ctx.strokeStyle = tokens.teams[2];
        ctx.beginPath();
        ctx.moveTo(x - 11, y);
        ctx.lineTo(x + 11, y);
        ctx.stroke();
      }, fill(words.reach, { m: minutes }))),
    ...(payload.bases.length
      ? [entry((ctx, x, y) => paint.paintBase(ctx, x, y, tokens), words.base, 30, 22)]
      : []),
  ],
  not_looked: ({ options, payload }, words, tokens) => [
    hatchEntry(words, tokens, false, { m: options.months }),
    ...(payload.days.includes(null) ? [hatchEntry(words, tokens, true, {})] : []),
  ],
  certainty: (_, words, tokens) => [
    entry((ctx, x, y) => {
      ctx.fillStyle = tokens.ramp[3];
      for (const [at, width] of [[-8, 10], [2, 7], [9, 4]]) {
        ctx.fillRect(x + at - width / 2, y - width / 2, width, width);
      }
    }, words.certainty),
  ],
  fringe: ({ payload }, words, tokens) =>
    payload.fringe?.rings.length
      ? [dashEntry(
        payload.fringe.computed ? [1.4, 3] : [5, 3],
        dated(payload.fringe.computed ? words.fringe_computed : words.fringe, payload, words),
        tokens,
      )]
      : [],
  hot: ({ payload }, words, tokens) => [
    entry((ctx, x, y) => {
      ctx.strokeStyle = tokens.lead;
      ctx.lineWidth = 2;
      ctx.strokeRect(x - 8, y - 6, 16, 12);
    }, fill(words.hot, { n: payload.n, q: payload.share, d: payload.as_of })),
  ],
  change: ({ payload }, words, tokens) =>
    payload.since
      ? [
        entry((ctx, x, y) => paint.paintChange(ctx, x, y, true, tokens),
          fill(words.change_up, { n: payload.up, d: payload.since })),
        entry((ctx, x, y) => paint.paintChange(ctx, x, y, false, tokens),
          fill(words.change_down, { n: payload.down, d: payload.since })),
      ]
      : [],
  complaints: ({ payload }, words, tokens) => {
    const [open, closed] = [sum(payload.open), sum(payload.closed)];
    const coarse = sum(payload.coarse ?? []);
    const rings = [
      [true, open, payload.coming ? words.points_coming : words.leads_open, false],
      [true, coarse, words.leads_coarse, true],
      [false, closed, words.leads_closed, false],
    ];
    return rings
      .filter(([, n]) => n > 0)
      .map(([isOpen, n, text, isCoarse]) =>
        entry(
          (ctx, x, y) => paint.paintLead(ctx, x, y, isOpen, tokens, 4.5, isCoarse),
          fill(text, { n }),
        ));
  },
  cases: ({ payload }, words, tokens) => {
    const values = { n: payload.lon.length, d: payload.days };
    const one = (isDen, text) =>
      entry((ctx, x, y) => paint.paintCase(ctx, x, y, isDen, tokens), fill(text, values));
    return [one(false, words.cases), ...(payload.den.includes(1) ? [one(true, words.dens)] : [])];
  },
  facilities: ({ payload }, words, tokens) =>
    payload.kinds.map((kind, k) => {
      const n = payload.kind_of.filter((other) => other === k).length;
      const text = fill(words.facilities, { kind: words.facility_kinds[kind] ?? kind, n });
      return entry((ctx, x, y) => paint.paintFacility(ctx, x, y, kind, tokens.ramp[3], tokens), text);
    }),
  routes: ({ payload, options }, words, tokens) => {
    const seen = payload.routes.filter((route) => paint.isRouteShown(route, options));
    const letters = [...new Map(seen.map((route) => [route.letter, route])).values()];
    const teams = letters.map((route) =>
      entry((ctx, x, y) => {
        const colour = tokens.teams[route.team % tokens.teams.length];
        ctx.strokeStyle = colour;
        ctx.lineWidth = 2.6;
        ctx.setLineDash(route.team >= tokens.teams.length ? [8, 3] : []);
        ctx.beginPath();
        ctx.moveTo(x - 12, y);
        ctx.lineTo(x + 12, y);
        ctx.stroke();
        paint.paintStop(ctx, x, y, route.letter, colour, tokens);
      }, fill(words.team, { letter: route.letter }), 30, 22));
    const base = entry((ctx, x, y) => paint.paintBase(ctx, x, y, tokens), words.base, 30, 22);
    return [...teams, ...(payload.bases.length ? [base] : [])];
  },
};

const NOTES = {
  reach: ({ payload }, words) => [payload.estimate ? words.reach_straight : words.reach_road],
  cells: ({ payload }, words) => [
    fill(words.cell_size, { a: payload.cell_km2 }),
    ...(payload.unit?.bandwidth_m ? [fill(words.heat, payload.unit)] : []),
    ...(payload.population.includes(0) ? [words.uninhabited] : []),
  ],
  change: ({ payload }, words) => (payload.since ? [words.change_sure] : [words.change_none]),
  complaints: ({ payload }, words) => [fill(words.blurred, { n: payload.blur_m })],
  routes: ({ payload }, words) => {
    if (payload.estimate) return [words.straight];
    return payload.some_estimated ? [words.partly_straight] : [];
  },
};

// Fill `box` with the legend of `layers`, each {kind, payload, options}.
export function drawLegend(box, layers, words, tokens) {
  const parts = [];
  const ramped = layers.find((layer) => layer.kind === "cells") ??
    layers.find((layer) => layer.kind === "facilities" && layer.payload.p);
  if (ramped) parts.push(ramp(ramped, words, tokens));
  const list = el("ul", "entries");
  for (const layer of layers) list.append(...(ENTRIES[layer.kind]?.(layer, words, tokens) ?? []));
  if (list.childElementCount) parts.push(list);
  const notes = layers.flatMap((layer) => NOTES[layer.kind]?.(layer, words) ?? []);
  if (words.source) notes.push(words.source);
  if (notes.length) parts.push(el("p", "note", notes.join(words.between)));
  box.replaceChildren(...parts);
}

export { fill };
