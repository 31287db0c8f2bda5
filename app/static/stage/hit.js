/** From a point on the canvas to what is under it. Pure. */

import { hitBlocks } from "./blocks/layout.js";
import { distanceTo } from "./layout/curve.js";

/**
 * The unit under the point, else the nearest edge within reach.
 * @param {import("./layout/dense.js").Layout} layout
 * @param {{id: string, curve: import("./layout/curve.js").Curve}[]} edges  those on the screen
 * @param {number} reach  pixels
 * @returns {string|null}
 */
export function hitNetwork(layout, edges, x, y, reach = 5) {
  if (layout.panels) return hitBlocks(layout, x, y);
  const unit = layout.units.flat().find((box) => inside(box, x, y, 2));
  if (unit) return unit.id;
  let best = null;
  let nearest = reach;
  for (const { id, curve } of edges) {
    if (x < curve.x0 - reach || x > curve.x3 + reach) continue;
    const distance = distanceTo(curve, x, y);
    if (distance < nearest) [best, nearest] = [id, distance];
  }
  return best;
}

/**
 * Index of the nearest point within reach, or -1.
 * @param {number[][]} points  [[x, y, ...], ...] in data units
 * @param {(x: number, y: number) => [number, number]} place  data units to pixels
 */
export function hitPoint(points, place, x, y, reach = 8) {
  let best = -1;
  let nearest = reach * reach;
  points.forEach(([px, py], index) => {
    const [cx, cy] = place(px, py);
    const distance = (cx - x) ** 2 + (cy - y) ** 2;
    if (distance < nearest) [best, nearest] = [index, distance];
  });
  return best;
}

function inside({ x, y, w, h }, px, py, slack) {
  return px >= x - slack && px <= x + w + slack && py >= y - slack && py <= y + h + slack;
}
