// The map of the pages that are clicked: Leaflet for the view, canvases for the data, no tiles.
// Text from data only ever enters the page through textContent or a canvas.

import * as L from "./vendor/leaflet/leaflet-src.esm.js";
import { load } from "./layers.js";
import { drawLegend, fill } from "./legend.js";
import { bindKeys } from "./keys.js";
import { Scene } from "./scene.js";
import { boundsOf, latOf, lonOf } from "./shapes.js";

const instances = new WeakMap(); // where a component is mounted → its map
const lastViews = new Map(); // component key → view, so that coming back shows the same place

function el(tag, className, attributes = {}) {
  const node = document.createElement(tag);
  node.className = className;
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}

// Draw the map for the first time, or bring it up to date with new data from the page.
export function show(component) {
  let map = instances.get(component.parentElement);
  if (!map) {
    map = new RiskMap(component);
    instances.set(component.parentElement, map);
  }
  map.stay();
  map.update(component);
}

// The page may mount the component again at once; wait a moment before taking the map down.
export function leave(parent) {
  instances.get(parent)?.leaveSoon(() => instances.delete(parent));
}

class RiskMap {
  constructor({ parentElement, key, data }) {
    this.key = key;
    this.layers = [];
    this.state = { selected: null, focused: null, hovered: null };
    this.build(parentElement, data);
    this.ready = this.start(data);
  }

  build(parent, data) {
    const style = el("link", "", { rel: "stylesheet", href: new URL("./map.css", import.meta.url) });
    const vendor = el("link", "", {
      rel: "stylesheet",
      href: new URL("./vendor/leaflet/leaflet.css", import.meta.url),
    });
    const loaded = (link) => new Promise((done) => {
      link.onload = done;
      link.onerror = done;
    });
    this.styles = Promise.all([loaded(vendor), loaded(style)]);
    this.frame = el("div", "frame");
    this.box = el("div", "map", { tabindex: "0", role: "application" });
    this.tip = el("div", "tip", { role: "tooltip", hidden: "" });
    this.status = el("div", "status", { role: "status" });
    this.live = el("div", "live", { "aria-live": "polite" });
    this.legend = el("div", "legend");
    this.frame.append(this.box, this.tip, this.status, this.live);
    this.root = el("div", "risk-map");
    this.root.append(this.frame, this.legend);
    this.root.style.setProperty("--map-height", `${data.height}px`);
    parent.append(vendor, style, this.root);
  }

  async start(data) {
    await this.styles;
    this.map = L.map(this.box, {
      attributionControl: false,
      fadeAnimation: false,
      inertia: false,
      keyboard: false,
      maxZoom: 18,
      minZoom: 4,
      scrollWheelZoom: false,
      zoomAnimation: false,
      zoomControl: false,
      zoomSnap: 0.25,
      zoomDelta: 1,
    });
    L.control.zoom({ zoomInTitle: data.words.zoom_in, zoomOutTitle: data.words.zoom_out })
      .addTo(this.map);
    const Scale = L.Control.Scale.extend({
      _updateMetric(metres) {
        const round = this._getRoundNum(metres);
        const [n, words] = round < 1000 ? [round, data.words.m] : [round / 1000, data.words.km];
        this._updateScale(this._mScale, fill(words, { n }), round / metres);
      },
    });
    new Scale({ imperial: false, maxWidth: 80 }).addTo(this.map);
    this.map.setView([0, 0], 4);
    this.scene = new Scene(this.map, L);
    // A wheel over a map that nobody chose would trap the page.
    this.box.addEventListener("focus", () => this.map.scrollWheelZoom.enable());
    this.box.addEventListener("blur", () => this.map.scrollWheelZoom.disable());
    this.map.on("click", (event) => this.pick(event));
    this.map.on("mousemove", (event) => this.hover(event));
    this.map.on("mouseout", () => this.hover(null));
    this.map.on("moveend", () => {
      if (!this.isFitted) return;
      const view = { centre: this.map.getCenter(), zoom: this.map.getZoom(), fit: this.fitTo };
      lastViews.set(this.key, view);
    });
    this.watch();
    bindKeys(this);
  }

  watch() {
    this.sizes = new ResizeObserver(() => this.map.invalidateSize({ animate: false }));
    this.sizes.observe(this.box);
    // The page's theme arrives as a colour; its transition says that it changed.
    this.root.addEventListener("transitionend", (event) => {
      if (event.target === this.root && this.themeChanged()) this.redraw();
    });
    this.box.addEventListener("pointerdown", () => this.box.focus({ preventScroll: true }));
  }

  themeChanged() {
    const colour = getComputedStyle(this.root).backgroundColor.match(/[\d.]+/g) ?? [255, 255, 255];
    const isDark = colour.slice(0, 3).reduce((a, b) => a + Number(b), 0) < 384;
    const tokens = this.data.tokens[isDark ? "dark" : "light"];
    const changed = tokens !== this.tokens;
    this.tokens = tokens;
    return changed;
  }

  async update({ data, setStateValue }) {
    this.data = data;
    this.send = setStateValue;
    await this.ready;
    if (this.data !== data) return;
    this.root.style.setProperty("--map-height", `${data.height}px`);
    this.box.setAttribute("aria-label", data.alt);
    this.themeChanged();
    if (this.fitTo !== data.fit) this.isFitted = false;
    this.fitTo = data.fit;
    const wanted = data.layers.filter((layer) => layer.visible);
    const settled = await Promise.all(wanted.map((layer) => load(layer).then(
      (content) => ({ ...layer, ...content }),
      () => ({ ...layer, failed: true }),
    )));
    if (this.data !== data) return; // a newer update is on its way
    this.layers = settled.filter((layer) => !layer.failed);
    this.say(settled);
    this.state.selected = this.find(data.selected);
    this.fit();
    this.redraw();
  }

  say(settled) {
    const failed = settled.filter((layer) => layer.failed)
      .map((layer) => layer.label || this.data.words.layers[layer.kind]);
    const isEmpty = this.layers.every((layer) => !boundsOf(layer.shape));
    let text = isEmpty ? this.data.words.empty : "";
    if (failed.length) text = fill(this.data.words.failed, { layers: failed.join(this.data.words.and) });
    this.status.textContent = text;
    this.status.classList.toggle("middle", isEmpty && !failed.length);
  }

  fit() {
    if (this.isFitted) return;
    const kept = lastViews.get(this.key);
    if (kept && kept.fit === this.fitTo) {
      this.map.setView(kept.centre, kept.zoom, { animate: false });
      this.isFitted = true;
      return;
    }
    const boxes = this.layers.map((layer) => boundsOf(layer.shape)).filter(Boolean);
    if (!boxes.length) return;
    const side = (k, choose) => choose(...boxes.map((box) => box[k]));
    const [x0, y0] = [side(0, Math.min), side(1, Math.min)];
    const [x1, y1] = [side(2, Math.max), side(3, Math.max)];
    const corners = [[latOf(y1), lonOf(x0)], [latOf(y0), lonOf(x1)]];
    this.map.fitBounds(corners, { animate: false, padding: [12, 12], maxZoom: 15 });
    this.isFitted = true;
  }

  redraw() {
    this.box.style.backgroundColor = this.layers.some((layer) => layer.kind === "areas" && layer.shape.n)
      ? this.tokens.outside
      : this.tokens.land;
    this.scene.set(this.layers, this.tokens, this.state);
    drawLegend(this.legend, this.layers, this.data.words, this.tokens);
    this.root.dataset.drawn = this.layers.map((layer) => layer.name).join(" ");
  }

  // --- what the pointer and the keys do ---------------------------------------------------------

  find(selected) {
    if (!selected) return null;
    for (const layer of this.layers) {
      if (layer.name !== selected.layer || !layer.payload.id) continue;
      const i = layer.payload.id.indexOf(selected.id);
      if (i >= 0) return { layer, i };
    }
    return null;
  }

  select(hit) {
    const before = this.idOf(this.state.selected);
    this.state.selected = hit;
    this.scene.drawTop();
    const now = this.idOf(hit);
    if (JSON.stringify(before) !== JSON.stringify(now)) this.send("selected", now);
  }

  idOf(hit) {
    return hit ? { layer: hit.layer.name, id: hit.layer.payload.id[hit.i] } : null;
  }

  pick(event) {
    const reach = event.originalEvent?.pointerType === "touch" ? 22 : 9;
    const hit = this.scene.hit(event.latlng, reach, (layer) => layer.options.pick !== false);
    if (hit) this.select(hit);
  }

  hover(event) {
    const hit = event && this.scene.hit(event.latlng, 9);
    this.box.style.cursor = hit ? "pointer" : "";
    this.tip.hidden = !hit;
    if (!hit) return;
    this.tip.textContent = this.describe(hit);
    const { x, y } = event.containerPoint;
    const isLeft = x > this.box.clientWidth / 2;
    this.tip.style.left = isLeft ? "" : `${x + 14}px`;
    this.tip.style.right = isLeft ? `${this.box.clientWidth - x + 14}px` : "";
    this.tip.style.top = `${Math.max(4, y - 12)}px`;
  }

  // One or more lines about what lies under the pointer; plain text, never markup.
  describe({ layer, i }) {
    const { words } = this.data;
    const { payload } = layer;
    if (layer.kind === "cells") {
      const days = payload.days[i];
      const seen = days === null ? words.never_visited : fill(words.visited, { d: days });
      const place = payload.areas[payload.area[i]] ?? "";
      return [place, fill(words.tip_cell, { p: percent(payload.p[i]) }), seen].filter(Boolean).join("\n");
    }
    if (layer.kind === "facilities") {
      const kind = payload.kinds[payload.kind_of[i]];
      const p = payload.p?.[i] ?? null;
      const score = p === null ? "" : fill(words.tip_facility, { p: percent(p) });
      return [payload.name[i], words.facility_kinds[kind] ?? kind, score].filter(Boolean).join("\n");
    }
    if (layer.kind === "classes") {
      const code = payload.codes[payload.code_of[i]];
      const source = payload.sources[payload.source_of[i]];
      const year = payload.year[i] ?? "";
      const of = source ? `${words.class_sources[source]} ${year}`.trim() : "";
      return [payload.name[i], code ? `${code} ${words.class_codes[code]}` : words.unknown, of]
        .filter(Boolean).join("\n");
    }
    if (layer.kind === "complaints") {
      return fill(words.tip_leads, { n: payload.open[i], m: payload.closed[i] });
    }
    if (layer.kind === "cases") {
      const topic = payload.topics[payload.topic[i]];
      return [words.topics[topic] ?? topic, payload.opened[i]].filter(Boolean).join("\n");
    }
    const stop = layer.shape.stops[i];
    const told = [`${stop.route.letter}${stop.n}  ${stop.at}`, stop.name];
    return (stop.estimate ? [...told, words.leg_straight] : told).join("\n");
  }

  stay() {
    clearTimeout(this.leaving);
  }

  leaveSoon(then) {
    clearTimeout(this.leaving);
    this.leaving = setTimeout(async () => {
      then();
      await this.ready;
      this.sizes.disconnect();
      this.scene.remove();
      this.map.remove();
      this.root.remove();
    }, 100);
  }
}

// Whole percent; never 0 or 100, because a probability is not a fact.
export function percent(perMille) {
  if (perMille === null) return "–";
  if (perMille < 10) return "<1";
  return perMille > 950 ? ">95" : String(Math.round(perMille / 10));
}
