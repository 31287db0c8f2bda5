/**
 * The curve of an edge: a cubic Bezier that leaves and arrives level. Pure.
 *
 * @typedef {{x0: number, y0: number, x1: number, y1: number, x2: number, y2: number, x3: number, y3: number}} Curve
 */

/**
 * @param {import("./dense.js").Box} from
 * @param {import("./dense.js").Box} to
 * @param {boolean} inside  starts in the middle of the box, as a pixel of an image does
 * @returns {Curve}
 */
export function edgeCurve(from, to, inside = false) {
  const x0 = inside ? from.x + from.w / 2 : from.x + from.w;
  const y0 = from.y + from.h / 2;
  const x3 = to.x;
  const y3 = to.y + to.h / 2;
  const bend = 0.5 * (x3 - x0);
  return { x0, y0, x1: x0 + bend, y1: y0, x2: x3 - bend, y2: y3, x3, y3 };
}

/** The point at t in 0..1. @param {Curve} c @returns {[number, number]} */
export function pointOn(c, t) {
  const u = 1 - t;
  const [a, b, d, e] = [u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t];
  return [a * c.x0 + b * c.x1 + d * c.x2 + e * c.x3, a * c.y0 + b * c.y1 + d * c.y2 + e * c.y3];
}

/** Distance from a point to the curve, by samples. @param {Curve} c */
export function distanceTo(c, x, y, samples = 24) {
  let best = Infinity;
  let [ax, ay] = [c.x0, c.y0];
  for (let i = 1; i <= samples; i += 1) {
    const [bx, by] = pointOn(c, i / samples);
    best = Math.min(best, segmentDistance(x, y, ax, ay, bx, by));
    [ax, ay] = [bx, by];
  }
  return best;
}

function segmentDistance(x, y, ax, ay, bx, by) {
  const length = (bx - ax) ** 2 + (by - ay) ** 2;
  const t = length === 0 ? 0 : Math.min(1, Math.max(0, ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / length));
  return Math.hypot(x - ax - t * (bx - ax), y - ay - t * (by - ay));
}
