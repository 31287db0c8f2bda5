/**
 * Paints a network of blocks: tiles of values, their gradients when blame comes back, kernels and matrices beside them, and
 * what runs between the layers. The same moments as a dense network's picture.
 */

import { drawAnswer } from "../marks/answer.js";
import { parseId } from "../model.js";
import { blameOf, fillOf, toldOf } from "../scene.js";
import { largest } from "../scales.js";
import { makeRamp, mix, parseColour, pixel, RAMP } from "../theme.js";
import { clamp, ease, turnProgress } from "../timeline.js";
import { best, drawSteps } from "./answer.js";
import { Heat } from "./heat.js";
import { cellBox, hull } from "./layout.js";
import { litCells } from "./lit.js";
import { windowOf } from "./model.js";
import { drawRegion } from "./region.js";
import { shownToken } from "./words.js";

const BOUNDED = new Set(["tanh", "sigmoid", "softmax"]);
/** Weights are smaller than activations: what they are multiplied by before they are coloured. */
const WEIGHT_GAIN = 3;
/** Layers that go from one time step to the next. */
const RECURRENT = new Set(["simple_rnn", "lstm", "gru"]);
const DROPS = 9;
const FLOW_SPEED = 0.42;

export class BlockPainter {
  /** @param {object} model @param {import("../theme.js").Theme} theme */
  constructor(model, theme) {
    Object.assign(this, { model, theme });
    const [paper, ink] = [parseColour(theme.paper), parseColour(theme.ink)];
    this.ramps = {
      value: makeRamp(paper, { positive: theme.positive, negative: theme.negative, strength: 0.95 }),
      gradient: makeRamp(paper, { positive: theme.rise, negative: theme.fall, strength: 1 }),
      ink: Uint32Array.from({ length: RAMP }, (_, i) => pixel(mix(paper, ink, 0.92 * (i / (RAMP - 1))))),
    };
  }

  /** @param {import("./layout.js").BlockLayout} layout */
  place(layout) {
    this.layout = layout;
    const groups = new Map();
    for (const panel of layout.panels) {
      const key = `${panel.layer} ${panel.tensor}`;
      groups.set(key, [...(groups.get(key) ?? []), panel]);
    }
    this.groups = Array.from(groups.values(), (panels) => ({
      layer: panels[0].layer, tensor: panels[0].tensor, front: new Heat(panels), back: new Heat(panels) }));
    const names = new Set(this.model.layers.map(({ group }) => group).filter(Boolean));
    this.frames = Array.from(names, (name) => hull(layout.columns.filter((_, layer) => this.model.layers[layer].group === name)));
    this.outline = new Path2D();
    for (const { x, y, w, h } of layout.panels) this.outline.rect(x - 0.5, y - 0.5, w + 1, h + 1);
  }

  /**
   * @param {CanvasRenderingContext2D} ctx
   * @param {{snapshot: object, moment: import("../timeline.js").Moment, highlight: string|null, selected: string|null,
   *   lit: Set<string>, flow: number|null, tools: object}} picture  tools: theme, format, say
   */
  paint(ctx, picture) {
    ctx.setLineDash([]);
    this.paintGroups(ctx);
    this.paintBands(ctx, picture);
    for (const group of this.groups) this.paintGroup(ctx, group, picture);
    ctx.globalAlpha = 1;
    ctx.strokeStyle = this.theme.line;
    ctx.lineWidth = 1;
    ctx.stroke(this.outline);
    this.paintTokens(ctx, picture);
    this.paintLit(ctx, picture.lit);
    this.paintFocus(ctx, picture);
    this.paintAnswer(ctx, picture);
    ctx.globalAlpha = 1;
  }

  /** A quiet ground behind the layers that make one together. */
  paintGroups(ctx) {
    ctx.globalAlpha = 1;
    ctx.fillStyle = this.theme.ground;
    for (const { x, y, w, h } of this.frames) {
      ctx.beginPath();
      ctx.roundRect(x - 10, y - 6, w + 34, h + 12, 8);
      ctx.fill();
    }
  }

  // ---------------------------------------------------------------------------------------------------------- tiles

  paintGroup(ctx, { layer, tensor, front, back }, { snapshot, moment }) {
    const numbers = snapshot.layers[layer];
    const filled = fillOf(this.model, layer, moment);
    const blamed = layer === 0 ? 0 : blameOf(this.model, layer, moment);
    if (tensor === null) this.paintValues(ctx, { layer, front, back, snapshot, moment, filled, blamed });
    else this.paintTensor(ctx, { tensor: this.model.layers[layer].tensors[tensor], own: numbers.tensors[tensor], front, back,
      moment, filled, blamed });
  }

  paintValues(ctx, { layer, front, back, snapshot, filled, blamed }) {
    const { a, delta } = snapshot.layers[layer];
    const block = this.model.layers[layer];
    if (block.tokens) return;
    const answers = block.role === "output" && this.model.answer === "steps";
    if (block.role === "input" && block.shape.length === 3) front.colour(a, this.ramps.ink, inkScale(a));
    else if (answers) front.colour(snapshot.prediction, this.ramps.value, { gain: 1, shape: "linear" });
    else front.colour(a, this.ramps.value, valueScale(block));
    this.reveal(ctx, front, block, filled);
    if (blamed < 0.01 || !delta) return;
    back.colour(delta, this.ramps.gradient, { gain: 1 / largest(delta), shape: "root" });
    ctx.globalAlpha = blamed;
    back.draw(ctx);
  }

  /** Values as far as they have come: a layer that goes from step to step fills from left to right. */
  reveal(ctx, front, { kind }, filled) {
    ctx.globalAlpha = 0.16 + 0.84 * (RECURRENT.has(kind) && this.layout.rows ? Number(filled >= 1) : filled);
    front.draw(ctx);
    if (filled >= 1 || filled <= 0 || !RECURRENT.has(kind) || !this.layout.rows) return;
    ctx.globalAlpha = 1;
    front.draw(ctx, filled);
  }

  /** A parameter, and over it its gradient for the followed example or what the update does; or another quantity. */
  paintTensor(ctx, { tensor: { role, label }, own, front, back, moment, filled, blamed }) {
    const quantity = role === "quantity";
    front.colour(own.value, this.ramps.value, { gain: quantity ? 1 : WEIGHT_GAIN, shape: label === "weights" ? "linear" : "bend" });
    ctx.globalAlpha = quantity ? 0.16 + 0.84 * filled : 1;
    front.draw(ctx);
    const change = moment.phase === "update" ? moment.slow * Math.sin(Math.PI * moment.progress) : 0;
    const over = quantity ? own.delta : change > 0 ? own.update : own.exampleGradient;
    const alpha = quantity || change === 0 ? blamed : change;
    if (alpha < 0.01 || !over) return;
    back.colour(over, this.ramps.gradient, { gain: 1 / largest(over), shape: "root" });
    ctx.globalAlpha = alpha;
    back.draw(ctx);
  }

  // -------------------------------------------------------------------------------------------------- between layers

  /** Soft bands from layer to layer, and what runs along them. */
  paintBands(ctx, { moment, flow, highlight }) {
    const { columns } = this.layout;
    const turns = columns.length - 1;
    const focus = parseId(highlight)?.layer;
    for (let layer = 1; layer <= turns; layer += 1) {
      const band = this.bandOf(layer);
      ctx.globalAlpha = focus === undefined || focus === layer ? 0.36 : 0.2;
      ctx.fillStyle = this.theme.line;
      fillBand(ctx, band, this.layout.rows);
      this.paintTravellers(ctx, band, { layer, turns, moment, flow });
    }
    this.paintSkips(ctx);
  }

  bandOf(layer) {
    const { columns, rows } = this.layout;
    const [from, to] = [columns[layer - 1], columns[layer]];
    if (rows) return { a: from.y + from.h, b: to.y, from: [from.x, from.x + from.w], to: [to.x, to.x + to.w] };
    return { a: from.x + from.w, b: to.x, from: [from.y, from.y + from.h], to: [to.y, to.y + to.h] };
  }

  paintTravellers(ctx, band, { layer, turns, moment, flow }) {
    const { phase, progress, slow } = moment;
    if (slow < 1 && flow !== null) {
      const t = (FLOW_SPEED * flow + 0.37 * layer) % 1;
      this.paintDrops(ctx, band, { t, alpha: 0.7 * (1 - slow), colour: this.theme.positive, hollow: false });
      this.paintDrops(ctx, band, { t: 1 - t, alpha: 0.6 * (1 - slow), colour: this.theme.rise, hollow: true });
    }
    if (slow === 0 || (phase !== "forward" && phase !== "backward")) return;
    const back = phase === "backward";
    const t = turnProgress(progress, back ? turns - layer : layer - 1, turns);
    if (t <= 0 || t >= 1) return;
    const along = ease(clamp(t / 0.86, 0, 1));
    this.paintDrops(ctx, band, { t: back ? 1 - along : along, alpha: slow * Math.min(1, 10 * t, 10 * (1 - t)),
      colour: back ? this.theme.rise : this.theme.positive, hollow: back });
  }

  paintDrops(ctx, { a, b, from, to }, { t, alpha, colour, hollow }) {
    const u = ease(t);
    ctx.globalAlpha = alpha;
    ctx.beginPath();
    for (let drop = 0; drop < DROPS; drop += 1) {
      const share = (drop + 0.5) / DROPS;
      const across = (from[0] + share * (from[1] - from[0])) * (1 - u) + (to[0] + share * (to[1] - to[0])) * u;
      const along = a + t * (b - a);
      const [x, y] = this.layout.rows ? [across, along] : [along, across];
      ctx.moveTo(x + 2.4, y);
      ctx.arc(x, y, 2.4, 0, 2 * Math.PI);
    }
    ctx.lineWidth = 1.3;
    [ctx.fillStyle, ctx.strokeStyle] = [hollow ? this.theme.paper : colour, colour];
    ctx.fill();
    ctx.stroke();
  }

  /** What goes past a branch, to be added behind it. */
  paintSkips(ctx) {
    const { columns, rows } = this.layout;
    ctx.globalAlpha = 0.8;
    ctx.strokeStyle = this.theme.faint;
    ctx.lineWidth = 1.5;
    for (const { index, skip } of this.model.layers) {
      if (skip === null || skip === undefined || skip < 0) continue;
      const [from, to] = [columns[skip], columns[index]];
      const path = new Path2D(rows ? sidePath(from, to) : overPath(from, to));
      ctx.stroke(path);
    }
  }

  // ------------------------------------------------------------------------------------------------------ on the tiles

  /** Letters or words of the input. */
  paintTokens(ctx, { snapshot }) {
    const { problem, layers: [input], steps } = this.model;
    const names = problem.vocabulary ?? [];
    if (names.length === 0 || input.shape.length > 2) return;
    const column = this.layout.columns[0];
    const { a } = snapshot.layers[0];
    const size = Math.min(14, Math.max(8, (1.5 * column.w) / steps));
    ctx.globalAlpha = 1;
    ctx.font = `${size}px ${this.theme.font}`;
    ctx.fillStyle = this.theme.ink;
    ctx.textAlign = "center";
    ctx.textBaseline = "middle";
    const y = input.tokens ? column.y + column.h / 2 : column.y - 8;
    for (let step = 0; step < steps; step += 1) {
      const token = input.tokens ? a[step] : best(a, step * input.shape[1], input.shape[1]);
      ctx.fillText(shownToken(names[token]), column.x + ((step + 0.5) * column.w) / steps, y, (0.98 * column.w) / steps);
    }
  }

  /** What the page speaks of. */
  paintLit(ctx, lit) {
    ctx.globalAlpha = 1;
    ctx.lineWidth = 2;
    ctx.strokeStyle = this.theme.rise;
    for (const { layer, tensor, at } of litCells(this.model, lit)) {
      const cell = cellBox(this.layout, layer, tensor, at);
      if (cell) ctx.strokeRect(cell.x - 0.5, cell.y - 0.5, cell.w + 1, cell.h + 1);
    }
  }

  /** What is in focus, and what it is computed from. */
  paintFocus(ctx, { highlight, selected }) {
    for (const id of new Set([selected, highlight])) {
      const part = parseId(id);
      if (!part) continue;
      const at = part.kind === "unit" ? part.unit : part.at;
      const cell = cellBox(this.layout, part.layer, part.kind === "unit" ? null : part.tensor, at);
      if (!cell) continue;
      if (part.kind === "unit" && part.layer > 0) this.paintSources(ctx, part);
      ringCell(ctx, cell, this.theme);
    }
  }

  paintSources(ctx, { layer, unit }) {
    const block = this.model.layers[layer];
    const sources = block.skip === null || block.skip === undefined || block.skip < 0 ? [layer - 1] : [layer - 1, block.skip];
    for (const source of sources) {
      const before = this.model.layers[source];
      drawRegion(ctx, this.layout, source, before.shape, windowOf(block, unit, before.shape).ranges, this.theme);
    }
  }

  paintAnswer(ctx, { snapshot, moment, tools }) {
    const last = this.model.layers.length - 1;
    const stress = moment.phase === "loss" ? moment.slow * Math.sin(Math.PI * Math.min(1, moment.progress * 1.2)) : 0;
    const shown = 1 - moment.slow * (1 - toldOf(moment));
    if (this.model.answer === "steps") {
      drawSteps(ctx, { column: this.layout.columns[last], model: this.model, snapshot, shown, stress }, tools);
      return;
    }
    const units = this.model.layers[last].units;
    const boxes = Array.from({ length: units }, (_, unit) => cellBox(this.layout, last, null, unit));
    if (this.layout.rows && this.model.answer === "classes") {
      drawNames(ctx, { boxes, names: this.model.problem.class_names ?? [], target: snapshot.target, theme: this.theme });
      return;
    }
    drawAnswer(ctx, {
      answer: this.model.answer, boxes, box: this.answerBox(boxes[0]), names: this.model.problem.class_names ?? [],
      prediction: snapshot.prediction, target: snapshot.target, loss: snapshot.exampleLoss, shown, stress,
    }, tools);
  }

  /** A single output's scale stands below it. */
  answerBox(out) {
    if (this.model.answer === "classes") return this.layout.answer;
    return { x: out.x - 54, y: out.y, w: Math.min(120, this.layout.width - out.x + 54), h: out.h };
  }
}

function valueScale({ activation }) {
  return { gain: 1, shape: activation && BOUNDED.has(activation.name) ? "linear" : "bend" };
}

/** From the palest to the darkest pixel. */
function inkScale(x) {
  const [low, high] = [Math.min(...x), Math.max(...x)];
  return { gain: 2 / Math.max(1e-9, high - low), offset: (low + high) / 2, shape: "linear" };
}

function fillBand(ctx, { a, b, from, to }, rows) {
  const middle = (a + b) / 2;
  ctx.beginPath();
  const put = (method, ...pairs) => ctx[method](...pairs.flatMap(([along, across]) => (rows ? [across, along] : [along, across])));
  put("moveTo", [a, from[0]]);
  put("bezierCurveTo", [middle, from[0]], [middle, to[0]], [b, to[0]]);
  put("lineTo", [b, to[1]]);
  put("bezierCurveTo", [middle, to[1]], [middle, from[1]], [a, from[1]]);
  ctx.closePath();
  ctx.fill();
}

/** What each output stands for, below it; the right one strong. */
function drawNames(ctx, { boxes, names, target, theme }) {
  ctx.textAlign = "center";
  ctx.textBaseline = "top";
  boxes.forEach(({ x, y, w, h }, unit) => {
    const right = target[unit] > 0.5;
    ctx.font = `${right ? "600 " : ""}12px ${theme.font}`;
    ctx.fillStyle = right ? theme.ink : theme.soft;
    ctx.fillText(names[unit] ?? String(unit), x + w / 2, y + h + 5, w + 4);
  });
}

/** Around the right side, from row to row. */
function sidePath(from, to) {
  const x = Math.max(from.x + from.w, to.x + to.w);
  const [y0, y1] = [from.y + from.h / 2, to.y + to.h / 2];
  return `M${x} ${y0} C${x + 14} ${y0} ${x + 14} ${y1} ${x} ${y1}`;
}

/** Over the top, from column to column. */
function overPath(from, to) {
  const y = Math.min(from.y, to.y);
  const [x0, x1] = [from.x + from.w / 2, to.x + to.w / 2];
  return `M${x0} ${from.y} C${x0} ${y - 22} ${x1} ${y - 22} ${x1} ${to.y}`;
}

function ringCell(ctx, { x, y, w, h }, theme) {
  ctx.globalAlpha = 1;
  ctx.lineWidth = 1.5;
  ctx.strokeStyle = theme.paper;
  ctx.strokeRect(x - 1.8, y - 1.8, w + 3.6, h + 3.6);
  ctx.strokeStyle = theme.ink;
  ctx.strokeRect(x - 0.5, y - 0.5, w + 1, h + 1);
}
