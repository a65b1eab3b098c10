// The board of one day of a plan: a row per team, a block per visit. Blocks are dragged with the
// pointer or moved by a menu; the page decides what a move does. Text enters by textContent only.

const boards = new WeakMap();
const MIN_DRAG = 4; // pixels before a press becomes a drag

function el(tag, className = "", text = null) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== null) node.textContent = text;
  return node;
}

function nonce() {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
}

export function show(component) {
  let board = boards.get(component.parentElement);
  if (!board) {
    board = new Board(component.parentElement);
    boards.set(component.parentElement, board);
  }
  board.update(component);
}

export function leave(parent) {
  boards.delete(parent);
}

class Board {
  constructor(parent) {
    const style = el("link");
    style.rel = "stylesheet";
    style.href = new URL("./plan_editor.css", import.meta.url).href;
    this.root = el("div", "plan-board");
    parent.append(style, this.root);
    this.open = null; // the visit whose menu is open
  }

  update({ data, setTriggerValue }) {
    this.data = data;
    this.send = (event) => {
      this.root.classList.add("busy");
      this.live.textContent = data.words.working;
      setTriggerValue("edit", { ...event, nonce: nonce() });
    };
    for (const [name, value] of Object.entries(data.colours)) {
      this.root.style.setProperty(`--${name}`, value);
    }
    this.draw();
  }

  draw() {
    const { data } = this;
    const focused = this.root.getRootNode().activeElement?.dataset?.visit;
    this.root.classList.remove("busy");
    this.root.replaceChildren();
    this.live = el("div", "live");
    this.live.setAttribute("role", "status");
    this.root.append(this.live, this.dayStrip(), this.hours());
    this.rows = data.rows.map((row) => this.row(row));
    for (const { node } of this.rows) this.root.append(node);
    this.root.append(this.list());
    if (!data.rows.length) this.root.append(el("div", "empty", data.words.empty));
    if (this.open) this.menu(this.open);
    else if (focused) this.block(focused)?.focus();
    this.root.dataset.revision = data.revision;
  }

  // What a narrow screen shows instead of the board.
  list() {
    const list = el("div", "list");
    list.append(el("p", "", this.data.words.desktop));
    for (const row of this.data.rows) {
      const title = el("b", "", `${row.label} · ${row.people} · ${row.back_text}`);
      const stops = el("ul");
      for (const stop of row.stops) stops.append(el("li", "", stop.about));
      list.append(title, stops);
    }
    return list;
  }

  dayStrip() {
    const strip = el("div", "days");
    this.dayDrops = [];
    if (this.data.editable) {
      strip.append(el("span", "", this.data.words.other_day));
      for (const day of this.data.days.filter((d) => d.day !== this.data.day)) {
        const drop = el("span", "day", day.label);
        this.dayDrops.push({ node: drop, day: day.day });
        strip.append(drop);
      }
    }
    strip.append(el("span", "key", this.data.words.key));
    return strip;
  }

  at(hour) {
    const [from, to] = this.data.hours;
    return `${(100 * (hour - from)) / (to - from)}%`;
  }

  hours() {
    const row = el("div", "row hours");
    const track = el("div", "track");
    const [from, to] = this.data.hours;
    for (let hour = Math.ceil(from); hour <= to; hour += 1) {
      const mark = el("span", "", `${hour}:00`);
      mark.style.left = this.at(hour);
      track.append(mark);
    }
    const [begin, end] = this.data.lunch;
    if (end - begin > 0.9) {
      const lunch = el("span", "", this.data.words.lunch);
      lunch.style.left = this.at((begin + end) / 2);
      track.append(lunch);
    }
    row.append(el("div"), track, el("div"));
    row.setAttribute("aria-hidden", "true");
    return row;
  }

  row(row) {
    const node = el("div", "row");
    node.style.setProperty("--team", row.colour);
    node.setAttribute("role", "group");
    node.setAttribute("aria-label", row.label);
    const who = el("div", "who");
    who.append(el("span", "dot"), el("span", "", row.label), el("small", "", row.people));
    const track = el("div", "track");
    const [from, to] = this.data.hours;
    for (let hour = Math.ceil(from); hour <= to; hour += 1) {
      const line = el("div", "hour");
      line.style.left = this.at(hour);
      track.append(line);
    }
    const lunch = el("div", "lunch");
    lunch.style.left = this.at(this.data.lunch[0]);
    lunch.style.right = `calc(100% - ${this.at(this.data.lunch[1])})`;
    track.append(lunch);
    if (row.stops.length) {
      const way = el("div", "way");
      way.style.left = this.at(row.leave);
      way.style.right = `calc(100% - ${this.at(row.back)})`;
      track.append(way);
    }
    const blocks = row.stops.map((stop) => this.stop(row, stop));
    track.append(...blocks);
    node.append(who, track, el("div", "back", row.back_text));
    return { row, node, track, blocks };
  }

  stop(row, stop) {
    const block = el("button", "stop", stop.label);
    block.type = "button";
    block.style.left = this.at(stop.from);
    block.style.width = `calc(${this.at(this.data.hours[0] + stop.to - stop.from)} - 1px)`;
    block.title = stop.about;
    block.setAttribute("aria-label", `${row.label} ${stop.about}`);
    block.dataset.visit = stop.id;
    for (const flag of ["explore", "done", "locked"]) block.classList.toggle(flag, stop[flag]);
    const movable = this.data.editable && !stop.done;
    block.classList.toggle("fixed", !movable);
    block.addEventListener("click", () => {
      if (!this.wasDragged) this.menu(stop.id);
    });
    if (movable) block.addEventListener("pointerdown", (event) => this.press(event, row, stop, block));
    block.addEventListener("keydown", (event) => this.step(event, row, stop));
    return block;
  }

  step(event, row, stop) {
    const moves = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };
    const move = moves[event.key];
    if (!move) return;
    event.preventDefault();
    const line = this.rows.findIndex((r) => r.row === row);
    const place = row.stops.indexOf(stop);
    let next = move[0] ? this.rows[line].blocks[place + move[0]] : null;
    for (let k = line + move[1]; move[1] && !next && this.rows[k]; k += move[1]) {
      next = this.rows[k].blocks[Math.min(place, this.rows[k].blocks.length - 1)];
    }
    next?.focus();
  }

  block(visit) {
    return this.rows.flatMap((r) => r.blocks).find((b) => b.dataset.visit === visit);
  }

  press(event, row, stop, block) {
    if (event.button !== 0) return;
    this.wasDragged = false;
    const start = { x: event.clientX, y: event.clientY };
    let target = null;
    const mark = el("div", "mark");
    const clear = () => {
      mark.remove();
      for (const each of [...this.rows, ...this.dayDrops]) each.node.classList.remove("over");
    };
    const move = (now) => {
      const [dx, dy] = [now.clientX - start.x, now.clientY - start.y];
      if (!this.wasDragged && Math.hypot(dx, dy) < MIN_DRAG) return;
      this.wasDragged = true;
      block.classList.add("dragged");
      block.style.transform = `translate(${dx}px, ${dy}px)`;
      clear();
      target = this.targetOf(now, stop.id);
      target?.node.classList.add("over");
      if (target?.track) {
        mark.style.left = `${target.mark}px`;
        target.track.append(mark);
      }
    };
    const finish = (drop) => {
      window.removeEventListener("pointermove", move);
      window.removeEventListener("pointerup", up);
      window.removeEventListener("pointercancel", cancel);
      window.removeEventListener("keydown", escape, true);
      clear();
      block.classList.remove("dragged");
      block.style.transform = "";
      if (drop && this.wasDragged && target) this.drop(row, stop, target);
      if (this.wasDragged) setTimeout(() => { this.wasDragged = false; }, 0);
    };
    const up = () => finish(true);
    const cancel = () => finish(false);
    const escape = (pressed) => {
      if (pressed.key === "Escape") finish(false);
    };
    window.addEventListener("pointermove", move);
    window.addEventListener("pointerup", up);
    window.addEventListener("pointercancel", cancel);
    window.addEventListener("keydown", escape, true);
  }

  targetOf(event, visit) {
    const within = (node) => {
      const box = node.getBoundingClientRect();
      const { clientX: x, clientY: y } = event;
      return x >= box.left && x <= box.right && y >= box.top && y <= box.bottom;
    };
    const day = this.dayDrops.find((d) => within(d.node));
    if (day) return day;
    const found = this.rows.find((r) => within(r.node));
    if (!found) return null;
    const others = found.blocks.filter((b) => b.dataset.visit !== visit);
    const boxes = others.map((b) => b.getBoundingClientRect());
    const position = boxes.filter((b) => (b.left + b.right) / 2 < event.clientX).length;
    const left = found.track.getBoundingClientRect().left;
    const before = boxes[position - 1];
    const after = boxes[position];
    let mark = event.clientX;
    if (before && after) mark = (before.right + after.left) / 2;
    else if (before) mark = before.right + 3;
    else if (after) mark = after.left - 4;
    return { ...found, position, mark: mark - left };
  }

  drop(row, stop, target) {
    if (target.day !== undefined && !target.row) {
      this.send({ kind: "move", visit: stop.id, team: row.team, day: target.day, position: null });
      return;
    }
    const same = target.row === row && target.position === row.stops.indexOf(stop);
    if (same) return;
    this.send({
      kind: "move",
      visit: stop.id,
      team: target.row.team,
      day: this.data.day,
      position: target.position,
    });
  }

  menu(visit) {
    this.root.querySelector(".menu")?.remove();
    this.open = null;
    const found = this.rows.find((r) => r.row.stops.some((s) => s.id === visit));
    if (!found) return;
    this.open = visit;
    const { words, teams, days, day, editable } = this.data;
    const stop = found.row.stops.find((s) => s.id === visit);
    const menu = el("div", "menu");
    menu.setAttribute("role", "dialog");
    menu.setAttribute("aria-label", stop.about);
    menu.append(el("b", "", stop.about));
    if (stop.why) menu.append(el("span", "", stop.why));
    const close = () => {
      menu.remove();
      this.open = null;
      this.block(visit)?.focus();
    };
    menu.addEventListener("keydown", (event) => {
      if (event.key === "Escape") close();
    });
    const acts = el("div", "acts");
    const button = (text, act, main = false) => {
      const node = el("button", main ? "main" : "", text);
      node.type = "button";
      node.addEventListener("click", act);
      acts.append(node);
      return node;
    };
    const choice = (label, options, value) => {
      const select = el("select");
      select.setAttribute("aria-label", label);
      for (const [code, text] of options) {
        const option = el("option", "", text);
        option.value = code;
        option.selected = code === value;
        select.append(option);
      }
      acts.append(select);
      return select;
    };
    let first;
    if (editable && !stop.done) {
      const onDay = choice(words.day, days.map((d) => [String(d.day), d.label]), String(day));
      const team = choice(words.team, teams.map((t) => [t.team, t.label]), found.row.team);
      if (stop.drawn) team.disabled = true;
      const most = Math.max(...this.rows.map((r) => r.row.stops.length), 1) + 1;
      const places = Array.from({ length: most }, (_, n) => [
        String(n),
        words.position.replace("{n}", n + 1),
      ]);
      const position = choice(words.order, [["", words.best], ...places], "");
      first = onDay;
      button(
        words.move,
        () => {
          this.open = null;
          this.send({
            kind: "move",
            visit,
            team: team.value,
            day: Number(onDay.value),
            position: position.value === "" ? null : Number(position.value),
          });
        },
        true,
      );
      button(stop.locked ? words.unlock : words.lock, () => {
        this.open = null;
        this.send({ kind: stop.locked ? "unlock" : "lock", visit });
      });
      if (!stop.drawn) {
        button(words.remove, () => {
          this.open = null;
          this.send({ kind: "remove", visit });
        });
      }
    }
    const last = button(words.close, close);
    menu.append(acts);
    found.node.after(menu);
    (first ?? last).focus();
  }
}
