// Two canvases in the map: the ground (areas, cells, hatching, names) and what stands on it.
// The ground is drawn again when the view or the data changes, the top also when something is picked.

import * as paint from "./paint.js";
import { areaAt, cellAt, pointAt, unitX, unitY } from "./shapes.js";

const MARGIN = 0.35; // share of the frame drawn beyond each side, so that dragging shows no blank
const POINT_KINDS = ["routes", "cases", "complaints", "facilities"]; // topmost first

export class Scene {
  constructor(map, L) {
    this.map = map;
    this.L = L;
    this.layers = [];
    const pane = map.getPane("overlayPane");
    [this.ground, this.top] = [0, 1].map(() => {
      const canvas = document.createElement("canvas");
      canvas.style.position = "absolute";
      canvas.setAttribute("aria-hidden", "true");
      pane.append(canvas);
      return canvas;
    });
    map.on("moveend zoomend resize", this.drawNext, this);
    map.on("move", this.drawWhenFar, this);
  }

  remove() {
    cancelAnimationFrame(this.waiting);
    this.map.off("moveend zoomend resize", this.drawNext, this);
    this.map.off("move", this.drawWhenFar, this);
    this.ground.remove();
    this.top.remove();
  }

  set(layers, tokens, state) {
    Object.assign(this, { layers, tokens, state });
    this.draw();
  }

  of(kind) {
    return this.layers.find((layer) => layer.kind === kind);
  }

  // A zoom reports itself three times; the picture is drawn once, before the next frame is shown.
  drawNext() {
    cancelAnimationFrame(this.waiting);
    this.waiting = requestAnimationFrame(() => this.draw());
  }

  drawWhenFar() {
    if (!this.view) return;
    const moved = this.map.containerPointToLayerPoint([0, 0]).subtract(this.drawnAt);
    const size = this.map.getSize();
    if (Math.abs(moved.x) > size.x * MARGIN * 0.8 || Math.abs(moved.y) > size.y * MARGIN * 0.8) {
      this.draw();
    }
  }

  draw() {
    cancelAnimationFrame(this.waiting);
    if (!this.tokens) return;
    const size = this.map.getSize();
    if (!size.x || !size.y) return;
    this.drawnAt = this.map.containerPointToLayerPoint([0, 0]);
    const pad = this.L.point(Math.round(size.x * MARGIN), Math.round(size.y * MARGIN));
    const corner = this.drawnAt.subtract(pad);
    const origin = this.map.getPixelOrigin().add(corner);
    this.view = {
      scale: 256 * 2 ** this.map.getZoom(),
      ox: origin.x,
      oy: origin.y,
      width: size.x + 2 * pad.x,
      height: size.y + 2 * pad.y,
      dpr: window.devicePixelRatio || 1,
    };
    for (const canvas of [this.ground, this.top]) {
      this.L.DomUtil.setPosition(canvas, corner);
      canvas.style.width = `${this.view.width}px`;
      canvas.style.height = `${this.view.height}px`;
      canvas.width = this.view.width * this.view.dpr;
      canvas.height = this.view.height * this.view.dpr;
    }
    this.drawGround();
    this.drawTop();
  }

  pen(canvas) {
    const ctx = canvas.getContext("2d");
    ctx.setTransform(this.view.dpr, 0, 0, this.view.dpr, 0, 0);
    ctx.clearRect(0, 0, this.view.width, this.view.height);
    return ctx;
  }

  drawGround() {
    const { view, tokens } = this;
    const ctx = this.pen(this.ground);
    const areas = this.of("areas");
    if (areas) paint.paintLand(ctx, view, areas.shape, tokens);
    const classes = this.of("classes");
    if (classes) paint.paintClasses(ctx, view, classes.shape, classes.payload, tokens);
    const cells = this.of("cells");
    if (cells) {
      const value = cells.options?.value ?? "p";
      const shrink = Boolean(this.of("certainty"));
      paint.paintCells(ctx, view, cells.shape, cells.payload, { tokens, shrink, value });
    }
    const unseen = this.of("not_looked");
    if (unseen) {
      const maxDays = unseen.options.months * 30.44;
      paint.paintHatching(ctx, view, unseen.shape, unseen.payload, { tokens, maxDays });
    }
    if (areas) paint.paintBoundaries(ctx, view, areas.shape, tokens);
    const fringe = this.of("fringe");
    if (fringe) paint.paintFringe(ctx, view, fringe.shape, fringe.payload, tokens);
    const hot = this.of("hot");
    if (hot) paint.paintHot(ctx, view, hot.shape, tokens);
    const reach = this.of("reach");
    if (reach) paint.paintReach(ctx, view, reach.shape, tokens);
    if (areas) paint.paintNames(ctx, view, areas.shape, tokens);
  }

  drawTop() {
    const { view, tokens, state } = this;
    if (!view) return;
    const ctx = this.pen(this.top);
    for (const kind of [...POINT_KINDS].reverse()) {
      for (const layer of this.layers) if (layer.kind === kind) this.drawPoints(ctx, layer);
    }
    const change = this.of("change");
    if (change) {
      const isUp = (i) => change.payload.mark[i] === "up";
      paint.paintPoints(view, change.shape, (i, x, y) => paint.paintChange(ctx, x, y, isUp(i), tokens));
    }
    const reach = this.of("reach");
    if (reach) paint.paintPoints(view, reach.shape, (_, x, y) => paint.paintBase(ctx, x, y, tokens));
    if (state.focused) this.outline(ctx, state.focused, false);
    if (state.selected) this.outline(ctx, state.selected, true);
  }

  drawPoints(ctx, { kind, shape, payload, options }) {
    const { view, tokens } = this;
    if (kind === "routes") {
      paint.paintRoutes(ctx, view, shape, payload, { tokens, options });
      return;
    }
    const radius = paint.leadRadius(view, this.map.getCenter().lat, payload.blur_m ?? 0);
    const painters = {
      facilities: (i, x, y) => {
        const p = payload.p?.[i] ?? null;
        const fill = p === null ? tokens.unscored : tokens.ramp[paint.classOf(p / 1000, tokens.limits)];
        paint.paintFacility(ctx, x, y, payload.kinds[payload.kind_of[i]], fill, tokens);
      },
      complaints: (i, x, y) => {
        const isCoarse = payload.open[i] > 0 && payload.coarse?.[i] === payload.open[i];
        paint.paintLead(ctx, x, y, payload.open[i] > 0, tokens, radius, isCoarse);
      },
      cases: (i, x, y) => paint.paintCase(ctx, x, y, payload.den[i] === 1, tokens),
    };
    paint.paintPoints(view, shape, painters[kind]);
  }

  outline(ctx, { layer, i }, isSelected) {
    const { view, tokens } = this;
    if (layer.kind === "cells") {
      paint.paintOutline(ctx, view, layer.shape, i, tokens, isSelected);
      return;
    }
    if (layer.kind === "classes") {
      paint.paintAreaOutline(ctx, view, layer.shape.list[i].rings, tokens, isSelected);
      return;
    }
    const x = layer.shape.x[i] * view.scale - view.ox;
    const y = layer.shape.y[i] * view.scale - view.oy;
    for (const [colour, width] of [[tokens.background, 7], [tokens.text, 2.8]]) {
      ctx.beginPath();
      ctx.arc(x, y, 12, 0, 2 * Math.PI);
      ctx.strokeStyle = colour;
      ctx.lineWidth = width;
      ctx.stroke();
    }
  }

  // What lies under a place: the nearest point symbol within `reach` pixels, else the cell.
  // `isWanted` may leave layers out: a page about cells is not interested in the case above one.
  hit(place, reach, isWanted = () => true) {
    if (!this.view) return null;
    const x = unitX(place.lng);
    const y = unitY(place.lat);
    for (const kind of POINT_KINDS) {
      const layer = this.of(kind);
      if (!layer || !layer.payload.id || !isWanted(layer)) continue;
      const isShown = kind === "routes"
        ? (i) => paint.isRouteShown(layer.shape.stops[i].route, layer.options)
        : null;
      const i = pointAt(layer.shape, x, y, reach / this.view.scale, isShown);
      if (i >= 0) return { layer, i };
    }
    const classes = this.of("classes");
    const area = classes ? areaAt(classes.shape, x, y) : -1;
    if (area >= 0) return { layer: classes, i: area };
    const layer = this.of("cells");
    const i = layer ? cellAt(layer.shape, x, y) : -1;
    return i >= 0 ? { layer, i } : null;
  }
}
