/**
 * The path so far: the film's recorded parameters,
 * projected onto the plane of the surface. Each chunk of film is projected
 * once a plane, at a few of its frames.
 *
 * @typedef {{step: number, a: number, b: number, distance: number, loss: number}} Point
 */

import { scalar, values } from "../chunk.js";

const A_CHUNK = 24;
const MOST = 320;

/** The field of the film that a surface of some data is about. */
export const LOSS_FIELDS = { train: "train_loss", test: "test_loss", batch: "batch_loss" };

export class Trail {
  /** @param {import("./plane.js").Plane} plane @param {"train"|"test"|"batch"} data */
  constructor(plane, data) {
    Object.assign(this, { plane, field: LOSS_FIELDS[data] });
    this.known = new WeakMap();
    this.chunks = [];
    /** @type {Point[]} ascending in step */
    this.points = [];
  }

  /** Takes in what film there is. @param {import("../film.js").Film} film */
  refresh({ chunks }) {
    if (chunks.length === this.chunks.length && chunks.every((chunk, i) => chunk === this.chunks[i])) return;
    this.chunks = [...chunks];
    const all = chunks.flatMap((chunk) => this.of(chunk)).sort((x, y) => x.step - y.step);
    const stride = Math.ceil(all.length / MOST);
    this.points = all.filter((_, i) => i % stride === 0 || i === all.length - 1);
  }

  of(chunk) {
    if (!this.known.has(chunk)) this.known.set(chunk, this.sample(chunk));
    return this.known.get(chunk);
  }

  sample(chunk) {
    const stride = Math.ceil(chunk.frames / A_CHUNK);
    const points = [];
    for (let index = 0; index < chunk.frames; index += stride) {
      const point = this.at({ chunk, index, step: chunk.from + index * chunk.every });
      if (point) points.push(point);
    }
    return points;
  }

  /** One frame on the plane. @param {import("../chunk.js").Frame} frame @returns {Point|null} */
  at(frame) {
    const spot = this.plane.project((name) => values(frame, name));
    return spot && { step: frame.step, ...spot, loss: scalar(frame, this.field) ?? NaN };
  }

  /** The points up to a step. @param {number} step */
  upTo(step) {
    let [low, high] = [0, this.points.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.points[middle].step <= step) low = middle + 1;
      else high = middle;
    }
    return this.points.slice(0, low);
  }
}

/** Between two recorded points. @param {Point} one @param {Point|null} two @param {number} mix */
export function between(one, two, mix) {
  if (!two || mix === 0) return one;
  const blend = (key) => one[key] + mix * (two[key] - one[key]);
  return { step: one.step, a: blend("a"), b: blend("b"), distance: blend("distance"), loss: blend("loss") };
}

/** How far the parameters on the screen are from one frame to the next: they move in the update's phase,
 * if phases are told. */
export function shareOf(moment, position, frame, next, ease) {
  if (moment.phase === "update") return ease(moment.progress);
  if (moment.slow > 0 || moment.phase === "rest" || !next) return 0;
  return Math.min(1, (position - frame.step) / (next.step - frame.step));
}
