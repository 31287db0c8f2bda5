/**
 * From losses to heights that can be drawn: linear or logarithmic, peaks cut off, places without a finite loss on a
 * plateau of their own. Between the points of the grid, heights are those of the drawn triangles. Pure.
 *
 * @typedef {import("./decode.js").Surface} Surface
 * @typedef {"linear"|"log"} Scale
 * @typedef {{scale: Scale, a: Float32Array, b: Float32Array, rows: number, columns: number, values: Float32Array,
 *   broken: Uint8Array, low: number, top: number, floor: number, cut: number|null, brokenCount: number}} Heights
 *   broken: 1 where the loss is not finite; floor: the least loss a logarithm is taken of; cut: the loss above which
 *   peaks are cut off, null where none is
 */

/** A peak this many times higher than nine tenths of the surface would hide the rest: it is cut off. */
const TOWERING = 3;
const KEPT = 1.6;
/** The range of a surface that shakes is kept until it does not fit, or fills less than this share;
 * it gets some air then. */
const SHRUNK = 0.25;
const AIR = 0.5;
const LEAST = 1e-9;

/**
 * @param {Surface} surface
 * @param {Scale} scale
 * @param {Heights|null} before  of a surface that shakes: its range is kept, so that the shaking is seen
 * @returns {Heights}
 */
export function makeHeights({ a, b, rows, columns, losses }, scale, before = null) {
  const finite = Float32Array.from(losses.filter(Number.isFinite)).sort();
  const floor = Math.max(LEAST, finite.find((loss) => loss > 0) ?? LEAST);
  const [low, high] = [finite[0] ?? 0, finite.at(-1) ?? 1];
  const cut = scale === "linear" ? cutOf(finite) : null;
  const heights = {
    scale, a, b, rows, columns, floor, cut, values: new Float32Array(losses.length),
      broken: new Uint8Array(losses.length),
    brokenCount: losses.length - finite.length,
  };
  heights.low = rawHeight(heights, low);
  heights.top = roomy(heights.low, rawHeight(heights, cut ?? high));
  if (before) steady(heights, before);
  losses.forEach((loss, i) => {
    heights.values[i] = heightOf(heights, loss);
    heights.broken[i] = Number.isFinite(loss) ? 0 : 1;
  });
  return heights;
}

/** @param {Float32Array} sorted */
function cutOf(sorted) {
  if (sorted.length === 0) return null;
  const [low, most, high] = [sorted[0], sorted[Math.floor(0.9 * (sorted.length - 1))], sorted.at(-1)];
  return high - low > TOWERING * (most - low) && most > low ? low + KEPT * (most - low) : null;
}

function steady(heights, before) {
  const room = before.top - before.low;
  const fits = heights.low >= before.low && heights.top <= before.top && heights.top - heights.low > SHRUNK * room;
  const air = AIR * (heights.top - heights.low);
  const [low, top] = fits ? [before.low, before.top] : [Math.max(heights.low - air, Math.min(0, heights.low)),
    heights.top + air];
  Object.assign(heights, { low, top });
}

/** A flat surface gets a little room. */
function roomy(low, top) {
  return top > low ? top : low + Math.max(1e-3, 0.1 * Math.abs(low));
}

function rawHeight({ scale, floor }, loss) {
  return scale === "log" ? Math.log10(Math.max(loss, floor)) : loss;
}

/** Where a loss is drawn; what is not finite or is cut off lies at the top. @param {Heights} heights */
export function heightOf(heights, loss) {
  if (!Number.isFinite(loss)) return heights.top;
  return Math.min(heights.top, Math.max(heights.low, rawHeight(heights, loss)));
}

/** The loss that a height stands for. @param {Heights} heights */
export function lossOf({ scale }, height) {
  return scale === "log" ? 10 ** height : height;
}

/**
 * The drawn height over a point: on the triangle of the grid that it falls on.
 * @param {Heights} heights
 * @returns {number} NaN beside the surface and on the plateau
 */
export function heightAt(heights, a, b) {
  const { columns, rows, values, broken } = heights;
  const x = place(heights.a, a);
  const y = rows === 1 ? 0 : place(heights.b, b);
  if (!(x >= 0 && y >= 0)) return NaN;
  const column = Math.min(columns - 2, Math.floor(x));
  const row = Math.min(Math.max(0, rows - 2), Math.floor(y));
  const at = row * columns + column;
  const [u, v] = [x - column, y - row];
  if (rows === 1) return broken[at] || broken[at + 1] ? NaN : values[at] + u * (values[at + 1] - values[at]);
  return onTriangle(heights, at, u, v);
}

/** Each square of the grid is two triangles, parted from its right lower to its left upper corner. */
function onTriangle({ columns, values, broken }, at, u, v) {
  const [p, right, above, across] = [at, at + 1, at + columns, at + columns + 1];
  if (broken[right] || broken[above]) return NaN;
  if (u + v <= 1) {
    return broken[p] ? NaN : values[p] + u * (values[right] - values[p]) + v * (values[above] - values[p]);
  }
  if (broken[across]) return NaN;
  return values[across] + (1 - u) * (values[above] - values[across]) + (1 - v) * (values[right] - values[across]);
}

/** The place of a value on an even axis, in grid cells; -1 beside it. */
function place(axis, value) {
  const last = axis.length - 1;
  const x = ((value - axis[0]) / (axis[last] - axis[0])) * last;
  return x >= -1e-9 && x <= last + 1e-9 ? Math.min(last, Math.max(0, x)) : -1;
}

/** Whether a point lies on the drawn part, `margin` of its width from the edge or more. @param {Heights} heights */
export function within({ a, b, rows }, x, y, margin = 0) {
  const inside = (axis, value) => {
    const air = margin * (axis.at(-1) - axis[0]);
    return value >= axis[0] + air && value <= axis.at(-1) - air;
  };
  return inside(a, x) && (rows === 1 || inside(b, y));
}
