/** One real button a neuron over the canvas: focus walks over them with the arrow keys, Enter keeps one selected. */

import { createCells } from "./blocks/cells.js";
import { h, setAttr } from "./dom.js";

/**
 * @param {{say: Function, act: (action: object) => void, describe: (id: string) => string}} tools
 */
export function createNeurons({ say, act, describe }) {
  const element = h("div", { class: "neurons", role: "group", "aria-label": say("neurons"), onkeydown, onfocusin, onfocusout });
  const cells = createCells(element, { act, describe });
  let columns = [];

  /** @param {import("./layout/dense.js").Layout} layout */
  function place(layout) {
    if (layout.panels) {
      for (const button of columns.flat()) button.remove();
      columns = [];
      cells.place(layout);
      return;
    }
    cells.clear();
    const focused = element.getRootNode().activeElement?.dataset?.id;
    columns = layout.units.map((boxes) => boxes.map(makeButton));
    element.replaceChildren(...columns.flat());
    const keep = columns.flat().find((button) => button.dataset.id === focused);
    (keep ?? columns.at(-1)[0]).tabIndex = 0;
    keep?.focus();
  }

  function makeButton({ id, x, y, w, h: height }) {
    const button = h("button", { type: "button", tabindex: -1, "data-id": id, "aria-label": id, onclick: () => act({ type: "select", id }) });
    Object.assign(button.style, { left: `${x}px`, top: `${y}px`, width: `${w}px`, height: `${height}px` });
    return button;
  }

  function onfocusin({ target }) {
    for (const button of columns.flat()) if (button.tabIndex === 0) button.tabIndex = -1;
    target.tabIndex = 0;
    target.setAttribute("aria-label", describe(target.dataset.id));
    act({ type: "hover", id: target.matches(":focus-visible") ? target.dataset.id : null });
  }

  function onfocusout() {
    act({ type: "hover", id: null });
  }

  function onkeydown(event) {
    const next = neighbour(columns, event.target, event.key);
    if (cells.press(event.key)) {
      event.preventDefault();
      event.stopPropagation();
    } else if (next) {
      next.focus();
      event.preventDefault();
      event.stopPropagation();
    } else if (event.key === "Escape") {
      act({ type: "select", id: null });
    }
  }

  /** The neurons' names follow the film when it stands still. */
  function refresh() {
    cells.refresh();
    for (const button of columns.flat()) setAttr(button, "aria-label", describe(button.dataset.id));
  }
  return { element, place, refresh };
}

/** Up and down within a layer, left and right to the same height in the next one. */
function neighbour(columns, button, key) {
  const [, layer, unit] = /^u(\d+)\.(\d+)$/.exec(button.dataset?.id ?? "")?.map(Number) ?? [];
  if (layer === undefined || columns.length === 0) return null;
  if (key === "ArrowUp") return columns[layer][unit - 1];
  if (key === "ArrowDown") return columns[layer][unit + 1];
  const other = columns[layer + (key === "ArrowRight" ? 1 : key === "ArrowLeft" ? -1 : NaN)];
  return other?.[Math.round((unit * (other.length - 1)) / Math.max(1, columns[layer].length - 1))];
}
