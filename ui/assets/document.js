// Drawn inside map documents (folium). A classic script: a document must also work as one file
// opened from a disk. Every text arrives as data and is set by textContent.

(function () {
  "use strict";

  L.Icon.Default.imagePath = "/assets/0/vendor/leaflet/images/";
  L.Map.mergeOptions({ maxZoom: 18, zoomSnap: 0.25, fadeAnimation: false, zoomAnimation: false });
  L.Control.Attribution.mergeOptions({ prefix: false });

  var DEGREE = 1e5;

  function el(tag, className, text) {
    var node = document.createElement(tag);
    if (className) node.className = className;
    if (text !== undefined) node.textContent = text;
    return node;
  }

  function fill(template, values) {
    return template.replace(/\{(\w+)\}/g, function (whole, name) {
      return name in values ? String(values[name]) : whole;
    });
  }

  function lines(text) {
    var box = el("div", "mp-tip");
    box.textContent = text;
    return box;
  }

  function percent(perMille) {
    if (perMille === null) return "–";
    if (perMille < 10) return "<1";
    return perMille > 950 ? ">95" : String(Math.round(perMille / 10));
  }

  function classOf(perMille, limits) {
    var k = 0;
    while (k < limits.length && perMille / 1000 >= limits[k]) k += 1;
    return k;
  }

  function pattern(ctx, colour, both) {
    var tile = document.createElement("canvas");
    tile.width = tile.height = 7;
    var pen = tile.getContext("2d");
    pen.strokeStyle = colour;
    pen.lineWidth = 1.35;
    pen.beginPath();
    [-7, 0, 7].forEach(function (shift) {
      pen.moveTo(shift - 1, 8);
      pen.lineTo(shift + 8, -1);
      if (both) {
        pen.moveTo(shift - 1, -1);
        pen.lineTo(shift + 8, 8);
      }
    });
    pen.stroke();
    return ctx.createPattern(tile, "repeat");
  }

  var Hatched = L.Canvas.extend({
    _fillStroke: function (ctx, layer) {
      L.Canvas.prototype._fillStroke.call(this, ctx, layer);
      var both = layer.options.hatch;
      if (both === undefined || both === null) return;
      this._hatches = this._hatches || {};
      this._hatches[both] = this._hatches[both] || pattern(ctx, this.options.hatching, both);
      // from afar whole regions are hatched: lightly, so that the risk below stays readable
      ctx.globalAlpha = this._map.getZoom() < 11 ? 0.3 : 0.85;
      ctx.fillStyle = this._hatches[both];
      ctx.fill("evenodd");
      ctx.globalAlpha = 1;
    },
  });

  function pairs(numbers) {
    var points = [];
    for (var i = 0; i < numbers.length; i += 2) {
      points.push([numbers[i + 1] / DEGREE, numbers[i] / DEGREE]);
    }
    return points;
  }

  function drawAreas(map, areas, tokens) {
    areas.forEach(function (area) {
      L.polygon(area.rings.map(pairs), {
        interactive: false,
        fill: area.level !== "township",
        fillColor: tokens.land,
        fillOpacity: 1,
        color: area.level === "township" ? tokens.border : tokens.muted,
        weight: area.level === "township" ? 1 : 1.6,
      }).addTo(map);
    });
  }

  function nameAreas(map, areas) {
    areas.forEach(function (area) {
      var label = el("span", "mp-name", area.name);
      L.marker([area.label[1] / DEGREE, area.label[0] / DEGREE], {
        interactive: false,
        keyboard: false,
        icon: L.divIcon({ className: "mp-label", html: label, iconSize: null }),
      }).addTo(map);
    });
  }

  function drawCells(map, cells, doc) {
    var renderer = new Hatched({ padding: 0.3, hatching: doc.tokens.hatching });
    var maxDays = doc.months * 30.44;
    cells.id.forEach(function (id, i) {
      if (cells.population[i] === 0) return;
      var corners = [];
      for (var k = 0; k < cells.ring[i].length; k += 2) {
        corners.push([
          (cells.lat[i] + cells.ring[i][k + 1] * 0.97) / DEGREE,
          (cells.lon[i] + cells.ring[i][k] * 0.97) / DEGREE,
        ]);
      }
      var days = cells.days[i];
      var unseen = days === null ? true : days > maxDays ? false : null;
      var p = cells.p[i];
      L.polygon(corners, {
        renderer: renderer,
        stroke: false,
        fill: true,
        fillColor: doc.tokens.ramp[p === null ? 0 : classOf(p, doc.tokens.limits)],
        fillOpacity: p === null ? 0 : 1,
        hatch: unseen,
      }).bindTooltip(function () {
        var seen = days === null ? doc.words.never_visited : fill(doc.words.visited, { d: days });
        var place = cells.areas[cells.area[i]];
        var chance = fill(doc.words.tip_cell, { p: percent(p) });
        return lines([place, chance, seen].filter(Boolean).join("\n"));
      }, { sticky: true }).addTo(map);
    });
    (cells.fringe ? cells.fringe.rings : []).forEach(function (ring) {
      L.polygon(pairs(ring), {
        interactive: false,
        fill: false,
        color: doc.tokens.text,
        weight: 1.4,
        dashArray: cells.fringe.computed ? "1.4 3" : "5 3",
      }).addTo(map);
    });
  }

  function drawRoutes(map, plan, doc) {
    var groups = {};
    plan.routes.forEach(function (route) {
      var group = (groups[route.day] = groups[route.day] || L.layerGroup());
      var colour = doc.tokens.teams[route.team % doc.tokens.teams.length];
      var many = route.team >= doc.tokens.teams.length ? "10 4" : null;
      route.parts.forEach(function (part) {
        var path = pairs(part[1]);
        var dash = part[0] ? "4 3" : many;
        L.polyline(path, { interactive: false, color: "#FFFFFF", weight: 5 }).addTo(group);
        L.polyline(path, { interactive: false, color: colour, weight: 2.6, dashArray: dash }).addTo(group);
      });
      route.stops.forEach(function (stop) {
        var disc = el("span", "mp-stop", route.letter + stop.n);
        disc.style.backgroundColor = colour;
        L.marker([stop.lat / DEGREE, stop.lon / DEGREE], {
          icon: L.divIcon({ className: "mp-label", html: disc, iconSize: null }),
          alt: route.letter + stop.n,
        }).bindTooltip(function () {
          return lines([route.letter + stop.n + "  " + stop.at, stop.name].join("\n"));
        }).addTo(group);
      });
    });
    plan.bases.forEach(function (base) {
      L.marker([base[1] / DEGREE, base[0] / DEGREE], {
        interactive: false,
        icon: L.divIcon({ className: "mp-label", html: el("span", "mp-base", "⌂"), iconSize: null }),
      }).addTo(map);
    });
    var days = Object.keys(groups).sort();
    var named = {};
    days.forEach(function (day) { named[doc.words.days[day]] = groups[day]; });
    days.forEach(function (day) { groups[day].addTo(map); });
    L.control.layers(null, named, { collapsed: false }).addTo(map);
  }

  function drawLegend(doc) {
    var box = el("div", "mp-legend");
    box.append(el("div", "mp-title", doc.title));
    if (doc.cells) {
      box.append(el("div", "", doc.words.ramp));
      var row = el("div", "mp-classes");
      doc.tokens.ramp.forEach(function (colour, k) {
        var item = el("div", "mp-class");
        var swatch = el("span", "mp-swatch");
        swatch.style.backgroundColor = colour;
        item.append(swatch, el("span", "", doc.words.classes[k]));
        row.append(item);
      });
      box.append(row);
    }
    doc.notes.forEach(function (note) { box.append(el("div", "mp-note", note)); });
    document.body.append(box);
  }

  // Called once by the document with everything it shows.
  window.medpatrolDocument = function (map, doc) {
    document.documentElement.lang = doc.language === "zh" ? "zh-CN" : "en";
    document.title = doc.title;
    drawLegend(doc); // first: it takes its room from the map
    map.invalidateSize({ animate: false });
    map.zoomControl.remove();
    L.control.zoom({ zoomInTitle: doc.words.zoom_in, zoomOutTitle: doc.words.zoom_out }).addTo(map);
    map.getContainer().style.backgroundColor = doc.areas.length ? doc.tokens.outside : doc.tokens.land;
    drawAreas(map, doc.areas, doc.tokens);
    if (doc.cells) drawCells(map, doc.cells, doc);
    if (doc.plan) drawRoutes(map, doc.plan, doc);
    nameAreas(map, doc.areas.filter(function (area) { return area.level !== "city"; }));
    if (doc.bounds) map.fitBounds(doc.bounds, { padding: [12, 12], animate: false });
    L.control.scale({ imperial: false }).addTo(map);
    document.body.dataset.drawn = "yes";
  };
})();
