/**
 * What stands in the light while the rest is dimmed: what the pointer or the focus is on, else what the page names.
 * Pure.
 *
 * @typedef {{unit: (layer: number, unit: number) => boolean, edge: (layer: number, to: number, from: number) => boolean,
 *   named: boolean}} Light  named: by the page, which means these very parts and nothing beside them
 */

import { edgeId, parseId, touches, unitId } from "./model.js";

/**
 * @param {string|null} highlight  id of one unit or edge: lit with what it is computed from or feeds
 * @param {Set<string>} lit  ids of units and edges; empty: nothing in particular
 * @returns {Light|null} null: everything shines alike
 */
export function lightOf(highlight, lit) {
  const part = parseId(highlight);
  if (part) {
    return { named: false, unit: neighbourhood(part), edge: (layer, to, from) => touches(highlight, layer, to, from) };
  }
  if (!lit || lit.size === 0) return null;
  return {
    named: true, unit: (layer, unit) => lit.has(unitId(layer, unit)), edge: (layer, to, from) => lit.has(edgeId(layer, to, from)),
  };
}

/** A test for the units that the highlighted one is computed from or feeds. */
function neighbourhood({ kind, layer: at, unit: self, to, from }) {
  if (kind === "unit") return (layer, unit) => Math.abs(layer - at) === 1 || (layer === at && unit === self);
  return (layer, unit) => (layer === at && unit === to) || (layer === at - 1 && unit === from);
}
