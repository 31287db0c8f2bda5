/** A frame around the values that another one is computed from. */

import { product } from "./model.js";

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {import("./layout.js").BlockLayout} layout
 * @param {number} layer
 * @param {number[]} shape
 * @param {[number, number][]} ranges  one an axis of `shape`
 */
export function drawRegion(ctx, layout, layer, shape, ranges, theme) {
  ctx.globalAlpha = 1;
  ctx.lineWidth = 1.5;
  ctx.strokeStyle = theme.ink;
  for (const panel of layout.panels) {
    if (panel.layer !== layer || panel.tensor !== null) continue;
    const box = regionIn(panel, shape, ranges);
    if (box) ctx.strokeRect(box.x, box.y, box.w, box.h);
  }
}

/** The part of a panel within the ranges; null if there is none. */
function regionIn({ x, y, w, h, first, rows, cols }, shape, ranges) {
  if (shape.length === 1) return { x, y, w, h };
  if (shape.length === 2) return part({ x, y, w, h, rows, cols }, ranges[1], ranges[0]);
  const channel = Math.floor(first / product(shape.slice(-2)));
  if (channel < ranges[0][0] || channel >= ranges[0][1]) return null;
  return part({ x, y, w, h, rows, cols }, ranges[1], ranges[2]);
}

function part({ x, y, w, h, rows, cols }, [top, bottom], [left, right]) {
  return { x: x + (w * left) / cols, y: y + (h * top) / rows, w: (w * (right - left)) / cols, h: (h * (bottom - top)) / rows };
}
