/**
 * The keyboard on a network of blocks: one real button stands on one value; arrow keys move it within a tile, then to the
 * next tile or layer. Each move makes a new button and gives it the focus, so that what it stands on is read out.
 */

import { h } from "../dom.js";
import { cellBox, idOf, indexAt } from "./layout.js";
import { parseId } from "../model.js";

const WAYS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

/**
 * @param {HTMLElement} element  where the button goes
 * @param {{act: (action: object) => void, describe: (id: string) => string}} tools
 */
export function createCells(element, { act, describe }) {
  let layout = null;
  let button = null;

  /** @param {import("./layout.js").BlockLayout} next */
  function place(next) {
    const focused = button !== null && element.getRootNode().activeElement === button;
    const old = button?.dataset.id;
    layout = next;
    stand(partOf(old) ? old : idOf(layout.panels.findLast(({ tensor }) => tensor === null), 0), focused);
  }

  function partOf(id) {
    const part = parseId(id);
    return part && cellBox(layout, part.layer, part.kind === "unit" ? null : part.tensor, part.kind === "unit" ? part.unit : part.at);
  }

  function stand(id, focus) {
    const box = partOf(id);
    const next = h("button", { type: "button", tabindex: 0, "data-id": id, "aria-label": describe(id),
      onclick: () => act({ type: "select", id }) });
    const [w, height] = [Math.max(8, box.w), Math.max(8, box.h)];
    Object.assign(next.style, { left: `${box.x + box.w / 2 - w / 2}px`, top: `${box.y + box.h / 2 - height / 2}px`,
      width: `${w}px`, height: `${height}px` });
    element.append(next);
    const before = button;
    button = next;
    if (focus) next.focus();
    before?.remove();
  }

  /** @returns {boolean} whether the key meant something here */
  function press(key) {
    const way = WAYS[key];
    if (!way || !layout || !button) return false;
    const next = neighbour(layout, partOf(button.dataset.id), way);
    if (next) stand(next, true);
    return true;
  }

  function refresh() {
    if (button) button.setAttribute("aria-label", describe(button.dataset.id));
  }

  function clear() {
    button?.remove();
    button = null;
    layout = null;
  }
  return { place, press, refresh, clear };
}

/** The value next to one in a direction: in the same tile, else at the nearest edge of the nearest tile that way. */
function neighbour(layout, { panel, row, col, x, y, w, h }, [down, right]) {
  const [r, c] = [row + down, col + right];
  if (r >= 0 && r < panel.rows && c >= 0 && c < panel.cols) return idOf(panel, indexAt(panel, r, c));
  const [cx, cy] = [x + w / 2, y + h / 2];
  let found = null;
  let nearest = Infinity;
  for (const other of layout.panels) {
    if (other === panel) continue;
    const [px, py] = [nearestIn(cx, other.x, other.w), nearestIn(cy, other.y, other.h)];
    const ahead = down ? (py - cy) * down : (px - cx) * right;
    const aside = down ? Math.abs(px - cx) : Math.abs(py - cy);
    const distance = ahead + 3 * aside;
    if (ahead > 0 && distance < nearest) [found, nearest] = [{ other, px, py }, distance];
  }
  return found && idOf(found.other, placeAt(found.other, found.px, found.py));
}

function nearestIn(v, start, size) {
  return Math.min(start + size - 0.01, Math.max(start + 0.01, v));
}

function placeAt(panel, x, y) {
  return indexAt(panel, Math.floor(((y - panel.y) / panel.h) * panel.rows), Math.floor(((x - panel.x) / panel.w) * panel.cols));
}
