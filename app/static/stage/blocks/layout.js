/**
 * Where the tiles of a network of blocks stand: pure (model, size) -> panels. Pictures go from left to right, one column a
 * layer; sequences from top to bottom, one row a layer, so that a time step keeps its place all the way down.
 *
 * @typedef {import("../layout/dense.js").Box} Box
 * @typedef {Box & {layer: number, tensor: number|null, first: number, rows: number, cols: number, rowStride: number,
 *   colStride: number, slot: number}} Panel  tensor: null for the layer's own values; slot: its place among its group's panels
 * @typedef {{width: number, height: number, rows: boolean, panels: Panel[], columns: Box[], headings: Heading[],
 *   answer: Box, units: null, features: []}} BlockLayout  columns: hull of each layer's own tiles
 * @typedef {{layer: number, tensor: number|null, x: number, y: number, align: "left"|"center"|"right", room: number}} Heading
 *   tensor: null for the layer's name, else the quantity that has a strip of its own
 */

import { NARROW } from "../layout/index.js";
import { product } from "./model.js";

const GAP = 4;
/** Sides of tiles in pixels, before they are scaled to what room there is. */
const SIDE = { input: 150, map: 66, matrix: 64 };
const CELL = { most: 22, strip: 56 };
/** Width of the kernels beside a map, as a share of the map's side: of one, each of a few, many in a square. */
const KERNELS = { alone: 0.52, few: 0.34, many: 0.95 };
const FEW = 3;
const LABELS = 126;
/** Room at the right of sequences for parameters and attention. */
const ASIDE = 190;
const BARS = 128;

/** Heights of a row by what it is: tokens, thin layers, strips. */
const THIN = new Set(["layer_norm", "batch_norm", "positional_encoding", "dropout", "activation", "sum"]);

/** @param {object} model @param {{width: number, height: number}} size @returns {BlockLayout} */
export function layoutBlocks(model, { width, height }) {
  const rows = model.sequence || width < NARROW;
  return { width, height, rows, units: null, features: [], tile: 0, roomy: false,
    ...(rows ? placeRows(model, width, height) : placeColumns(model, width, height)) };
}

/** Pixels that a network needs to be readable. */
export function leastHeight(model, width) {
  if (!model.sequence && width >= NARROW) return 440;
  return rowsOf(model, width).reduce((sum, { h }) => sum + h, 0) + gapOf(width) * model.layers.length + footOf(model);
}

// ------------------------------------------------------------------------------------------------------- left to right

function placeColumns(model, width, height) {
  const inner = { x: 10, y: 40, w: width - 20 - BARS, h: height - 60 };
  const least = 24 * (model.layers.length - 1);
  let scale = 1;
  let made = model.layers.map((block) => makeColumn(block, inner.h, scale));
  for (let round = 0; round < 4; round += 1) {
    const needed = made.reduce((sum, { w }) => sum + w, 0);
    if (needed <= inner.w - least) break;
    scale *= (inner.w - least) / needed;
    made = model.layers.map((block) => makeColumn(block, inner.h, scale));
  }
  const used = made.reduce((sum, { w }) => sum + w, 0);
  const gap = Math.min(96, (inner.w - used) / Math.max(1, made.length - 1));
  let x = inner.x + Math.max(0, (inner.w - used - gap * (made.length - 1)) / 2);
  const panels = [];
  const headings = [];
  for (const [layer, { w, h, panels: own }] of made.entries()) {
    const y = inner.y + (inner.h - h) / 2;
    for (const panel of own) panels.push({ ...panel, layer, x: panel.x + x, y: panel.y + y });
    headings.push({ layer, tensor: null, x: x + w / 2, y: 6, align: "center", room: w + gap });
    x += w + gap;
  }
  const columns = hulls(model, panels);
  const last = columns.at(-1);
  return { panels, headings, columns, answer: { x: last.x + last.w, y: last.y, w: BARS, h: last.h } };
}

/** A layer's panels from (0, 0) on. @returns {{w: number, h: number, panels: Panel[]}} */
function makeColumn(block, height, scale) {
  if (block.shape.length >= 3) return makeMaps(block, height, scale);
  return block.shape.length === 2 ? makeStrip(block, scale) : makeVector(block, height, scale);
}

/** One tile a channel, its kernels at its left. */
function makeMaps(block, height, scale) {
  const [rows, cols] = block.shape.slice(-2);
  const count = product(block.shape.slice(0, -2));
  const folds = Math.ceil(count / Math.max(1, Math.min(count, Math.floor(height / 46), 9)));
  const tall = Math.ceil(count / folds);
  const most = block.role === "input" ? SIDE.input : SIDE.map;
  const side = Math.max(10, Math.min(most * scale, (height - GAP * (tall - 1)) / tall - 4));
  const w = Math.min(side * 1.6, (side * cols) / rows);
  const kernels = kernelsOf(block);
  const inputs = kernels?.shape[1];
  const share = inputs === 1 ? KERNELS.alone : inputs <= FEW ? KERNELS.few * inputs : KERNELS.many;
  const room = kernels ? share * side + GAP : 0;
  const pitch = { x: room + w + 3 * GAP, y: side + GAP + 4 };
  const panels = [];
  for (let channel = 0; channel < count; channel += 1) {
    const at = { x: Math.floor(channel / tall) * pitch.x, y: (channel % tall) * pitch.y };
    if (kernels) panels.push(...kernelPanels(block, kernels, channel, { ...at, w: room - GAP, h: side }));
    panels.push(mapPanel(channel, rows, cols, { x: at.x + room, y: at.y, w, h: side }));
  }
  return { w: folds * pitch.x - 3 * GAP, h: tall * pitch.y - GAP - 4, panels };
}

function mapPanel(channel, rows, cols, box) {
  return { tensor: null, slot: channel, first: channel * rows * cols, rows, cols, rowStride: cols, colStride: 1, ...box };
}

function kernelsOf({ tensors }) {
  const kernels = tensors.find(({ shape }) => shape.length === 4);
  return kernels && kernels.shape[1] <= 16 ? kernels : null;
}

/** A filter's kernels, one for each channel that goes in, in a small grid. */
function kernelPanels({ tensors }, kernels, channel, { x, y, w, h }) {
  const [, inputs, rows, cols] = kernels.shape;
  const across = inputs <= FEW ? inputs : Math.ceil(Math.sqrt(inputs));
  const down = Math.ceil(inputs / across);
  const side = Math.min((w - (across - 1)) / across, (h - (down - 1)) / down);
  const top = y + (h - down * side - (down - 1)) / 2;
  return Array.from({ length: inputs }, (_, i) => ({
    tensor: tensors.indexOf(kernels), slot: channel * inputs + i, first: (channel * inputs + i) * rows * cols, rows, cols,
    rowStride: cols, colStride: 1, x: x + (i % across) * (side + 1), y: top + Math.floor(i / across) * (side + 1),
    w: side, h: (side * rows) / cols,
  }));
}

function makeStrip({ shape: [steps, features] }, scale) {
  const w = Math.min(200, steps * 12) * scale;
  const h = Math.min(260, features * 12);
  return { w, h, panels: [stripPanel(steps, features, { x: 0, y: 0, w, h })] };
}

function stripPanel(steps, features, box) {
  return { tensor: null, slot: 0, first: 0, rows: features, cols: steps, rowStride: 1, colStride: features, ...box };
}

/** Units below one another, their incoming weights as a matrix at the left. */
function makeVector(block, height, scale) {
  const { units, tensors, role } = block;
  const folds = Math.ceil(units / 48);
  const rows = Math.ceil(units / folds);
  const cell = Math.min(role === "output" ? 26 : CELL.most, height / rows);
  const weights = tensors.findIndex(({ shape }) => shape.length === 2 && shape[0] === units);
  const w = weights >= 0 && folds === 1 ? Math.min(120, Math.max(26, 3 * tensors[weights].shape[1])) * scale : 0;
  const left = w > 0 ? w + 2 * GAP : 0;
  const panels = [];
  if (w > 0) panels.push(matrixPanel(weights, 0, 0, tensors[weights].shape, { x: 0, y: 0, w, h: rows * cell }));
  panels.push({ tensor: null, slot: 0, first: 0, rows, cols: folds, rowStride: 1, colStride: rows, x: left, y: 0,
    w: folds * Math.min(cell, CELL.most), h: rows * cell });
  return { w: left + folds * Math.min(cell, CELL.most), h: rows * cell, panels };
}

function matrixPanel(tensor, slot, first, [rows, cols], box) {
  return { tensor, slot, first, rows, cols, rowStride: cols, colStride: 1, ...box };
}

// ------------------------------------------------------------------------------------------------------- top to bottom

function gapOf(width) {
  return width < 620 ? 24 : 14;
}

/** Below the last row: an answer's scale, or the answers and targets of every step. */
function footOf(model) {
  return model.answer === "steps" ? 52 : model.layers.at(-1).units === 1 ? 98 : 40;
}

function rowsOf(model, width) {
  return model.layers.map((block) => ({ block, h: rowHeight(block, model, width) }));
}

function rowHeight(block, model, width) {
  const { shape, kind, tokens } = block;
  if (tokens) return 26;
  if (shape.length >= 3) return mapRow(block, stripWidth(width)).h;
  if (shape.length === 1) return Math.min(CELL.most, stripWidth(width) / shape[0]) * (shape[0] > 64 ? 2 : 1) + 2;
  const own = THIN.has(kind) ? clamp(shape[1] * 2, 10, 20) : clamp(shape[1] * 5, 18, 62);
  const cells = block.tensors.filter(({ role, shape: own_ }) => role === "quantity" && own_.length === 2).length;
  const aside = block.tensors.some(({ shape: own_ }) => own_.length >= 2) && width >= 620 ? 48 : 0;
  const matrices = block.kind === "self_attention" ? SIDE.matrix + (width < 620 ? own + GAP : 0) : 0;
  return Math.max(own * (1 + cells) + GAP * cells, aside, matrices);
}

function stripWidth(width) {
  return width < 620 ? width - 16 : width - LABELS - ASIDE - 20;
}

function placeRows(model, width, height) {
  const narrow = width < 620;
  const [left, room] = [narrow ? 8 : LABELS, stripWidth(width)];
  const made = rowsOf(model, width);
  const top = narrow ? 20 : 8;
  const gaps = Math.max(1, made.length - 1);
  const needed = made.reduce((sum, { h }) => sum + h, 0);
  const free = height - top - footOf(model) - gapOf(width) * gaps;
  const scale = Math.min(1.5, free / needed);
  const gap = Math.min(46, (height - top - footOf(model) - needed * scale) / gaps);
  const panels = [];
  const headings = [];
  let y = top;
  for (const [layer, { block, h: natural }] of made.entries()) {
    const h = natural * scale;
    for (const panel of rowPanels(block, model, { x: left, y, w: room, h }, narrow)) panels.push({ ...panel, layer });
    if (narrow) headings.push({ layer, tensor: null, x: left, y: y - 16, align: "left", room: width - 16 });
    else headings.push(...rowHeadings(panels, layer, left));
    y += h + gap;
  }
  const columns = hulls(model, panels);
  const last = columns.at(-1);
  return { panels, headings, columns, answer: { x: last.x, y: last.y + last.h, w: 110, h: footOf(model) } };
}

/** A name at the left of a layer's own tiles, and of each strip below them. */
function rowHeadings(panels, layer, left) {
  const firsts = panels.filter((panel) => panel.layer === layer && panel.x < left + 1 && panel.slot === 0);
  const shown = firsts.length > 0 ? firsts : panels.filter((panel) => panel.layer === layer && panel.tensor === null).slice(0, 1);
  return shown.map(({ tensor, y, h }) => ({ layer, tensor, x: left - 10, y: y + h / 2 - 8, align: "right", room: left - 12 }));
}

/** Pixels from one time step to the next. */
function stepWidth(model, room) {
  return Math.min(CELL.strip, room / model.steps);
}

function rowPanels(block, model, box, narrow) {
  const { shape } = block;
  const end = model.sequence ? Math.min(box.w, stepWidth(model, box.w) * model.steps) : box.w;
  const beside = narrow ? [] : asidePanels(block, { x: box.x + end + 34, y: box.y, w: ASIDE - 38, h: box.h });
  if (shape.length >= 3) return [...mapRow(block, box.w, box).panels, ...beside];
  if (shape.length === 1 && !block.tokens) return [vectorPanel(block, model, box), ...beside];
  const w = stepWidth(model, box.w) * shape[0];
  if (block.tokens) return [stripPanel(shape[0], 1, { ...box, w })];
  const quantities = block.tensors.map((tensor, index) => ({ ...tensor, index })).filter(({ role }) => role === "quantity");
  const strips = quantities.filter((tensor) => tensor.shape.length === 2);
  const matrices = narrow ? quantities.filter((tensor) => tensor.shape.length === 3) : [];
  const space = matrices.length > 0 ? box.h - Math.min(SIDE.matrix, 0.6 * box.h) - GAP : box.h;
  const h = (space - GAP * strips.length) / (1 + strips.length);
  const own = [stripPanel(...shape, { ...box, w, h })];
  strips.forEach(({ index, shape: [steps, features] }, i) => own.push(
    { ...stripPanel(steps, features, { ...box, w, h, y: box.y + (i + 1) * (h + GAP) }), tensor: index }));
  for (const tensor of matrices) {
    own.push(...headPanels(tensor, { x: box.x, y: box.y + space + GAP, w: box.w, h: box.h - space - GAP }));
  }
  return [...own, ...beside];
}

function vectorPanel({ units }, model, box) {
  const down = units > 64 ? 2 : 1;
  const across = Math.ceil(units / down);
  const cell = Math.min(box.h / down, box.w / across, CELL.most * 1.5);
  const end = box.x + Math.min(box.w, stepWidth(model, box.w) * (model.sequence ? model.steps : Infinity));
  const x = Math.max(box.x, units === 1 ? Math.min(end - cell, end - 60) : end - across * cell);
  return { tensor: null, slot: 0, first: 0, rows: down, cols: across, rowStride: across, colStride: 1, ...box, x,
    w: across * cell, h: down * cell };
}

/** Attention and parameters at the right of a row: each in a share of the room. */
function asidePanels(block, box) {
  const tensors = block.tensors.map((tensor, index) => ({ ...tensor, index })).filter(({ role, shape }) => (
    shape.length >= 2 && (role === "parameter" || shape.length === 3)));
  const share = (box.w - GAP * (tensors.length - 1)) / Math.max(1, tensors.length);
  const attention = tensors.find(({ role }) => role === "quantity");
  if (attention) return headPanels(attention, box);
  return tensors.filter(({ shape }) => shape.length === 2).map((tensor, i) => {
    const [rows, cols] = tensor.shape;
    const h = Math.min(box.h, rows * 6);
    const w = Math.min(share, Math.max(cols * (h / rows), 14));
    return matrixPanel(tensor.index, 0, 0, tensor.shape, { x: box.x + i * (share + GAP), y: box.y + (box.h - h) / 2, w, h });
  });
}

/** Attention: one square a head, from step (row) to step looked at (column). */
function headPanels({ index, shape: [heads, rows, cols] }, box) {
  const side = Math.min(box.h, (box.w - GAP * (heads - 1)) / heads);
  return Array.from({ length: heads }, (_, head) => matrixPanel(index, head, head * rows * cols, [rows, cols],
    { x: box.x + head * (side + GAP), y: box.y + (box.h - side) / 2, w: side, h: side }));
}

/** The maps of a picture side by side, in as many rows as keep them large enough. */
function mapRow(block, width, box = { x: 0, y: 0, h: Infinity }) {
  const [rows, cols] = block.shape.slice(-2);
  const count = product(block.shape.slice(0, -2));
  const across = Math.min(count, Math.max(1, Math.floor((width + GAP) / (38 + GAP))));
  const down = Math.ceil(count / across);
  const most = block.role === "input" ? 110 : 58;
  const side = Math.min(most, (width - GAP * (across - 1)) / across, (box.h - GAP * (down - 1)) / down);
  const used = across * side + GAP * (across - 1);
  const panels = Array.from({ length: count }, (_, channel) => mapPanel(channel, rows, cols, {
    x: box.x + (width - used) / 2 + (channel % across) * (side + GAP), y: box.y + Math.floor(channel / across) * (side + GAP),
    w: (side * cols) / Math.max(rows, cols), h: (side * rows) / Math.max(rows, cols),
  }));
  return { h: down * side + GAP * (down - 1), panels };
}

// ------------------------------------------------------------------------------------------------------------ places

function hulls(model, panels) {
  return model.layers.map((_, layer) => hull(panels.filter((panel) => panel.layer === layer && panel.tensor === null)));
}

/** @param {Box[]} boxes @returns {Box} */
export function hull(boxes) {
  const x = Math.min(...boxes.map((box) => box.x));
  const y = Math.min(...boxes.map((box) => box.y));
  const w = Math.max(...boxes.map((box) => box.x + box.w)) - x;
  const h = Math.max(...boxes.map((box) => box.y + box.h)) - y;
  return { x, y, w, h };
}

/** Where one value stands; null if it is not drawn. @param {BlockLayout} layout @returns {Box & {panel: Panel, row: number, col: number}|null} */
export function cellBox(layout, layer, tensor, at) {
  for (const panel of layout.panels) {
    if (panel.layer !== layer || panel.tensor !== tensor) continue;
    const place = placeIn(panel, at);
    if (place) return { panel, ...place, ...boxIn(panel, place) };
  }
  return null;
}

function boxIn({ x, y, w, h, rows, cols }, { row, col }) {
  return { x: x + (w * col) / cols, y: y + (h * row) / rows, w: w / cols, h: h / rows };
}

/** @returns {{row: number, col: number}|null} */
function placeIn({ first, rows, cols, rowStride, colStride }, at) {
  const left = at - first;
  if (left < 0) return null;
  if (rows === 1 || cols === 1) return single(left, { rows, cols, stride: rows === 1 ? colStride : rowStride });
  const [row, col] = rowStride >= colStride ? [Math.floor(left / rowStride), (left % rowStride) / colStride]
    : [left % colStride, Math.floor(left / colStride)];
  return row < rows && col < cols ? { row, col } : null;
}

function single(left, { rows, cols, stride }) {
  const at = left / stride;
  if (!Number.isInteger(at) || at >= rows * cols) return null;
  return rows === 1 ? { row: 0, col: at } : { row: at, col: 0 };
}

/** The value's place in the flat array at a row and a column of a panel. */
export function indexAt({ first, rowStride, colStride }, row, col) {
  return first + row * rowStride + col * colStride;
}

/** The id of what stands at a point, or null. @param {BlockLayout} layout */
export function hitBlocks(layout, x, y) {
  const panel = layout.panels.find((box) => x >= box.x && x < box.x + box.w && y >= box.y && y < box.y + box.h);
  if (!panel) return null;
  const [row, col] = [Math.floor(((y - panel.y) / panel.h) * panel.rows), Math.floor(((x - panel.x) / panel.w) * panel.cols)];
  return idOf(panel, indexAt(panel, row, col));
}

export function idOf({ layer, tensor }, at) {
  return tensor === null ? `u${layer}.${at}` : `t${layer}.${tensor}.${at}`;
}

function clamp(v, low, high) {
  return Math.min(high, Math.max(low, v));
}
