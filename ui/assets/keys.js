// The map by keyboard: arrows move, + and - zoom, Tab steps through the highest cells,
// Enter opens, Escape closes.

const STEP_PX = 90;
const MOVES = {
  ArrowLeft: [-STEP_PX, 0],
  ArrowRight: [STEP_PX, 0],
  ArrowUp: [0, -STEP_PX],
  ArrowDown: [0, STEP_PX],
};
const N_HIGHEST = 20;

function highest(layer) {
  const values = layer.payload[layer.options?.value ?? "p"];
  const order = [...values.keys()].filter((i) => values[i] !== null);
  order.sort((a, b) => values[b] - values[a] || a - b);
  return order.slice(0, N_HIGHEST);
}

export function bindKeys(view) {
  let at = -1;

  const step = (by) => {
    const layer = view.scene.of("cells");
    const order = layer ? highest(layer) : [];
    const next = at + by;
    if (next < 0 || next >= order.length) {
      at = -1;
      view.state.focused = null;
      view.scene.drawTop();
      return false;
    }
    at = next;
    view.state.focused = { layer, i: order[at] };
    const { lon, lat } = layer.payload;
    const place = [lat[order[at]] / 1e5, lon[order[at]] / 1e5];
    if (!view.map.getBounds().pad(-0.1).contains(place)) view.map.panTo(place, { animate: false });
    view.scene.drawTop();
    view.live.textContent = `${at + 1}/${order.length} ${view.describe(view.state.focused)}`;
    return true;
  };

  view.box.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    let isOurs = true;
    if (MOVES[event.key]) view.map.panBy(MOVES[event.key], { animate: false });
    else if (event.key === "+" || event.key === "=") view.map.zoomIn(1);
    else if (event.key === "-") view.map.zoomOut(1);
    else if (event.key === "Tab") isOurs = step(event.shiftKey ? -1 : 1);
    else if (event.key === "Enter" && view.state.focused) view.select(view.state.focused);
    else if (event.key === "Escape") {
      view.state.focused = null;
      view.select(null);
    } else isOurs = false;
    if (!isOurs) return;
    event.preventDefault();
    event.stopPropagation();
  });
  view.box.addEventListener("blur", () => {
    at = -1;
    view.state.focused = null;
    view.scene.drawTop();
  });
}
