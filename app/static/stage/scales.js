/** From values to widths, strengths and places on the colour ramp. Pure. */

import { RAMP } from "./theme.js";

const BOUNDED = new Set(["tanh", "sigmoid", "softmax"]);

/** Pixels of an edge's stroke. @param {number} weight */
export function edgeWidth(weight) {
  return 0.8 + Math.min(7, 2.1 * Math.abs(weight) ** 0.8);
}

/** How present an edge is, 0..1: a weight near zero keeps a trace. */
export function edgeStrength(weight) {
  return 0.22 + 0.73 * Math.min(1, Math.abs(weight) / 1.6);
}

/** A value of any size into -1..1; bounded activations keep theirs. @param {{name: string}|null} activation */
export function squash(value, activation) {
  if (activation && BOUNDED.has(activation.name)) return value > 1 ? 1 : value < -1 ? -1 : value;
  return value / Math.sqrt(1 + value * value);
}

/** Index into the theme's ramp. @param {number} v -1..1 */
export function rampIndex(v) {
  return v >= 1 ? RAMP - 1 : v <= -1 ? 0 : Math.round(((v + 1) / 2) * (RAMP - 1));
}

/** Radius of a travelling value; area grows with its share of the largest one. */
export function pulseRadius(share) {
  return 1.3 + 3.7 * Math.sqrt(Math.min(1, Math.abs(share)));
}

/** Largest magnitude, never zero. @param {ArrayLike<number>} array */
export function largest(array) {
  let most = 1e-12;
  for (let i = 0; i < array.length; i += 1) most = Math.max(most, Math.abs(array[i]));
  return most;
}

/** Round numbers that divide low..high into about `count` parts. @returns {number[]} */
export function ticks(low, high, count) {
  const rough = (high - low) / Math.max(1, count);
  if (!(rough > 0)) return [low];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= rough);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

/** Powers of ten (and their 2 and 5 where few) within low..high. @returns {number[]} */
export function logTicks(low, high) {
  const out = [];
  const decades = Math.log10(high / low);
  const factors = decades > 2.2 ? [1] : decades > 1 ? [1, 3] : [1, 2, 5];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power += 1) {
    for (const factor of factors) out.push(Number((factor * 10 ** power).toPrecision(6)));
  }
  return out.filter((tick) => tick >= low * 0.999 && tick <= high * 1.001);
}
