/** The small card beside a unit or an edge: its numbers at the shown step. */

import { h } from "./dom.js";

export function createCard() {
  const title = h("div", { class: "card-title" });
  const list = h("dl");
  const element = h("div", { class: "card", role: "status", "aria-live": "off", hidden: true }, title, list);

  /**
   * @param {{title: string, rows: [string, string][]}|null} content
   * @param {{x: number, y: number, width: number, height: number}} place  anchor and the space to stay in
   */
  function render(content, place) {
    element.hidden = content === null;
    if (!content) return;
    title.textContent = content.title;
    while (list.children.length < content.rows.length * 2) list.append(h(list.children.length % 2 ? "dd" : "dt"));
    while (list.children.length > content.rows.length * 2) list.lastChild.remove();
    content.rows.flat().forEach((text, i) => (list.children[i].textContent = text));
    put(element, place);
  }
  return { element, render };
}

/** To the right of the anchor, or to its left where that has more room; never outside. */
function put(element, { x, y, width, height }) {
  const { offsetWidth: w, offsetHeight: h_ } = element;
  const left = x + 16 + w <= width ? x + 16 : Math.max(0, x - 16 - w);
  const top = Math.min(Math.max(0, y - h_ / 2), Math.max(0, height - h_));
  element.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
}
