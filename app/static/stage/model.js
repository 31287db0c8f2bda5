/**
 * What the network is: layers, units and edges, each knowing what it is computed from; and how its answer is read.
 * Built once an experiment from a chunk's header and the problem; holds no numbers of the film.
 *
 * @typedef {"plane"|"line"|"table"} Kind  two inputs drawn as a plane, one as a line, or just numbers
 * @typedef {"probability"|"signed"|"classes"|"value"} Answer
 * @typedef {{index: number, name: string, units: number, role: "input"|"hidden"|"output", activation: object|null}} Layer
 * @typedef {{layers: Layer[], kind: Kind, answer: Answer, image: number, loss: string, problem: object}} Model
 *   image: side of the input picture, 0 if it is none
 */

import { buildBlocks, isBlocks } from "./blocks/model.js";
import { values } from "./chunk.js";

/**
 * @param {import("./chunk.js").Header} header
 * @param {object} problem  see the component's data
 * @returns {Model}
 */
export function buildModel(header, problem) {
  if (isBlocks(header, problem)) return { ...buildBlocks(header, problem), answer: answerKind(header, problem) };
  const weight = header.fields.find(({ name }) => name === `${header.layers[0].name}.weight`);
  const inputs = weight.shape[2];
  const last = header.layers.length;
  const layers = [
    { index: 0, name: "input", units: inputs, role: "input", activation: null },
    ...header.layers.map(({ name, units, activation }, i) => ({
      index: i + 1, name, units, role: i + 1 === last ? "output" : "hidden", activation,
    })),
  ];
  const kind = problem.features ? "plane" : inputs === 1 ? "line" : "table";
  const side = Math.sqrt(inputs);
  const words = problem.vocabulary?.length > 0;
  const image = kind === "table" && !words && side >= 4 && Number.isInteger(side) ? side : 0;
  return { layers, kind, image, answer: answerKind(header, problem), loss: header.loss, problem };
}

/** @returns {Answer} */
function answerKind(header, problem) {
  if (problem.task === "regression") return "value";
  if (header.layers.at(-1).shape?.length === 2) return "steps";
  if (header.layers.at(-1).units > 1) return "classes";
  return problem.labels === "signed" || header.loss === "hinge" ? "signed" : "probability";
}

export const unitId = (layer, unit) => `u${layer}.${unit}`;
export const edgeId = (layer, to, from) => `e${layer}.${to}.${from}`;

/**
 * @param {string} id
 * @returns {{kind: "unit", layer: number, unit: number}|{kind: "edge", layer: number, to: number, from: number}
 *   |{kind: "tensor", layer: number, tensor: number, at: number}|null}
 */
export function parseId(id) {
  const [, kind, ...numbers] = /^([uet])(\d+)\.(\d+)(?:\.(\d+))?$/.exec(id ?? "") ?? [];
  const [layer, a, b] = numbers.map(Number);
  if (kind === "t") return { kind: "tensor", layer, tensor: a, at: b };
  if (kind === "u") return { kind: "unit", layer, unit: a };
  return kind === "e" ? { kind: "edge", layer, to: a, from: b } : null;
}

/** Whether the model has the unit or edge of this id. @param {Model} model */
export function exists(model, id) {
  const part = parseId(id);
  const layer = part && model.layers[part.layer];
  if (!layer) return false;
  if (part.kind === "unit") return part.unit < layer.units;
  if (part.kind === "tensor") return part.at < (layer.tensors?.[part.tensor]?.units ?? 0);
  if (model.family === "blocks") return false;
  return part.layer > 0 && part.to < layer.units && part.from < model.layers[part.layer - 1].units;
}

/** Whether an edge belongs to what is highlighted: the edge itself, or any edge of the unit. */
export function touches(id, layer, to, from) {
  const part = parseId(id);
  if (!part) return true;
  if (part.kind === "edge") return part.layer === layer && part.to === to && part.from === from;
  return (part.layer === layer && part.unit === to) || (part.layer === layer - 1 && part.unit === from);
}

/** Number of edges. @param {Model} model */
export function edgeCount({ family, layers }) {
  if (family === "blocks") return 0;
  return layers.slice(1).reduce((sum, layer, i) => sum + layer.units * layers[i].units, 0);
}

/** The value that each output should have for the followed example. @param {Model} model */
export function targets(model, y) {
  const outputs = model.layers.at(-1).units;
  if (model.answer !== "classes" || y.length === outputs) return y;
  return Array.from({ length: outputs }, (_, unit) => (unit === y[0] ? 1 : 0));
}

/** Which class a label means. Points carry class numbers, in whatever form the network is told them. */
export function classOf(label) {
  return Math.round(label);
}

/**
 * The parameters on the screen: a frame's own, or between two frames where film is sparser than the display.
 */
export class Parameters {
  /** @param {Model} model */
  constructor(model) {
    this.names = model.layers.slice(1).map(({ name }) => name);
    this.scratch = new Map();
    /** @type {import("./forward.js").Dense[]} */
    this.layers = model.layers.slice(1).map((layer, i) => ({
      weight: null, bias: null, units: layer.units, inputs: model.layers[i].units, activation: layer.activation,
    }));
  }

  /**
   * @param {import("./chunk.js").Frame} frame
   * @param {import("./chunk.js").Frame|null} next
   * @param {number} mix  0 the frame, 1 the next
   */
  show(frame, next, mix) {
    this.names.forEach((name, i) => {
      this.layers[i].weight = this.between(frame, next, mix, `${name}.weight`);
      this.layers[i].bias = this.between(frame, next, mix, `${name}.bias`);
    });
  }

  /** During the update phase: the old value plus its share of what the update adds. */
  showUpdate(frame, share) {
    this.names.forEach((name, i) => {
      this.layers[i].weight = this.moved(frame, share, `${name}.weight`);
      this.layers[i].bias = this.moved(frame, share, `${name}.bias`);
    });
  }

  between(frame, next, mix, name) {
    const old = values(frame, name);
    if (!old || !next || mix === 0) return old;
    return this.add(name, old, values(next, name), (a, b) => a + mix * (b - a));
  }

  moved(frame, share, name) {
    const old = values(frame, name);
    if (!old || share === 0) return old;
    return this.add(name, old, values(frame, `${name}.update`), (a, change) => a + share * change);
  }

  add(name, first, second, combine) {
    if (!this.scratch.has(name)) this.scratch.set(name, new Float32Array(first.length));
    const out = this.scratch.get(name);
    for (let i = 0; i < out.length; i += 1) out[i] = combine(first[i], second[i]);
    return out;
  }
}
