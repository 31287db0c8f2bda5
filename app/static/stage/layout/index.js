/**
 * Margins for each kind of problem and width, then the layout of the network's family.
 */

import { cellBox, layoutBlocks } from "../blocks/layout.js";
import { FEATURES } from "../forward.js";
import { layoutDense } from "./dense.js";

/** Inputs that a plane may feed, in the order of TF Playground's column. */
export const ALL_FEATURES = Object.keys(FEATURES);

/** A network narrower than this is drawn without side labels; its controls stand in a row of their own. */
export const NARROW = 560;

/** More features than these cannot be drawn in a narrow column: it shows the active ones only. */
const LABEL_ROOM = { plane: 44, line: 30, table: 100 };

/**
 * @param {import("../model.js").Model} model
 * @param {{width: number, height: number, still?: boolean}} size  still: only the inputs that are fed, by name
 * @returns {import("./dense.js").Layout}
 */
export function layoutNetwork(model, { width, height, still = false }) {
  if (model.family === "blocks") return layoutBlocks(model, { width, height });
  const narrow = width < NARROW;
  const lasting = model.answer === "classes";
  return layoutDense(model, {
    width, height,
    top: narrow || still ? 16 : 54,
    bottom: 16,
    left: narrow ? 6 : model.image ? 10 : LABEL_ROOM[model.kind],
    right: narrow ? (lasting ? 62 : 58) : lasting ? 128 : 104,
    features: model.kind === "plane" && !narrow && !still ? ALL_FEATURES : [],
  });
}

/**
 * Where a part of the network stands, for a card to point at; null if it is not drawn.
 * @param {NonNullable<ReturnType<import("../model.js").parseId>>} part
 */
export function boxOf(layout, { kind, layer, unit, to, tensor, at }) {
  if (layout.panels) return cellBox(layout, layer, kind === "unit" ? null : tensor, kind === "unit" ? unit : at);
  return layout.units[layer][kind === "unit" ? unit : to];
}
