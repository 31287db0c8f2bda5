/**
 * Which edges to draw: all of a small network, the strongest of a large one (and those of the unit in focus).
 *
 * @typedef {{id: string, layer: number, to: number, from: number, curve: import("./layout/curve.js").Curve, path:
 *   Path2D|null}} Link
 */

import { edgeCurve } from "./layout/curve.js";
import { edgeCount, edgeId, parseId, touches } from "./model.js";

export const MOST = 400;
const STRONGEST = 130;
const OF_ONE_UNIT = 80;

/**
 * @param {import("./model.js").Model} model
 * @param {import("./layout/dense.js").Layout} layout
 * @param {import("./forward.js").Dense[]} layers  with weights
 * @param {string|null} focus  id of a unit or edge whose edges matter now
 * @param {Set<string>} lit  ids of edges that are drawn in any case
 * @returns {Link[]}
 */
export function chooseLinks(model, layout, layers, focus, lit = new Set()) {
  const all = edgeCount(model) <= MOST;
  const keep = all ? () => true : strongest(layers, Math.floor(STRONGEST / layers.length), () => true);
  const ofFocus = (layer, to, from) => touches(focus, layer, to, from);
  const focused = all || !focus ? () => false : strongest(layers, OF_ONE_UNIT, ofFocus);
  const links = [];
  layers.forEach(({ units, inputs }, i) => {
    for (let to = 0; to < units; to += 1) {
      for (let from = 0; from < inputs; from += 1) {
        if (keep(i + 1, to, from) || focused(i + 1, to, from) || lit.has(edgeId(i + 1, to, from))) links.push(makeLink(model, layout, i + 1, to, from));
      }
    }
  });
  return links;
}

/** A test for the edges with the largest weights in each layer. */
function strongest(layers, count, among) {
  const limits = layers.map(({ weight, inputs }, i) => {
    const sizes = [];
    weight.forEach((w, at) => {
      if (among(i + 1, Math.floor(at / inputs), at % inputs)) sizes.push(Math.abs(w));
    });
    return sizes.sort((a, b) => b - a)[Math.min(count, sizes.length) - 1] ?? Infinity;
  });
  return (layer, to, from) => {
    const { weight, inputs } = layers[layer - 1];
    return among(layer, to, from) && Math.abs(weight[to * inputs + from]) >= limits[layer - 1];
  };
}

/** @returns {Link} */
function makeLink(model, layout, layer, to, from) {
  const inside = layer === 1 && model.image > 0;
  const curve = edgeCurve(layout.units[layer - 1][from], layout.units[layer][to], inside);
  return { id: edgeId(layer, to, from), layer, to, from, curve, path: null };
}

/** Whether the choice depends on what is in focus. */
export function dependsOnFocus(model, focus) {
  return edgeCount(model) > MOST && parseId(focus) !== null;
}
