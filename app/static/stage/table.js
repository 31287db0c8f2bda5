/** The shown step as tables: the same numbers for those who read rather than look. Filled only while it is open. */

import { details } from "./describe.js";
import { h } from "./dom.js";
import { edgeId, unitId } from "./model.js";

/** Rows of a large network that are written out; the card has every one. */
const MOST_ROWS = 150;

export function createTable({ say }) {
  const body = h("div", { class: "table-body" });
  const element = h("details", { class: "table", "data-part": "table" }, h("summary", { text: say("table_title") }), body);
  let shown = "";

  /** @param {import("./describe.js").Told} told */
  function render(told) {
    if (!element.open) return;
    const key = `${told.snapshot.step} ${told.snapshot.follow.index}`;
    if (key === shown) return;
    shown = key;
    body.replaceChildren(unitTable(told), edgeTable(told));
  }
  return { element, render, reset: () => (shown = "") };
}

function unitTable(told) {
  const most = told.model.family === "blocks" ? Math.ceil(MOST_ROWS / (told.model.layers.length - 1)) : Infinity;
  const idsOf = ({ index, units }) => Array.from({ length: Math.min(most, units) }, (_, unit) => unitId(index, unit));
  const ids = told.model.layers.slice(1).flatMap(idsOf);
  return table(told, told.say("table_units", { step: told.format.count(told.snapshot.step) }), told.say("table_unit"), ids);
}

function edgeTable(told) {
  const { layers } = told.model;
  if (told.model.family === "blocks") return table(told, told.say("table_parameters", { step: told.format.count(told.snapshot.step) }), told.say("table_parameter"), tensorIds(layers));
  const ids = layers.slice(1).flatMap(({ index, units }) => {
    const inputs = layers[index - 1].units;
    return Array.from({ length: units * inputs }, (_, at) => edgeId(index, Math.floor(at / inputs), at % inputs));
  });
  return table(told, told.say("table_edges", { step: told.format.count(told.snapshot.step) }), told.say("table_edge"), ids);
}

/** The parameters of every layer, as far as there is room for each. */
function tensorIds(layers) {
  const parameters = layers.flatMap(({ index, tensors }) => tensors.map((tensor, place) => ({ ...tensor, index, place })))
    .filter(({ role }) => role === "parameter");
  const most = Math.ceil(MOST_ROWS / parameters.length);
  return parameters.flatMap(({ index, place, units }) => (
    Array.from({ length: Math.min(most, units) }, (_, at) => `t${index}.${place}.${at}`)));
}

function table(told, title, first, ids) {
  const rows = ids.slice(0, MOST_ROWS).map((id) => details(told, id));
  const fullest = rows.reduce((a, b) => (b.rows.length > a.rows.length ? b : a));
  const heads = fullest.rows.map(([label]) => label);
  const left = ids.length - rows.length;
  return h("div", { class: "table-scroll", tabindex: 0, role: "region", "aria-label": title },
    h("table", {},
      h("caption", { text: left > 0 ? `${title} ${told.say("table_more", { count: told.format.count(left) })}` : title }),
      h("thead", {}, h("tr", {}, h("th", { scope: "col", text: first }),
        ...heads.map((text) => h("th", { scope: "col", text })))),
      h("tbody", {}, ...rows.map(({ title: name, rows: cells }) =>
        h("tr", {}, h("th", { scope: "row", text: name }), ...cells.map(([, text]) => h("td", { text })))))));
}

