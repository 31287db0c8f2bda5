/**
 * Where everything of a dense network stands: pure (model, size) -> boxes.
 *
 * @typedef {{x: number, y: number, w: number, h: number}} Box
 * @typedef {Box & {id: string, layer: number, unit: number}} UnitBox
 * @typedef {Box & {layer: number, dense: boolean}} Column  dense: folded into small tiles, or an image
 * @typedef {Box & {name: string, active: boolean}} FeatureBox
 * @typedef {{width: number, height: number, units: UnitBox[][], columns: Column[], features: FeatureBox[], answer: Box,
 *   tile: number, roomy: boolean}} Layout  roomy: there is space for a number under each tile
 */

import { unitId } from "../model.js";

const TILE = { min: 13, max: 46 };
const FOLDED = { size: 30, gap: 6, min: 7 };
/** Below this many pixels a row cannot hold a number under its tile. */
const NUMBER_ROOM = 16;

/**
 * @param {import("../model.js").Model} model
 * @param {{width: number, height: number, top?: number, bottom?: number, left?: number, right?: number,
 *   features?: string[]}} space  margins; features: all that may be fed, to leave a slot for each
 * @returns {Layout}
 */
export function layoutDense(model, { width, height, top = 8, bottom = 8, left = 8, right = 8, features = [] }) {
  const inner = { x: left, y: top, w: Math.max(40, width - left - right), h: Math.max(40, height - top - bottom) };
  const slots = features.length > 0 ? features.length : model.layers[0].units;
  const plan = planColumns(model, inner, slots);
  const units = placeColumns(model, inner, plan, features);
  const columns = units.map((boxes, layer) => ({ layer, dense: plan[layer].folded, ...hull(boxes) }));
  return {
    width, height, units, columns, tile: plan.tile, roomy: plan.roomy,
    features: featureBoxes(model, features, inner, plan),
    answer: { x: width - right, y: columns.at(-1).y, w: right, h: columns.at(-1).h },
  };
}

/** Rows, columns, tile size and gap of each layer. */
function planColumns(model, inner, slots) {
  const rowsOf = (layer) => (layer.index === 0 ? slots : layer.units);
  const most = Math.floor(inner.h / (TILE.min + 5));
  const folded = model.layers.map((layer) => rowsOf(layer) > Math.min(most, 12) || (layer.index === 0 && model.image > 0));
  const rows = Math.max(1, ...model.layers.map((layer) => (folded[layer.index] ? 0 : rowsOf(layer))));
  const share = inner.w / model.layers.length;
  const pitch = Math.min(inner.h / rows, TILE.max + NUMBER_ROOM + 4);
  const roomy = pitch >= 26 + NUMBER_ROOM && share >= 60;
  const tile = Math.max(Math.min(TILE.max, pitch - (roomy ? NUMBER_ROOM : 5), 0.58 * share), Math.min(TILE.min, pitch));
  const plan = model.layers.map((layer) => foldedOrNot(model, layer, folded[layer.index], { inner, tile, pitch, share }));
  return Object.assign(plan, { tile, roomy, pitch });
}

function foldedOrNot(model, layer, folded, { inner, tile, pitch, share }) {
  if (!folded) return { folded, rows: layer.units, cols: 1, size: tile, pitchX: tile, pitchY: pitch };
  if (layer.index === 0 && model.image > 0) {
    const size = Math.min(150, inner.h, 0.9 * share, inner.w / 3) / model.image;
    return { folded, rows: model.image, cols: model.image, size, pitchX: size, pitchY: size };
  }
  return fold(layer.units, inner.h, Math.min(0.55 * share, 200));
}

/** As few sub-columns as fit, with tiles as large as fit. */
function fold(units, height, width) {
  for (let size = FOLDED.size; size >= FOLDED.min; size -= 1) {
    const gap = Math.max(1, Math.round((FOLDED.gap * size) / FOLDED.size));
    const cols = Math.ceil(units / Math.floor((height + gap) / (size + gap)));
    if (cols * (size + gap) - gap <= width) {
      return { folded: true, rows: Math.ceil(units / cols), cols, size, pitchX: size + gap, pitchY: size + gap };
    }
  }
  const cols = Math.ceil(Math.sqrt((units * width) / height));
  const rows = Math.ceil(units / cols);
  const size = Math.min(width / cols, height / rows);
  return { folded: true, rows, cols, size, pitchX: size, pitchY: size };
}

/** Equal gaps between columns; each column centred on the middle line. */
function placeColumns(model, inner, plan, features) {
  const widths = plan.map(({ cols, pitchX, size }) => (cols - 1) * pitchX + size);
  const gap = (inner.w - widths.reduce((a, b) => a + b, 0)) / Math.max(1, plan.length - 1);
  let x = inner.x;
  return model.layers.map((layer) => {
    const slots = layer.index === 0 && features.length > 0 ? activeSlots(model, features) : null;
    const rows = slots ? features.length : plan[layer.index].rows;
    const boxes = placeUnits(layer, plan[layer.index], { x, inner, rows, slots });
    x += widths[layer.index] + gap;
    return boxes;
  });
}

function placeUnits(layer, { rows: height, cols, size, pitchX, pitchY }, { x, inner, rows, slots }) {
  const top = inner.y + (inner.h - rows * pitchY) / 2 + (cols > 1 ? (pitchY - size) / 2 : 0);
  return Array.from({ length: layer.units }, (_, unit) => {
    const byRow = pitchX === size && cols > 1;
    const row = slots ? slots[unit] : byRow ? Math.floor(unit / cols) : unit % height;
    const column = slots ? 0 : byRow ? unit % cols : Math.floor(unit / height);
    return { id: unitId(layer.index, unit), layer: layer.index, unit, x: x + column * pitchX, y: top + row * pitchY,
      w: size, h: size };
  });
}

function activeSlots(model, features) {
  return model.problem.features.map((name) => features.indexOf(name));
}

/** @returns {FeatureBox[]} */
function featureBoxes(model, features, inner, { tile, pitch }) {
  const top = inner.y + (inner.h - features.length * pitch) / 2;
  const active = new Set(model.problem.features ?? []);
  return features.map((name, row) => ({ name, active: active.has(name), x: inner.x, y: top + row * pitch, w: tile, h: tile }));
}

/** @param {Box[]} boxes @returns {Box} */
function hull(boxes) {
  const x = Math.min(...boxes.map((box) => box.x));
  const y = Math.min(...boxes.map((box) => box.y));
  const w = Math.max(...boxes.map((box) => box.x + box.w)) - x;
  const h = Math.max(...boxes.map((box) => box.y + box.h)) - y;
  return { x, y, w, h };
}
