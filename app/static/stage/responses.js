/**
 * What each unit answers all over the input plane (or line): numbers only, one batched pass for all units.
 */

import { forward, lineInputs, makeBuffers, planeInputs, pointInputs, predict } from "./forward.js";
import { squash } from "./scales.js";

const LINE_POINTS = 96;

/** @typedef {{layer: number, unit: number}} Place */

export class Responses {
  /**
   * @param {import("./model.js").Model} model
   * @param {[number, number]} domain
   */
  constructor(model, domain) {
    Object.assign(this, { model, domain });
    /** Inputs and buffers by samples a side; 0 for a line. */
    this.grids = new Map();
  }

  activationOf(layer) {
    return this.model.layers[layer].activation;
  }

  /** Computes every response at `side` samples a side. @param {import("./forward.js").Dense[]} layers */
  refresh(layers, side) {
    this.current = this.grid(this.model.kind === "plane" ? side : 0, layers);
    const { inputs, out, points } = this.current;
    forward(layers, inputs, points, out);
    this.answer = this.readAnswer(out.at(-1), points);
  }

  grid(side, layers) {
    if (!this.grids.has(side)) {
      const points = side === 0 ? LINE_POINTS : side * side;
      const inputs = side === 0 ? lineInputs(points, this.domain) : planeInputs(this.model.problem.features, side, this.domain);
      this.grids.set(side, { side, points, inputs, out: makeBuffers(layers, points) });
    }
    return this.grids.get(side);
  }

  /** The output as a person reads it. */
  readAnswer(output, points) {
    const answer = Float32Array.from(output);
    predict(this.model.loss, answer, this.model.layers.at(-1).units, points);
    return answer;
  }

  /** A unit's responses, [points]. */
  row(layer, unit) {
    const { inputs, out, points } = this.current;
    return (layer === 0 ? inputs : out[layer - 1]).subarray(unit * points, (unit + 1) * points);
  }

  /** From a layer's values to -1..1, as colours show them. @returns {(v: number) => number} */
  scaleOf(layer) {
    const activation = this.activationOf(layer);
    return (v) => squash(v, activation);
  }

  /** Values in -1..1 whose zero is the boundary: of one unit, or of the answer (null). @param {Place|null} of */
  signedField(of) {
    if (of) {
      const row = this.row(of.layer, of.unit);
      return row.map(of.layer === 0 ? fullScale(row) : this.scaleOf(of.layer));
    }
    if (this.model.answer === "probability") return this.answer.map((p) => 2 * p - 1);
    return this.answer.map((v) => (v > 1 ? 1 : v < -1 ? -1 : v));
  }

  /** Fields whose zero lines are the class boundaries: one for two classes, one less than the classes for more. */
  boundaries() {
    if (this.model.answer !== "classes") return [this.signedField(null)];
    const units = this.model.layers.at(-1).units;
    return Array.from({ length: units - 1 }, (_, unit) => lead(this.answer, unit, units));
  }

  /** The network's answer at one point, one number an output. */
  answerAt(layers, x1, x2) {
    const inputs = this.model.kind === "line" ? Float32Array.of(x1) : pointInputs(this.model.problem.features, x1, x2);
    const out = makeBuffers(layers, 1);
    forward(layers, inputs, 1, out);
    return this.readAnswer(out.at(-1), 1);
  }
}

/** How far one class leads the best of the others, point by point. */
function lead(answer, unit, units) {
  const points = answer.length / units;
  return Float32Array.from({ length: points }, (_, p) => {
    let rival = -Infinity;
    for (let other = 0; other < units; other += 1) if (other !== unit) rival = Math.max(rival, answer[other * points + p]);
    return answer[unit * points + p] - rival;
  });
}

/** A scale that a row fills, whatever its range. @param {Float32Array} row @returns {(v: number) => number} */
export function fullScale(row) {
  let most = 1e-9;
  for (const v of row) most = Math.max(most, Math.abs(v));
  return (v) => v / most;
}
